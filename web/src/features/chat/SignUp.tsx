/**
 * # Coming in
 *
 * Number and name, then the code that was sent to the number. In the sandbox a number of the practice range takes
 * 000000, and the page says so; anywhere else there is no such hint.
 */
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import type { FormEvent } from "react";
import { worldQuery } from "@/api/demo";
import { core } from "@/core/core";
import { normalizeNumber, practiceNumber, readableNumber } from "@/lib/number";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";
import { Mark } from "@/ui/Mark";
import { Square } from "@/ui/Square";

const NAME_CHARACTERS_MAX = 64;

type Who = { number: string; name: string };

function words(error: unknown): string {
  return error instanceof Error ? error.message : "That did not work. Try again.";
}

export function SignUp() {
  const [who, setWho] = useState<Who>({ number: "", name: "" });
  const [registration, setRegistration] = useState<string | null>(null);

  return (
    <main className="grid min-h-dvh lg:grid-cols-[minmax(26rem,1fr)_1.4fr]">
      <div className="flex flex-col justify-center px-6 py-10 sm:px-12">
        <div className="mx-auto w-full max-w-sm">
          <Mark className="mb-6 size-10" />
          {registration === null ? (
            <NumberStep who={who} onChange={setWho} onStarted={setRegistration} />
          ) : (
            <CodeStep who={who} registration={registration} onBack={() => setRegistration(null)} onAgain={setRegistration} />
          )}
        </div>
      </div>
      <div className="hidden p-4 ps-0 lg:block">
        <Square className="h-full w-full rounded-14" />
      </div>
    </main>
  );
}

function NumberStep({ who, onChange, onStarted }: { who: Who; onChange: (who: Who) => void; onStarted: (registration: string) => void }) {
  const sandbox = Boolean(useQuery(worldQuery).data);
  const [errors, setErrors] = useState<{ number?: string; name?: string }>({});
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const number = normalizeNumber(who.number);
    const name = who.name.trim();
    if (number === null || name === "") {
      setErrors({
        ...(name === "" ? { name: "Write the name that others will see." } : {}),
        ...(number === null ? { number: "Write the number with its country code, like +49 151 23456789." } : {}),
      });
      return;
    }
    setBusy(true);
    setErrors({});
    try {
      onChange({ number, name });
      onStarted((await core.call("start_registration", number)).registration_id);
    } catch (error) {
      setErrors({ number: words(error) });
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className="grid gap-5" noValidate onSubmit={(event) => void submit(event)}>
      <div>
        <h1 className="text-28 font-semibold tracking-tight">Come in</h1>
        <p className="mt-2 text-pretty text-muted">Your phone number is how others find you. Your keys are made in this browser and stay here.</p>
      </div>
      <Field label="Name" name="name" autoComplete="name" maxLength={NAME_CHARACTERS_MAX} value={who.name} error={errors.name ?? null} onChange={(event) => onChange({ ...who, name: event.target.value })} />
      <Field
        label="Phone number"
        name="number"
        type="tel"
        autoComplete="tel"
        placeholder="+49 151 23456789"
        value={who.number}
        error={errors.number ?? null}
        hint={
          sandbox ? (
            <>
              This is a practice square.{" "}
              <button type="button" className="font-medium text-accent-text underline underline-offset-2" onClick={() => onChange({ ...who, number: practiceNumber() })}>
                Take a practice number
              </button>
            </>
          ) : undefined
        }
        onChange={(event) => onChange({ ...who, number: event.target.value })}
      />
      <Button kind="solid" type="submit" disabled={busy} className="h-11">
        {busy ? "Sending the code…" : "Send me a code"}
      </Button>
    </form>
  );
}

type CodeProps = { who: Who; registration: string; onBack: () => void; onAgain: (registration: string) => void };

function CodeStep({ who, registration, onBack, onAgain }: CodeProps) {
  const sandbox = Boolean(useQuery(worldQuery).data);
  const [code, setCode] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);

  async function verify(typed: string): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await core.verify(registration, typed, who.name);
    } catch (failure) {
      setError(words(failure));
      setBusy(false);
    }
  }

  async function again(): Promise<void> {
    setError(null);
    try {
      onAgain((await core.call("start_registration", who.number)).registration_id);
      setNote("A new code is on its way.");
    } catch (failure) {
      setError(words(failure));
    }
  }

  return (
    <form
      className="grid gap-5"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (/^\d{6}$/.test(code)) void verify(code);
        else setError("The code has six digits.");
      }}
    >
      <div>
        <button type="button" onClick={onBack} className="-ms-1 mb-3 inline-flex h-7 items-center gap-1.5 rounded-4 px-1 text-13 text-muted hover:text-ink">
          <ArrowLeft size={15} className="rtl:rotate-180" aria-hidden="true" />
          Another number
        </button>
        <h1 className="text-28 font-semibold tracking-tight">Is it you?</h1>
        <p className="mt-2 text-pretty text-muted">
          A code of six digits was sent to <span className="font-medium whitespace-nowrap text-ink tabular">{readableNumber(who.number)}</span>.
        </p>
      </div>
      <Field
        label="Code"
        name="code"
        inputMode="numeric"
        autoComplete="one-time-code"
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the step has one field, and the person has just asked for it
        autoFocus
        maxLength={6}
        value={code}
        error={error}
        hint={sandbox ? (who.number.startsWith("+999") ? "Practice numbers take 000000." : "The code stands in the operator console, under Outbox.") : undefined}
        onChange={(event) => setCode(event.target.value.replace(/\D/g, ""))}
        className="font-mono text-20 tracking-[0.5em] tabular"
      />
      <Button kind="solid" type="submit" disabled={busy} className="h-11">
        {busy ? "Making your keys…" : "Come in"}
      </Button>
      <p className="text-13 text-muted" role="status">
        {note === "" ? (
          <>
            No code?{" "}
            <button type="button" className="font-medium text-accent-text underline underline-offset-2" onClick={() => void again()}>
              Send another
            </button>
          </>
        ) : (
          note
        )}
      </p>
    </form>
  );
}
