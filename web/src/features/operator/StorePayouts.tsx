/**
 * # What app stores pay out
 *
 * What each store owes, of which months and since when; and saying that money of the bank is a store's: by its report, or by
 * hand. Whatever a store paid less or more than was booked with the sales, the page says before it is booked.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { operatorPaymentCalls, operatorPaymentQueries } from "@/api/operatorPayments";
import type { BankEntry, NewPayout, Reconciliation, StorePayout } from "@/api/operatorPayments";
import { decimal, money } from "@/lib/money";
import { Button } from "@/ui/Button";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Field } from "@/ui/Field";
import { Section } from "@/ui/Section";
import { Segments } from "@/ui/Segments";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { words } from "@/ui/categories";
import { useOperator } from "./session";

type Owed = Reconciliation["stores"][number];
type Part = NewPayout["parts"][number];

/** A larger one is refused. */
const REPORT_BYTES_MAX = 8 * 1024 * 1024;

const monthOf = (at: number): string => new Date(at * 1000).toLocaleDateString(undefined, { month: "long", year: "numeric", timeZone: "UTC" });
const isLate = (row: Owed): boolean => row.due_at !== null && row.due_at * 1000 < Date.now();

/** Whether an entry of the bank names a store. */
export const looksLikeAStore = (entry: BankEntry): boolean => /apple|google|itunes|app store/i.test(`${entry.payer} ${entry.remittance}`);

const OWED: Column<Owed>[] = [
  { head: "Store", text: (row) => row.store, cell: (row) => <span className="font-medium">{words(row.store)}</span> },
  { head: "Of", wide: true, text: (row) => row.months.map((month) => monthOf(month.month)).join(", "), cell: (row) => <span className="text-muted">{row.months.map((month) => `${monthOf(month.month)}: ${money(month.amount_micros, row.currency)}`).join(", ")}</span> },
  { head: "Expected by", text: (row) => row.due_at ?? "", cell: (row) => (row.due_at === null ? <span className="text-muted">Nothing is open</span> : <span className={isLate(row) ? "text-bad" : ""}><Time at={row.due_at} />{isLate(row) && <span className="block text-12">late, ask the store</span>}</span>) },
  { head: "It owes", end: true, text: (row) => decimal(row.owed_micros), cell: (row) => <span className="font-medium tabular">{money(row.owed_micros, row.currency)}</span> },
];

const PAID: Column<StorePayout>[] = [
  { head: "Booked", text: (row) => row.booked_at, cell: (row) => <Time at={row.booked_at} /> },
  { head: "Store", text: (row) => row.store, cell: (row) => words(row.store) },
  { head: "Settled", wide: true, text: (row) => row.parts.map((part) => `${part.currency} ${decimal(part.settled_micros)}`).join(", "), cell: (row) => row.parts.map((part) => money(part.settled_micros, part.currency)).join(", ") },
  { head: "Withheld, more commission", wide: true, text: (row) => row.parts.map((part) => decimal(part.withheld_micros + part.commission_micros)).join(", "), cell: (row) => row.parts.filter((part) => part.withheld_micros !== 0 || part.commission_micros !== 0).map((part) => `${money(part.withheld_micros, part.currency)}, ${money(part.commission_micros, part.currency)}`).join("; ") },
  { head: "Arrived", end: true, text: (row) => decimal(row.amount_micros), cell: (row) => <span className="font-medium tabular">{money(row.amount_micros, row.currency)}</span> },
];

/** What stores owe, and what they paid out. Without sales in stores there is nothing to see. */
export function StoreBalances() {
  const { token } = useOperator();
  const queries = operatorPaymentQueries(token);
  const report = useQuery(queries.reconciliation());
  const payouts = useQuery(queries.payouts());
  if ((report.data?.stores.length ?? 0) === 0) return null;
  return (
    <Section title="App stores">
      <DataTable label="What app stores owe" columns={OWED} rows={report.data?.stores} rowKey={(row) => `${row.store} ${row.currency}`} error={report.error} onRetry={() => void report.refetch()} empty={null} />
      {(payouts.data?.length ?? 0) > 0 && (
        <div className="mt-4">
          <DataTable label="Payouts of app stores" columns={PAID} rows={payouts.data} rowKey={(row) => row.payout_id} error={payouts.error} onRetry={() => void payouts.refetch()} empty={null} />
        </div>
      )}
    </Section>
  );
}

const empty = (currency: string, amount: string): Part => ({ currency, settled: amount, paid: amount, withheld: "", arrived: "" });

/** What the store kept beyond what was booked, if the numbers can be read. */
function kept(part: Part): number | null {
  const numbers = [part.settled, part.paid, part.withheld].map((text) => Math.round(Number(text.trim() === "" ? "0" : text) * 1e6));
  const [settled = 0, paid = 0, withheld = 0] = numbers;
  return numbers.some(Number.isNaN) ? null : settled - paid - withheld;
}

/** Says what of a store's account the money settles. */
export function PayoutForm({ entry, onDone }: { entry: BankEntry; onDone: () => void }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const calls = operatorPaymentCalls(token);
  const report = useQuery(operatorPaymentQueries(token).reconciliation());
  const stores = [...new Set(report.data?.stores.map((one) => one.store) ?? [])];
  const [chosen, setChosen] = useState<string | null>(null);
  const store = chosen ?? stores.find((name) => `${entry.payer} ${entry.remittance}`.toLowerCase().includes(name)) ?? stores[0];
  const [typed, setParts] = useState<Part[] | null>(null);
  const [fee, setFee] = useState("");
  const parts = typed ?? [empty(entry.currency, decimal(entry.amount_micros))];
  const change = (at: number, more: Partial<Part>): void => setParts(parts.map((part, n) => (n === at ? { ...part, ...more } : part)));
  const book = useMutation({
    mutationFn: () =>
      calls.payout(entry.entry_id, {
        store: store ?? "",
        bank_fee: fee.trim() === "" ? "0" : fee.trim(),
        parts: parts.map((part) => ({ ...part, withheld: part.withheld.trim() === "" ? "0" : part.withheld.trim(), arrived: part.currency === entry.currency ? part.paid : part.arrived })),
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["operator", "payments"] });
      onDone();
    },
  });
  const read = useMutation({
    mutationFn: async (file: File) => {
      if (file.size > REPORT_BYTES_MAX) throw new Error("A report has at most 8 MiB. Take that of one month.");
      return calls.readReport(await file.text());
    },
    onSuccess: (told) => {
      setChosen(told.store);
      setParts(told.parts.map((part) => ({ currency: part.currency, settled: decimal(part.expected_micros), paid: decimal(part.paid_micros), withheld: "", arrived: part.arrived_micros === null ? "" : decimal(part.arrived_micros) })));
    },
  });
  if (stores.length === 0) return <p className="text-muted">Nothing was sold in an app store yet.</p>;
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        book.mutate();
      }}
    >
      <Segments label="Store" value={store ?? ""} options={stores.map((name) => ({ value: name, label: words(name) }))} onChange={setChosen} />
      <label className="grid gap-1.5 text-13 font-medium">
        Report of the store, if you have it
        <input type="file" accept=".txt,.csv,.tsv,text/csv,text/plain" className="text-13 font-normal file:me-3 file:h-8 file:rounded-8 file:border file:bg-raised file:px-3" onChange={(event) => event.target.files?.[0] && read.mutate(event.target.files[0])} />
        <span className="font-normal text-muted">Apple&apos;s financial report (Single File) or Google&apos;s earnings report: it fills in what follows.</span>
      </label>
      {read.isPending && <p className="text-13 text-muted">The report is read; it fills in what follows.</p>}
      {read.error && (
        <p role="alert" className="text-13 text-bad">
          {read.error.message}
        </p>
      )}
      {parts.map((part, at) => (
        <fieldset key={at} disabled={read.isPending} className="grid gap-3 rounded-14 border p-4">
          <legend className="px-1 text-13 font-medium">Sold in {part.currency === "" ? "another currency" : part.currency}</legend>
          <div className="grid items-start gap-3 sm:grid-cols-2">
            <Field label="Currency" value={part.currency} maxLength={3} onChange={(event) => change(at, { currency: event.target.value.toUpperCase() })} />
            <Field label="Settles" hint={owedWords(report.data?.stores, store, part.currency)} inputMode="decimal" value={part.settled} onChange={(event) => change(at, { settled: event.target.value })} />
            <Field label="Paid" inputMode="decimal" value={part.paid} onChange={(event) => change(at, { paid: event.target.value })} />
            <Field label="Tax withheld" inputMode="decimal" value={part.withheld} placeholder="0" onChange={(event) => change(at, { withheld: event.target.value })} />
            {part.currency !== entry.currency && <Field label={`Arrived (${entry.currency})`} inputMode="decimal" value={part.arrived} onChange={(event) => change(at, { arrived: event.target.value })} />}
          </div>
          <Kept part={part} />
          {parts.length > 1 && (
            <Button small onClick={() => setParts(parts.filter((_, n) => n !== at))}>
              Remove {part.currency}
            </Button>
          )}
        </fieldset>
      ))}
      <Button small onClick={() => setParts([...parts, empty("", "")])}>
        Add a currency
      </Button>
      <Field label={`Kept by banks (${entry.currency})`} inputMode="decimal" value={fee} placeholder="0" onChange={(event) => setFee(event.target.value)} />
      {book.error && (
        <p role="alert" className="text-13 text-bad">
          {book.error.message}
        </p>
      )}
      <Button kind="solid" type="submit" disabled={book.isPending || parts.some((part) => kept(part) === null || part.currency === "")}>
        Book the payout
      </Button>
    </form>
  );
}

function owedWords(stores: Owed[] | undefined, store: string | undefined, currency: string): string {
  const owed = stores?.find((one) => one.store === store && one.currency === currency)?.owed_micros ?? 0;
  return currency.length === 3 ? `At most what it owes: ${money(owed, currency)}.` : "At most what it owes.";
}

/** What the numbers say of the commission. */
function Kept({ part }: { part: Part }) {
  const difference = kept(part);
  if (difference === null) return <p className="text-13 text-bad">Amounts are decimals, such as 85.00.</p>;
  if (difference === 0 || part.currency.length !== 3) return null;
  return (
    <p className="flex items-center gap-2 text-13">
      <Tag tone="attention">Commission</Tag>
      {difference > 0 ? `${money(difference, part.currency)} more than was booked with the sales.` : `${money(-difference, part.currency)} less than was booked with the sales.`}
    </p>
  );
}
