/** A labelled input with its hint and its error, tied together for screen readers. */
import { CircleAlert } from "lucide-react";
import { useId } from "react";
import type { ComponentProps, ReactNode } from "react";
import { clsx } from "clsx";

type Frame = { label: string; hint?: ReactNode; error?: string | null };

const BOX = "w-full rounded-8 border bg-raised px-3 text-16 transition-colors duration-150 placeholder:text-faint hover:border-faint";

export function Field({ label, hint, error, className, ...rest }: ComponentProps<"input"> & Frame) {
  return (
    <Framed label={label} hint={hint} error={error ?? null}>
      {(box) => <input {...box} className={clsx("h-11", BOX, border(error), className)} {...rest} />}
    </Framed>
  );
}

/** The same for several lines. */
export function TextArea({ label, hint, error, className, ...rest }: ComponentProps<"textarea"> & Frame) {
  return (
    <Framed label={label} hint={hint} error={error ?? null}>
      {(box) => <textarea {...box} className={clsx("scroll-quiet py-2.5", BOX, border(error), className)} {...rest} />}
    </Framed>
  );
}

function border(error: string | null | undefined): string {
  return error ? "border-bad" : "border-line-strong";
}

type Box = { id: string; "aria-invalid": true | undefined; "aria-describedby": string | undefined };

function Framed({ label, hint, error, children }: Frame & { children: (box: Box) => ReactNode }) {
  const id = useId();
  const described = [error ? `${id}-error` : "", hint ? `${id}-hint` : ""].filter((each) => each !== "").join(" ");
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="text-13 font-medium">
        {label}
      </label>
      {children({ id, "aria-invalid": error ? true : undefined, "aria-describedby": described === "" ? undefined : described })}
      {hint && (
        <p id={`${id}-hint`} className="text-13 text-muted">
          {hint}
        </p>
      )}
      <FieldError id={id} error={error} />
    </div>
  );
}

/** What is wrong with a field; the field names it as `${id}-error`. */
export function FieldError({ id, error }: { id: string; error: string | null | undefined }) {
  if (!error) return null;
  return (
    <p id={`${id}-error`} role="alert" className="flex items-start gap-1.5 text-13 text-bad">
      <CircleAlert size={15} className="mt-0.5 shrink-0" aria-hidden="true" />
      {error}
    </p>
  );
}
