/** Whom the invoices of the business name, and where they are mailed. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { FormEvent } from "react";
import { estimateCalls, estimateQueries } from "@/api/estimate";
import type { InvoiceProfile } from "@/api/estimate";
import { AddressFields, wrongAt } from "@/ui/Address";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Failed, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { useManager } from "./session";

const EMPTY: InvoiceProfile = { name: "", street: "", postal_code: "", city: "", country: "", tax_id: "", email: "" };

export function Addressee() {
  const { token } = useManager();
  const query = useQuery(estimateQueries(token).profile());
  const [editing, setEditing] = useState(false);
  const profile = query.data;
  const change = (
    <Button small disabled={profile === undefined} onClick={() => setEditing(true)}>
      {profile === null ? "Say whom" : "Change"}
    </Button>
  );
  return (
    <Section title="Invoices go to" action={change}>
      {profile === undefined ? (
        query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={3} />
      ) : profile === null ? (
        <p className="rounded-14 border bg-surface px-4 py-3 text-muted">Nobody yet. Without a name and an address no invoice can be issued.</p>
      ) : (
        <Pairs framed>
          <Pair name="Name">{profile.name}</Pair>
          <Pair name="Address">
            {profile.street}, {profile.postal_code} {profile.city}, {profile.country}
          </Pair>
          <Pair name="Tax id">{profile.tax_id === "" ? <span className="text-muted">None</span> : profile.tax_id}</Pair>
          <Pair name="Mail">{profile.email}</Pair>
        </Pairs>
      )}
      <Dialog open={editing} onClose={() => setEditing(false)} title="Invoices go to" description="The next invoices name it. Those that are issued keep what they say." sticky focusField>
        <Form profile={profile ?? EMPTY} onDone={() => setEditing(false)} />
      </Dialog>
    </Section>
  );
}

function Form({ profile, onDone }: { profile: InvoiceProfile; onDone: () => void }) {
  const { token } = useManager();
  const client = useQueryClient();
  const [given, setGiven] = useState(profile);
  const save = useMutation({
    mutationFn: () => estimateCalls(token).setProfile(given),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["billing", "profile"] });
      onDone();
    },
  });
  const set = (name: keyof InvoiceProfile) => (event: { target: { value: string } }) => setGiven({ ...given, [name]: event.target.value });
  // The server names the member first: the words stand at its field.
  const wrong = (name: string): string | null => wrongAt(save.error, name);
  const named = ["name", "street", "postal_code", "city", "country", "tax_id", "email"].some((name) => wrong(name) !== null);
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Field label="Name of the business" autoComplete="organization" maxLength={120} value={given.name} error={wrong("name")} onChange={set("name")} />
      <AddressFields value={given} error={save.error} onChange={(change) => setGiven({ ...given, ...change })} />
      <Field label="Tax id" autoComplete="off" maxLength={40} value={given.tax_id} placeholder="None" hint="With one, businesses in some countries account for the tax themselves." error={wrong("tax_id")} onChange={set("tax_id")} />
      <Field label="Mail invoices to" type="email" autoComplete="email" value={given.email} error={wrong("email")} onChange={set("email")} />
      {save.error && !named && (
        <p role="alert" className="text-13 text-bad">
          {save.error.message}
        </p>
      )}
      <Button kind="solid" type="submit" disabled={save.isPending}>
        Save
      </Button>
    </form>
  );
}
