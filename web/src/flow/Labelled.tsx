/** A field with its label, its help and its error, tied together for screen readers. */
import { useId } from "react";
import type { ReactNode } from "react";
import { FieldError } from "@/ui/Field";
import type { Component } from "./document";
import { text } from "./document";

export type Ties = { id: string; describedBy: string | undefined; invalid: true | undefined };

type Props = { component: Component; error: string | null; label?: string; help?: string; group?: boolean; children: (ties: Ties) => ReactNode };

export function Labelled({ component, error, label, help, group = false, children }: Props) {
  const id = useId();
  const name = label ?? text(component["label"]);
  const helper = help ?? (text(component["helper-text"]) || text(component["description"]));
  const described = [error ? `${id}-error` : "", helper === "" ? "" : `${id}-help`].filter((each) => each !== "").join(" ");
  const optional = component["required"] === true ? null : <span className="font-normal text-faint"> (optional)</span>;
  const ties: Ties = { id, describedBy: described === "" ? undefined : described, invalid: error ? true : undefined };
  return (
    <div
      data-field={text(component["name"])}
      {...(group ? { role: "group", "aria-labelledby": `${id}-label`, "aria-describedby": ties.describedBy } : {})}
      className="grid gap-1.5"
    >
      {group ? (
        <span id={`${id}-label`} className="text-13 font-medium">
          {name}
          {optional}
        </span>
      ) : (
        <label htmlFor={id} className="text-13 font-medium">
          {name}
          {optional}
        </label>
      )}
      {children(ties)}
      {helper !== "" && (
        <p id={`${id}-help`} className="text-13 text-muted">
          {helper}
        </p>
      )}
      <FieldError id={id} error={error} />
    </div>
  );
}

/** The look of an input, with its error. */
export function inputLook(error: string | null): string {
  return `w-full rounded-8 border bg-raised px-3 text-16 transition-colors duration-150 placeholder:text-faint hover:border-faint disabled:opacity-60 ${error ? "border-bad" : "border-line-strong"}`;
}
