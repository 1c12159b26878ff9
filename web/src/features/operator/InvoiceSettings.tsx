/**
 * # What stands on invoices
 *
 * Who sends them and where transfers go, what their numbers look like, and the taxes by country and day. Invoices that are issued keep what they say;
 * rates of the past do not change.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Percent, Plus } from "lucide-react";
import { useState } from "react";
import type { FormEvent } from "react";
import { settingCalls, settingQueries } from "@/api/settings";
import type { LegalEntity, TaxRate } from "@/api/settings";
import { AddressFields, wrongAt } from "@/ui/Address";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Empty, Failed, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Tag } from "@/ui/Tag";
import { InvoiceNumbers } from "./InvoiceNumbers";
import { useOperator } from "./session";

const EMPTY: LegalEntity = { name: "", street: "", postal_code: "", city: "", country: "", tax_id: "", email: "", iban: "", bic: "", time_zone: "UTC", grace_h: 72, due_days: 14 };
const MEMBERS = ["name", "street", "postal_code", "city", "country", "email", "tax_id, iban and bic", "time_zone", "grace_h", "due_days"];
/** Parts per million of one percent. */
const PERCENT_PPM = 10_000;

function useSettings() {
  const { token } = useOperator();
  const client = useQueryClient();
  const queries = settingQueries(token);
  return { queries, calls: settingCalls(token), refresh: () => client.invalidateQueries({ queryKey: queries.key }) };
}

const day = (at: number): string => new Date(at * 1000).toISOString().slice(0, 10);
const percent = (ppm: number): string => `${ppm / PERCENT_PPM} %`;

export function InvoiceSettings() {
  const { queries, calls, refresh } = useSettings();
  const entity = useQuery(queries.entity());
  const rates = useQuery(queries.taxRates());
  const [editing, setEditing] = useState(false);
  const [adding, setAdding] = useState(false);
  const back = useMutation({ mutationFn: calls.takeTaxRateBack, onSuccess: refresh });
  return (
    <>
      <PageHead title="Invoice settings" note="Invoices that are issued keep what they say." />
      <Section
        title="Who sends invoices"
        action={
          <Button small disabled={entity.data === undefined} onClick={() => setEditing(true)}>
            {entity.data === null ? "Say who" : "Change"}
          </Button>
        }
      >
        {entity.data === undefined ? (
          entity.error ? <Failed error={entity.error} onRetry={() => void entity.refetch()} /> : <Skeleton rows={5} />
        ) : entity.data === null ? (
          <p className="rounded-14 border bg-surface px-4 py-3 text-muted">Nobody yet. Until you say who sends them, months are summed and no invoice is issued.</p>
        ) : (
          <Seller entity={entity.data} />
        )}
      </Section>
      <InvoiceNumbers />
      <Section
        title="Tax rates"
        action={
          <Button small onClick={() => setAdding(true)}>
            <Plus size={15} aria-hidden="true" />
            New rate
          </Button>
        }
      >
        <DataTable
          label="Tax rates by country and day"
          columns={columnsWith((rate) => back.mutate(rate))}
          rows={rates.data}
          rowKey={(row) => `${row.jurisdiction} ${row.effective_from}`}
          rowLabel={(row) => `${row.name} in ${row.jurisdiction}, ${percent(row.ppm)} from ${day(row.effective_from)}`}
          error={rates.error}
          onRetry={() => void rates.refetch()}
          empty={
            <Empty icon={<Percent size={30} strokeWidth={1.5} />} title="No rates">
              Nothing is taxed. Add the rate of each country whose tax you have to take.
            </Empty>
          }
        />
        {back.error && (
          <p role="alert" className="mt-2 text-13 text-bad">
            {back.error.message}
          </p>
        )}
        <p className="mt-2 text-13 text-muted">A business is taxed with the rate of its own country. Where there is none, the invoice says that it is not subject to tax.</p>
      </Section>
      <Dialog open={editing} onClose={() => setEditing(false)} title="Who sends invoices" sticky focusField wide>
        <EntityForm entity={entity.data ?? EMPTY} onDone={() => setEditing(false)} />
      </Dialog>
      <Dialog open={adding} onClose={() => setAdding(false)} title="New tax rate" description="The country's rate before ends on that day." sticky focusField>
        <RateForm onDone={() => setAdding(false)} />
      </Dialog>
    </>
  );
}

function Seller({ entity }: { entity: LegalEntity }) {
  const or = (text: string, none: string) => (text === "" ? <span className="text-muted">{none}</span> : text);
  return (
    <Pairs framed>
      <Pair name="Name">{entity.name}</Pair>
      <Pair name="Address">
        {entity.street}, {entity.postal_code} {entity.city}, {entity.country}
      </Pair>
      <Pair name="Tax id">{or(entity.tax_id, "None")}</Pair>
      <Pair name="Questions to">{entity.email}</Pair>
      <Pair name="Bank account">{entity.iban === "" ? <span className="text-attention">None: invoices and top-ups by transfer say no account</span> : `${entity.iban} ${entity.bic}`}</Pair>
      <Pair name="Time zone">{entity.time_zone}: dates, and years of numbers</Pair>
      <Pair name="Issued">{entity.grace_h} hours after the month, for late receipts</Pair>
      <Pair name="Due">{entity.due_days} days later</Pair>
    </Pairs>
  );
}

function EntityForm({ entity, onDone }: { entity: LegalEntity; onDone: () => void }) {
  const { calls, refresh } = useSettings();
  const [given, setGiven] = useState({ ...entity, grace_h: String(entity.grace_h), due_days: String(entity.due_days) });
  const save = useMutation({
    mutationFn: () => calls.setEntity({ ...given, grace_h: Number(given.grace_h), due_days: Number(given.due_days) }),
    onSuccess: async () => {
      await refresh();
      onDone();
    },
  });
  const set = (name: keyof LegalEntity) => (event: { target: { value: string } }) => setGiven({ ...given, [name]: event.target.value });
  const wrong = (name: string): string | null => wrongAt(save.error, name);
  const isNumber = (text: string): boolean => /^\d{1,4}$/.test(text.trim());
  const codes = wrong("tax_id, iban and bic");
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Field label="Name" autoComplete="organization" maxLength={120} value={given.name} error={wrong("name")} onChange={set("name")} />
      <AddressFields value={given} error={save.error} onChange={(change) => setGiven({ ...given, ...change })} />
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <Field label="Tax id" autoComplete="off" maxLength={40} placeholder="None" value={given.tax_id} error={codes} onChange={set("tax_id")} />
        <Field label="Mail for questions" type="email" autoComplete="email" value={given.email} error={wrong("email")} onChange={set("email")} />
        <Field label="IBAN" autoComplete="off" maxLength={40} placeholder="None" hint="Stands on invoices, and where businesses pay by transfer." value={given.iban} onChange={set("iban")} />
        <Field label="BIC" autoComplete="off" maxLength={40} placeholder="None" value={given.bic} onChange={set("bic")} />
        <Field label="Time zone" autoComplete="off" hint="Dates and years of numbers are those of it." value={given.time_zone} error={wrong("time_zone")} onChange={set("time_zone")} />
        <Field label="Waits for late receipts, hours" inputMode="numeric" value={given.grace_h} error={isNumber(given.grace_h) ? wrong("grace_h") : "0 to 720 hours"} onChange={set("grace_h")} />
        <Field label="Due after, days" inputMode="numeric" value={given.due_days} error={isNumber(given.due_days) ? wrong("due_days") : "0 to 365 days"} onChange={set("due_days")} />
      </div>
      {save.error && MEMBERS.every((name) => wrong(name) === null) && (
        <p role="alert" className="text-13 text-bad">
          {save.error.message}
        </p>
      )}
      <Button kind="solid" type="submit" disabled={save.isPending || !isNumber(given.grace_h) || !isNumber(given.due_days)}>
        Save
      </Button>
    </form>
  );
}

/** The last rate of a country can be taken back while it stands on no invoice; the one before goes on. */
function columnsWith(takeBack: (rate: TaxRate) => void): Column<TaxRate>[] {
  const last: Column<TaxRate> = {
    head: "Take back", end: true, text: () => "",
    cell: (row) =>
      row.effective_to === null && (
        <Button small aria-label={`Take back ${row.name} in ${row.jurisdiction} from ${day(row.effective_from)}`} onClick={() => takeBack(row)}>
          Take back
        </Button>
      ),
  };
  return [...COLUMNS, last];
}

const COLUMNS: Column<TaxRate>[] = [
  { head: "Country", text: (row) => row.jurisdiction, cell: (row) => <span className="font-medium">{row.jurisdiction}</span> },
  { head: "Name", text: (row) => row.name, cell: (row) => row.name },
  { head: "From", text: (row) => day(row.effective_from), cell: (row) => (
      <span className="inline-flex items-center gap-2 tabular">
        {day(row.effective_from)}
        {row.effective_from * 1000 > Date.now() && <Tag>Planned</Tag>}
      </span>
    ) },
  { head: "Until", wide: true, text: (row) => (row.effective_to === null ? "" : day(row.effective_to)), cell: (row) => (row.effective_to === null ? <span className="text-muted">further notice</span> : <span className="tabular">{day(row.effective_to)}</span>) },
  { head: "Reverse charge", wide: true, text: (row) => (row.reverse_charge ? "yes" : "no"), cell: (row) => (row.reverse_charge ? "with a tax id, from abroad" : <span className="text-muted">no</span>) },
  { head: "Rate", end: true, text: (row) => row.ppm / PERCENT_PPM, cell: (row) => percent(row.ppm) },
];

function RateForm({ onDone }: { onDone: () => void }) {
  const { calls, refresh } = useSettings();
  const [country, setCountry] = useState("");
  const [name, setName] = useState("VAT");
  const [rate, setRate] = useState("");
  const [from, setFrom] = useState(() => new Date().toISOString().slice(0, 10));
  const [reverse, setReverse] = useState(true);
  const ppm = ppmOf(rate);
  const begins = Date.parse(`${from}T00:00:00Z`);
  const add = useMutation({
    mutationFn: () => calls.addTaxRate({ jurisdiction: country, effective_from: begins / 1000, ppm: ppm ?? -1, name: name.trim(), reverse_charge: reverse }),
    onSuccess: async () => {
      await refresh();
      onDone();
    },
  });
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Field label="Country" maxLength={2} placeholder="DE" hint="Two letters." value={country} onChange={(event) => setCountry(event.target.value.toUpperCase())} />
      <Field label="Name of the tax" maxLength={40} value={name} onChange={(event) => setName(event.target.value)} />
      <Field label="Rate in percent" inputMode="decimal" placeholder="19" value={rate} error={rate !== "" && ppm === null ? "A number such as 19 or 7.5, at most 100." : null} onChange={(event) => setRate(event.target.value)} />
      <Field label="From" type="date" value={from} onChange={(event) => setFrom(event.target.value)} />
      <label className="flex min-h-6 items-start gap-2.5">
        <input type="checkbox" className="mt-0.5 size-4 accent-[var(--accent)]" checked={reverse} onChange={(event) => setReverse(event.target.checked)} />
        <span>
          Reverse charge: <span className="text-muted">a business with a tax id accounts for the tax itself if you are in another country.</span>
        </span>
      </label>
      {add.error && (
        <p role="alert" className="text-13 text-bad">
          {add.error.message}
        </p>
      )}
      <Button kind="solid" type="submit" disabled={add.isPending || country.length !== 2 || ppm === null || Number.isNaN(begins) || name.trim() === ""}>
        Add the rate
      </Button>
    </form>
  );
}

/** `7.5` is 75,000 parts per million; null: not a rate. */
function ppmOf(text: string): number | null {
  const match = /^(\d{1,3})(?:[.,](\d{1,4}))?$/.exec(text.trim());
  if (!match) return null;
  const ppm = Number(match[1]) * PERCENT_PPM + Number((match[2] ?? "").padEnd(4, "0"));
  return ppm <= 100 * PERCENT_PPM ? ppm : null;
}
