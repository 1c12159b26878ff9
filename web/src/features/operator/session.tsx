/**
 * # The operator's token
 *
 * Kept for this tab only. The sandbox hands its token out by itself; anywhere else somebody types it, and it is tried
 * before it is kept.
 */
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext, useState } from "react";
import type { FormEvent, ReactNode } from "react";
import { Problem } from "@/api/http";
import { operatorCalls, operatorQueries } from "@/api/operator";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";
import { Mark } from "@/ui/Mark";

const KEY = "plaza.operator-token";

type Operator = { token: string; queries: ReturnType<typeof operatorQueries>; signOut: () => void };

const OperatorContext = createContext<Operator | null>(null);

/** The signed-in operator; only below [`OperatorSession`]. */
export function useOperator(): Operator {
  const operator = useContext(OperatorContext);
  if (!operator) throw new Error("useOperator stands outside OperatorSession");
  return operator;
}

export function OperatorSession({ children }: { children: ReactNode }) {
  const [token, setToken] = useState(() => sessionStorage.getItem(KEY));
  const [left, setLeft] = useState(false);
  const sandbox = useQuery({
    queryKey: ["sandbox-session"],
    queryFn: () => operatorCalls.sandboxToken().then((session) => session.operator_token, () => null),
    enabled: token === null && !left,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const held = token ?? (left ? null : (sandbox.data ?? null));

  function keep(next: string): void {
    sessionStorage.setItem(KEY, next);
    setToken(next);
  }
  function signOut(): void {
    sessionStorage.removeItem(KEY);
    setToken(null);
    setLeft(true);
  }

  if (held === null && sandbox.isLoading) return null;
  if (held === null) return <SignIn onToken={keep} />;
  return <OperatorContext value={{ token: held, queries: operatorQueries(held), signOut }}>{children}</OperatorContext>;
}

function SignIn({ onToken }: { onToken: (token: string) => void }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (token.trim() === "") {
      setError("Paste the operator's token.");
      return;
    }
    setBusy(true);
    try {
      await operatorCalls.check(token.trim());
      onToken(token.trim());
    } catch (failure) {
      setError(failure instanceof Problem && failure.status === 401 ? "This token does not open the console." : failure instanceof Error ? failure.message : "Try again.");
      setBusy(false);
    }
  }

  return (
    <main className="grid min-h-dvh place-items-center px-6">
      <form className="grid w-full max-w-sm gap-5" noValidate onSubmit={(event) => void submit(event)}>
        <div>
          <Mark className="mb-6 size-10" />
          <h1 className="text-28 font-semibold tracking-tight">Operator console</h1>
          <p className="mt-2 text-pretty text-muted">
            The token stands in the file <code className="font-mono text-13">operator-token</code> of the server's data directory.
          </p>
        </div>
        <Field label="Operator token" type="password" autoComplete="off" spellCheck={false} value={token} error={error} onChange={(event) => setToken(event.target.value)} className="font-mono" />
        <Button kind="solid" type="submit" disabled={busy} className="h-11">
          Open the console
        </Button>
        <p className="text-13 text-muted">It is kept until this tab is closed.</p>
      </form>
    </main>
  );
}
