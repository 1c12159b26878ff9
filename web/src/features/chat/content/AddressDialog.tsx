/** A postal address: one that the business has already, or a new one; what was wrong last time stands at its field. */
import { useState } from "react";
import type { AddressAction } from "@/core/content";
import type { Item } from "@/core/types";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { useAnswering } from "../answering";
import { useHere } from "../here";
import { fieldsOf, savedOf, valuesOf, wrongWith } from "./addressFields";
import type { Values } from "./addressFields";
import { Refusal } from "@/ui/message";

export function AddressDialog({ item, request, onClose }: { item: Item; request: AddressAction; onClose: () => void }) {
  const { title } = useHere();
  const { busy, failed, send } = useAnswering(item);
  const fields = fieldsOf(request.country);
  const saved = savedOf(request.saved_addresses);
  const refused = valuesOf(request.validation_errors);
  const [chosen, setChosen] = useState<string | null>(Object.keys(refused).length > 0 ? null : (saved[0]?.id ?? null));
  const [values, setValues] = useState<Values>(() => valuesOf(request.values));
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set());
  const [tried, setTried] = useState(false);
  const wrong = wrongWith(fields, values);

  async function give(): Promise<void> {
    setTried(true);
    const kept = saved.find((each) => each.id === chosen);
    if (!kept && Object.keys(wrong).length > 0) return;
    const trimmed = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.trim()]).filter(([, value]) => value !== ""));
    const response = kept ? { saved_address_id: kept.id, values: kept.values } : { values: trimmed };
    if (await send({ do: "form", response })) onClose();
  }

  return (
    <Dialog focusField open onClose={onClose} title="Give an address" description={`It goes to ${title} only.`}>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void give();
        }}
      >
        {saved.length > 0 && (
          <fieldset className="grid gap-1">
            <legend className="mb-1 text-13 font-medium">Addresses that {title} has</legend>
            {saved.map((each) => (
              <SavedChoice key={each.id} checked={chosen === each.id} onChoose={() => setChosen(each.id)} lines={[each.values["name"], each.values["address"], each.values["city"]]} />
            ))}
            <SavedChoice checked={chosen === null} onChoose={() => setChosen(null)} lines={["Another address"]} />
          </fieldset>
        )}
        {chosen === null &&
          fields.map((field) => (
            <Field
              key={field.name}
              label={field.required ? field.label : `${field.label}, if there is one`}
              value={values[field.name] ?? ""}
              autoComplete={field.complete ?? "off"}
              inputMode={field.numeric ? "numeric" : undefined}
              error={(tried ? wrong[field.name] : undefined) ?? (changed.has(field.name) ? null : (refused[field.name] ?? null))}
              onChange={(event) => {
                setValues({ ...values, [field.name]: event.target.value });
                setChanged(new Set(changed).add(field.name));
              }}
            />
          ))}
        <Refusal>{failed}</Refusal>
        <Button kind="solid" type="submit" disabled={busy}>
          Send the address
        </Button>
      </form>
    </Dialog>
  );
}

function SavedChoice({ checked, onChoose, lines }: { checked: boolean; onChoose: () => void; lines: readonly (string | undefined)[] }) {
  const [first, ...rest] = lines.filter((line): line is string => line !== undefined && line !== "");
  return (
    <label className="flex items-start gap-3 rounded-8 border px-3 py-2 has-checked:border-accent has-checked:bg-accent-soft">
      <input type="radio" name="saved-address" checked={checked} onChange={onChoose} className="mt-0.5 size-4 accent-accent" />
      <span>
        <span className="block font-medium">{first ?? "Address"}</span>
        {rest.length > 0 && <span className="block text-13 text-muted">{rest.join(", ")}</span>}
      </span>
    </label>
  );
}
