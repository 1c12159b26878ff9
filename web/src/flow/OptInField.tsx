/** An agreement, with what is agreed to behind "Read more". */
import { useId } from "react";
import { FieldError } from "@/ui/Field";
import type { FieldProps } from "./FlowComponent";
import { text } from "./document";

export function OptInField({ component, value, error, onChange, onAct }: FieldProps) {
  const id = useId();
  const more = component["on-click-action"];
  const checked = value === true;
  return (
    <div data-field={text(component["name"])} className="grid gap-1">
      <div className="flex items-start gap-3">
        <input
          id={id}
          type="checkbox"
          checked={checked}
          disabled={component["enabled"] === false}
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? `${id}-error` : undefined}
          onChange={(event) => {
            const next = event.target.checked;
            onChange(next);
            const action = component[next ? "on-select-action" : "on-unselect-action"];
            if (action !== undefined) onAct(action, { name: text(component["name"]), value: next });
          }}
          className="mt-1 size-4 shrink-0 accent-accent"
        />
        <label htmlFor={id} className="min-h-6">
          {text(component["label"])}
          {component["required"] !== true && <span className="text-faint"> (optional)</span>}
        </label>
        {more !== undefined && (
          <button type="button" aria-label={`Read more: ${text(component["label"])}`} onClick={() => onAct(more)} className="ms-auto min-h-6 shrink-0 rounded-4 text-13 font-medium text-accent-text underline underline-offset-2">
            Read more
          </button>
        )}
      </div>
      <FieldError id={id} error={error} />
    </div>
  );
}
