/** The fields of a postal address, and the words of the server at the field that it names first: `city: …`. */
import { Field } from "./Field";

export type Address = { street: string; postal_code: string; city: string; country: string };

/** What the server says of a member; `null`: nothing. */
export function wrongAt(error: Error | null, name: string): string | null {
  return error?.message.startsWith(`${name}:`) ? error.message.slice(name.length + 2) : null;
}

export function AddressFields({ value, error, onChange }: { value: Address; error: Error | null; onChange: (change: Partial<Address>) => void }) {
  return (
    <>
      <Field label="Street and number" autoComplete="street-address" maxLength={120} value={value.street} error={wrongAt(error, "street")} onChange={(event) => onChange({ street: event.target.value })} />
      <div className="grid items-start gap-4 sm:grid-cols-[8rem_minmax(0,1fr)_5rem]">
        <Field label="Postal code" autoComplete="postal-code" maxLength={120} value={value.postal_code} error={wrongAt(error, "postal_code")} onChange={(event) => onChange({ postal_code: event.target.value })} />
        <Field label="City" autoComplete="address-level2" maxLength={120} value={value.city} error={wrongAt(error, "city")} onChange={(event) => onChange({ city: event.target.value })} />
        <Field label="Country" autoComplete="country" maxLength={2} placeholder="DE" value={value.country} error={wrongAt(error, "country")} onChange={(event) => onChange({ country: event.target.value.toUpperCase() })} />
      </div>
    </>
  );
}
