/**
 * # Who is signed in
 *
 * An access token of the business's app, kept for this tab only and sent in a header, never in an address. The demo has a
 * door of its own: its bakery can be opened without one.
 */
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext, useState } from "react";
import type { FormEvent, ReactNode } from "react";
import { Problem } from "@/api/http";
import { demoBusinessQuery, managerCalls, managerQueries, openSession } from "@/api/manager";
import type { Account, Session } from "@/api/manager";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";
import { Mark } from "@/ui/Mark";
import { ErrorNote } from "@/ui/Problem";

const KEY = "plaza.manager-token";

type Manager = {
  token: string;
  session: Session;
  /** The account that the pages show. */
  account: Account;
  queries: ReturnType<typeof managerQueries>;
  calls: ReturnType<typeof managerCalls>;
  signOut: () => void;
};

const ManagerContext = createContext<Manager | null>(null);

/** The signed-in business; only below [`ManagerSession`]. */
export function useManager(): Manager {
  const manager = useContext(ManagerContext);
  if (!manager) throw new Error("useManager stands outside ManagerSession");
  return manager;
}

/** `accountId`: the account that the address names; the first one if it names none. */
export function ManagerSession({ accountId, children }: { accountId: string | undefined; children: ReactNode }) {
  const [token, setToken] = useState(() => sessionStorage.getItem(KEY));
  function keep(next: string): void {
    sessionStorage.setItem(KEY, next);
    setToken(next);
  }
  function signOut(): void {
    sessionStorage.removeItem(KEY);
    setToken(null);
  }
  if (token === null) return <SignIn onToken={keep} />;
  return (
    <SignedIn key={token} token={token} accountId={accountId} onSignOut={signOut}>
      {children}
    </SignedIn>
  );
}

function SignedIn({ token, accountId, onSignOut, children }: { token: string; accountId: string | undefined; onSignOut: () => void; children: ReactNode }) {
  const queries = managerQueries(token);
  const query = useQuery(queries.session());
  const session = query.data;
  const account = session?.accounts.find((each) => each.id === accountId) ?? session?.accounts[0];
  if (session && account) {
    return <ManagerContext value={{ token, session, account, queries, calls: managerCalls(token), signOut: onSignOut }}>{children}</ManagerContext>;
  }
  if (!query.error && !session) return null;
  const refused = query.error instanceof Problem && (query.error.status === 401 || query.error.status === 403);
  return (
    <main className="grid min-h-dvh place-items-center">
      <div>
        <ErrorNote
          message={query.error?.message ?? "This business has no account yet. Ask the operator to open one."}
          requestId={query.error instanceof Problem ? query.error.requestId : null}
          {...(refused ? {} : { onRetry: () => void query.refetch() })}
        />
        <div className="flex justify-center">
          <Button kind="bare" onClick={onSignOut}>
            Sign in with another token
          </Button>
        </div>
      </div>
    </main>
  );
}

function SignIn({ onToken }: { onToken: (token: string) => void }) {
  const demo = useQuery(demoBusinessQuery);
  const [token, setToken] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const business = demo.data;

  async function open(given: string): Promise<void> {
    setBusy(true);
    try {
      await openSession(given);
      onToken(given);
    } catch (failure) {
      setError(failure instanceof Problem && failure.status === 401 ? "This access token is unknown, has expired, or was revoked." : failure instanceof Error ? failure.message : "Try again.");
      setBusy(false);
    }
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (token.trim() === "") setError("Paste an access token of your app.");
    else void open(token.trim());
  }

  if (demo.isLoading) return null;
  return (
    <main className="grid min-h-dvh place-items-center px-6 py-10">
      <div className="w-full max-w-sm">
        <Mark className="mb-6 size-10" />
        <h1 className="text-28 font-semibold tracking-tight">Business manager</h1>
        <p className="mt-2 text-pretty text-muted">Numbers, templates, webhooks and every message of your business. Sign in with an access token of your app: the one that your programs use.</p>
        {business && (
          <div className="mt-6">
            <Button kind="solid" className="h-11 w-full" disabled={busy} onClick={() => void open(business.access_token)}>
              Open as {business.name}
            </Button>
            <p className="mt-2 text-13 text-muted">The demo's business: everything in it may be tried.</p>
          </div>
        )}
        <form className={business ? "mt-6 grid gap-4 border-t pt-6" : "mt-6 grid gap-4"} noValidate onSubmit={submit}>
          <Field
            label="Access token"
            type="password"
            autoComplete="off"
            spellCheck={false}
            value={token}
            error={error}
            hint={
              <>
                <code className="font-mono text-12">plaza business create</code> prints one. It is kept until this tab is closed.
              </>
            }
            onChange={(event) => setToken(event.target.value)}
            className="font-mono"
          />
          <Button kind={business ? "quiet" : "solid"} type="submit" disabled={busy} className="h-11">
            Sign in
          </Button>
        </form>
      </div>
    </main>
  );
}
