/** One of several, some of several, or some of a few words that stand side by side. */
import { Check } from "lucide-react";
import { clsx } from "clsx";
import type { FieldProps } from "./FlowComponent";
import { Labelled } from "./Labelled";
import { text } from "./document";
import { pictureOf } from "./markdown";
import { actionsOf, optionsOf } from "./options";
import type { Option } from "./options";
import { limit } from "./validation";

export function ChoiceField({ component, value, error, onChange, onAct }: FieldProps) {
  const single = component.type === "RadioButtonsGroup";
  const chips = component.type === "ChipsSelector";
  const name = text(component["name"]);
  const chosen = single ? [text(value)].filter((each) => each !== "") : Array.isArray(value) ? value.map(text) : [];
  const max = limit(component, "max-selected-items");

  function choose(id: string): void {
    const has = chosen.includes(id);
    const after = single ? [id] : has ? chosen.filter((each) => each !== id) : [...chosen, id];
    const next = single ? id : after;
    onChange(next);
    for (const action of actionsOf(component, chosen, after)) onAct(action, { name, value: next });
  }

  return (
    <Labelled component={component} error={error} group>
      {() => (
        <div className={chips ? "flex flex-wrap gap-2" : "grid gap-1.5"}>
          {optionsOf(component).map((option) => {
            const checked = chosen.includes(option.id);
            // More than allowed cannot be chosen, but everything can be let go.
            const full = !single && !checked && max !== null && chosen.length >= max;
            const disabled = component["enabled"] === false || !option.enabled || full;
            const choice = { option, name, single, checked, disabled, onChoose: () => choose(option.id) };
            return chips ? <Chip key={option.id} {...choice} /> : <Row key={option.id} {...choice} />;
          })}
        </div>
      )}
    </Labelled>
  );
}

type ChoiceProps = { option: Option; name: string; single: boolean; checked: boolean; disabled: boolean; onChoose: () => void };

function Row({ option, name, single, checked, disabled, onChoose }: ChoiceProps) {
  const picture = pictureOf(option.image);
  return (
    <label className="flex items-start gap-3 rounded-8 border px-3 py-2.5 has-checked:border-accent has-checked:bg-accent-soft has-disabled:opacity-60">
      <input type={single ? "radio" : "checkbox"} name={name} value={option.id} checked={checked} disabled={disabled} onChange={onChoose} className="mt-0.5 size-4 shrink-0 accent-accent" />
      {picture !== null && <img src={picture} alt="" className="size-12 shrink-0 rounded-6 object-cover" />}
      <span className="min-w-0 grow">
        <span className="block">{option.title}</span>
        {option.description !== "" && <span className="block text-13 text-muted">{option.description}</span>}
      </span>
      {option.metadata !== "" && <span className="shrink-0 text-13 text-muted">{option.metadata}</span>}
    </label>
  );
}

function Chip({ option, checked, disabled, onChoose }: ChoiceProps) {
  return (
    <button
      type="button"
      aria-pressed={checked}
      disabled={disabled}
      onClick={onChoose}
      className={clsx("inline-flex min-h-9 items-center gap-1.5 rounded-full border px-3.5 text-14 font-medium disabled:opacity-60", checked ? "border-accent bg-accent-soft text-accent-text" : "border-line-strong bg-raised hover:bg-sunken")}
    >
      {checked && <Check size={14} aria-hidden="true" />}
      {option.title}
    </button>
  );
}
