/** A labelled box for several lines, with its hint and its error, as [`Field`] has them. */
import { clsx } from "clsx";
import { useId } from "react";
import type { ComponentProps, ReactNode } from "react";
import { FieldError } from "./Field";

export function TextArea({ label, hint, error, className, ...rest }: ComponentProps<"textarea"> & { label: string; hint?: ReactNode; error?: string | null }) {
  const id = useId();
  const described = [error ? `${id}-error` : "", hint ? `${id}-hint` : ""].filter((each) => each !== "").join(" ");
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="text-13 font-medium">
        {label}
      </label>
      <textarea
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={described === "" ? undefined : described}
        className={clsx("scroll-quiet w-full rounded-8 border bg-raised px-3 py-2.5 text-16 transition-colors duration-150 placeholder:text-faint hover:border-faint", error ? "border-bad" : "border-line-strong", className)}
        {...rest}
      />
      {hint && (
        <p id={`${id}-hint`} className="text-13 text-muted">
          {hint}
        </p>
      )}
      <FieldError id={id} error={error} />
    </div>
  );
}
