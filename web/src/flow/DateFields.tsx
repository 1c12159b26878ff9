/** A day, or the first and the last day of a time. The device's own picker; what is not available is said. */
import type { FieldProps } from "./FlowComponent";
import { Labelled, inputLook } from "./Labelled";
import { text } from "./document";
import { isObject } from "./expression";
import { day } from "./validation";

/** Forms before 5.0 count days in milliseconds. */
const DAYS_FROM_VERSION = 5;

function written(value: string, version: number): string {
  return version >= DAYS_FROM_VERSION || version === 0 || value === "" ? value : String(Date.parse(`${value}T00:00:00Z`));
}

export function DateField({ component, value, error, version, onChange, onAct }: FieldProps) {
  const action = component["on-select-action"];
  return (
    <Labelled component={component} error={error}>
      {({ id, describedBy, invalid }) => (
        <input
          id={id}
          type="date"
          value={day(value)}
          min={day(component["min-date"]) || undefined}
          max={day(component["max-date"]) || undefined}
          disabled={component["enabled"] === false}
          aria-invalid={invalid}
          aria-describedby={describedBy}
          onChange={(event) => {
            const next = written(event.target.value, version);
            onChange(next);
            if (action !== undefined && next !== "") onAct(action, { name: text(component["name"]), value: next });
          }}
          className={`${inputLook(error)} h-11`}
        />
      )}
    </Labelled>
  );
}

const ENDS = ["start-date", "end-date"] as const;

export function RangeField({ component, value, error, onChange, onAct }: FieldProps) {
  const range = isObject(value) ? value : {};
  const part = (name: string, end: string): string => {
    const inner = component[name];
    return isObject(inner) ? text(inner[end]) : "";
  };
  const action = component["on-select-action"];
  const heading = { ...component, required: true };
  return (
    <Labelled component={heading} error={error} label={text(component["title"]) || "Dates"} help={text(component["description"])} group>
      {({ id, invalid }) => (
        <div className="grid grid-cols-2 gap-3">
          {ENDS.map((end) => (
            <label key={end} htmlFor={`${id}-${end}`} className="grid gap-1 text-13">
              {part("label", end) || (end === "start-date" ? "From" : "To")}
              <input
                id={`${id}-${end}`}
                type="date"
                value={day(range[end])}
                min={day(component["min-date"]) || undefined}
                max={day(component["max-date"]) || undefined}
                aria-invalid={invalid}
                onChange={(event) => {
                  const next = { ...range, [end]: event.target.value };
                  onChange(next);
                  if (action !== undefined && day(next["start-date"]) !== "" && day(next["end-date"]) !== "") onAct(action, { name: text(component["name"]), value: next });
                }}
                className={`${inputLook(error)} h-11`}
              />
              {part("helper-text", end) !== "" && <span className="text-muted">{part("helper-text", end)}</span>}
            </label>
          ))}
        </div>
      )}
    </Labelled>
  );
}
