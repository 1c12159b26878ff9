/** One of many, behind the device's own list. */
import type { FieldProps } from "./FlowComponent";
import { Labelled, inputLook } from "./Labelled";
import { text } from "./document";
import { actionsOf, optionsOf } from "./options";

export function DropdownField({ component, value, error, onChange, onAct }: FieldProps) {
  const chosen = text(value);
  return (
    <Labelled component={component} error={error}>
      {({ id, describedBy, invalid }) => (
        <select
          id={id}
          value={chosen}
          disabled={component["enabled"] === false}
          aria-invalid={invalid}
          aria-describedby={describedBy}
          onChange={(event) => {
            const next = event.target.value;
            onChange(next);
            for (const action of actionsOf(component, chosen === "" ? [] : [chosen], next === "" ? [] : [next])) onAct(action, { name: text(component["name"]), value: next });
          }}
          className={`${inputLook(error)} h-11`}
        >
          <option value="">Choose</option>
          {optionsOf(component).map((option) => (
            <option key={option.id} value={option.id} disabled={!option.enabled}>
              {[option.title, option.metadata].filter((each) => each !== "").join(", ")}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}
