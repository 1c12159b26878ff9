/**
 * # Payments
 *
 * Whether all money is where it should be: what is on its way through the provider, what the bank booked and nobody can
 * assign, what came in, and giving it back.
 */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CreditCard, RefreshCw } from "lucide-react";
import { useState } from "react";
import { operatorPaymentCalls, operatorPaymentQueries } from "@/api/operatorPayments";
import type { BankEntry, Exchange, ImportedStatement, OperatorPayment, Reconciliation } from "@/api/operatorPayments";
import type { PaymentState } from "@/api/payments";
import { decimal, money } from "@/lib/money";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { Id } from "@/ui/CopyButton";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Field, TextArea } from "@/ui/Field";
import { More } from "@/ui/More";
import { Empty, Failed, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Segments } from "@/ui/Segments";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { words } from "@/ui/categories";
import { PayoutForm, StoreBalances, looksLikeAStore } from "./StorePayouts";
import { useOperator } from "./session";

const TONES: Record<PaymentState, "good" | "attention" | "bad" | "plain"> = { created: "plain", processing: "plain", requires_action: "attention", succeeded: "good", failed: "bad", canceled: "plain" };

/** A larger one is refused. */
const STATEMENT_BYTES_MAX = 8 * 1024 * 1024;

function usePayments() {
  const { token } = useOperator();
  const client = useQueryClient();
  return { queries: operatorPaymentQueries(token), calls: operatorPaymentCalls(token), refresh: () => client.invalidateQueries({ queryKey: ["operator", "payments"] }) };
}

function Wrong({ error }: { error: Error | null }) {
  return error ? (
    <p role="alert" className="text-13 text-bad">
      {error.message}
    </p>
  ) : null;
}

const COLUMNS: Column<OperatorPayment>[] = [
  { head: "When", wide: true, text: (row) => row.created_at, cell: (row) => <Time at={row.created_at} /> },
  {
    head: "Business",
    text: (row) => row.business_name ?? row.business_id,
    cell: (row) => (
      <>
        {row.business_name ?? <span className="font-mono text-12">{row.business_id}</span>}
        <span className="block text-12 text-muted lg:hidden">
          <Time at={row.created_at} />
        </span>
      </>
    ),
  },
  { head: "State", text: (row) => row.state, cell: (row) => <Tag tone={TONES[row.state]}>{words(row.state)}</Tag> },
  { head: "Through", wide: true, text: (row) => row.provider, cell: (row) => words(row.provider) },
  { head: "Given back", wide: true, end: true, text: (row) => decimal(row.refunded_micros), cell: (row) => (row.refunded_micros === 0 ? "" : money(row.refunded_micros, row.currency)) },
  { head: "Amount", end: true, text: (row) => decimal(row.amount_micros), cell: (row) => <span className="font-medium tabular">{money(row.amount_micros, row.currency)}</span> },
];

export function OperatorPayments() {
  const { queries, calls, refresh } = usePayments();
  const list = useInfiniteQuery(queries.list());
  const report = useQuery(queries.reconciliation());
  const [opened, setOpened] = useState<OperatorPayment | null>(null);
  const [importing, setImporting] = useState(false);
  const round = useMutation({ mutationFn: () => calls.reconcile(), onSuccess: refresh });
  return (
    <>
      <PageHead title="Payments" note="What businesses pay in, and whether all of it is where it should be.">
        <Button small onClick={() => setImporting(true)}>
          Import a bank statement
        </Button>
      </PageHead>
      <Section
        title="Reconciliation"
        action={
          <Button small disabled={round.isPending} onClick={() => round.mutate()}>
            <RefreshCw size={15} aria-hidden="true" />
            Reconcile now
          </Button>
        }
      >
        {report.data ? <Report report={report.data} /> : report.error ? <Failed error={report.error} onRetry={() => void report.refetch()} /> : <Skeleton rows={3} />}
        <Wrong error={round.error} />
      </Section>
      <StoreBalances />
      <Suspense />
      <Exchanges />
      <Section title="Paid in">
        <DataTable
          label="Payments"
          columns={COLUMNS}
          rows={list.data?.pages.flatMap((page) => page.data)}
          rowKey={(row) => row.payment_id}
          rowLabel={(row) => `Payment of ${money(row.amount_micros, row.currency)}`}
          error={list.error}
          onRetry={() => void list.refetch()}
          onOpen={setOpened}
          empty={
            <Empty icon={<CreditCard size={30} strokeWidth={1.5} />} title="Nothing paid in yet">
              Businesses top up in their console, by card or by bank transfer.
            </Empty>
          }
          footer={<More list={list} />}
        />
      </Section>
      <Dialog open={opened !== null} onClose={() => setOpened(null)} title="Payment">
        {opened && <OnePayment first={opened} />}
      </Dialog>
      <Dialog open={importing} onClose={() => setImporting(false)} title="Import a bank statement" sticky focusField>
        <Statement />
      </Dialog>
    </>
  );
}

function Report({ report }: { report: Reconciliation }) {
  const isClear = report.clearing.every((one) => one.owed_micros === 0) && report.open_payments === 0 && report.open_refunds === 0;
  return (
    <div className="rounded-14 border bg-surface px-4 py-3">
      <Pairs>
        {report.clearing.map((one) => (
          <Pair key={`${one.provider} ${one.currency}`} name={`At ${words(one.provider)}`}>
            <span className="tabular">{money(one.owed_micros, one.currency)}</span>{" "}
            {one.since !== null && (
              <span className={one.is_old ? "text-bad" : "text-muted"}>
                since <Time at={one.since} />
                {one.is_old && ": older than a week, ask the provider"}
              </span>
            )}
          </Pair>
        ))}
        <Pair name="Under way">
          {report.open_payments} {report.open_payments === 1 ? "payment" : "payments"}, {report.open_refunds} {report.open_refunds === 1 ? "refund" : "refunds"}
        </Pair>
        {report.old_payments.length > 0 && (
          <Pair name="Older than a day">
            <span className="text-bad">{report.old_payments.map((payment) => money(payment.amount_micros, payment.currency)).join(", ")}</span>
          </Pair>
        )}
      </Pairs>
      {isClear && (
        <p className="mt-2 flex items-center gap-2 text-good">
          <CircleCheck size={16} aria-hidden="true" /> All money is where it should be.
        </p>
      )}
    </div>
  );
}

const SUSPENSE_COLUMNS: Column<BankEntry>[] = [
  { head: "Booked", text: (row) => row.booked_at, cell: (row) => <Time at={row.booked_at} /> },
  { head: "From", text: (row) => row.payer, cell: (row) => <span className="whitespace-normal">{row.payer}</span> },
  { head: "Why", wide: true, text: (row) => row.why, cell: (row) => <span className="text-muted">{row.why}</span> },
  { head: "Amount", end: true, text: (row) => decimal(row.amount_micros), cell: (row) => <span className="font-medium tabular">{money(row.amount_micros, row.currency)}</span> },
];

function Suspense() {
  const { queries } = usePayments();
  const query = useQuery(queries.suspense());
  const [opened, setOpened] = useState<BankEntry | null>(null);
  if (query.data?.length === 0) return null;
  return (
    <Section title="In suspense">
      <DataTable label="Entries that nobody could assign" columns={SUSPENSE_COLUMNS} rows={query.data} rowKey={(row) => row.entry_id} rowLabel={(row) => `Entry from ${row.payer}`} error={query.error} onRetry={() => void query.refetch()} onOpen={setOpened} empty={null} />
      <Dialog open={opened !== null} onClose={() => setOpened(null)} title="Whose is it?">
        {opened && <Entry entry={opened} onDone={() => setOpened(null)} />}
      </Dialog>
    </Section>
  );
}

const EXCHANGE_COLUMNS: Column<Exchange>[] = [
  { head: "When", text: (row) => row.at, cell: (row) => <Time at={row.at} /> },
  { head: "Business", wide: true, text: (row) => row.business_id, cell: (row) => <span className="font-mono text-12">{row.business_id}</span> },
  { head: "Came in", end: true, text: (row) => decimal(row.from_micros), cell: (row) => <span className="tabular">{money(row.from_micros, row.from_currency)}</span> },
  { head: "Rate", end: true, text: (row) => row.rate, cell: (row) => <span className="tabular">{row.rate}</span> },
  { head: "Credited", end: true, text: (row) => decimal(row.to_micros), cell: (row) => <span className="font-medium tabular">{money(row.to_micros, row.to_currency)}</span> },
];

function Exchanges() {
  const { queries } = usePayments();
  const query = useQuery(queries.exchanges());
  if (query.data?.length === 0) return null;
  return (
    <Section title="Exchanged">
      <DataTable label="Exchanges between currencies" columns={EXCHANGE_COLUMNS} rows={query.data} rowKey={(row) => row.exchange_id} rowLabel={(row) => `Exchange of ${money(row.from_micros, row.from_currency)}`} error={query.error} onRetry={() => void query.refetch()} empty={null} />
    </Section>
  );
}

const WHOSE = [
  { value: "business", label: "A business's" },
  { value: "store", label: "An app store's payout" },
] as const;

function Entry({ entry, onDone }: { entry: BankEntry; onDone: () => void }) {
  const { calls, refresh } = usePayments();
  const [business, setBusiness] = useState("");
  const [rate, setRate] = useState("");
  const [whose, setWhose] = useState<"business" | "store">(looksLikeAStore(entry) ? "store" : "business");
  const onSuccess = async (): Promise<void> => {
    await refresh();
    onDone();
  };
  const assign = useMutation({ mutationFn: () => calls.assign(entry.entry_id, business.trim(), rate.trim()), onSuccess });
  const back = useMutation({ mutationFn: () => calls.sendBack(entry.entry_id), onSuccess });
  return (
    <div className="grid gap-4">
      <Pairs>
        <Pair name="Amount">{money(entry.amount_micros, entry.currency)}</Pair>
        <Pair name="From">{entry.payer}</Pair>
        <Pair name="They wrote">{entry.remittance}</Pair>
        <Pair name="Why it is here">{entry.why}</Pair>
      </Pairs>
      <Segments label="Whose it is" value={whose} options={WHOSE} onChange={setWhose} />
      {whose === "store" && <PayoutForm entry={entry} onDone={onDone} />}
      {whose === "business" && <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          assign.mutate();
        }}
      >
        <Field label="Business id" inputMode="numeric" value={business} error={assign.error?.message ?? null} onChange={(event) => setBusiness(event.target.value)} />
        <Field label="Rate" hint={`Only if the business does not pay in ${entry.currency}: what 1 ${entry.currency} is worth in its currency, such as 1.0834.`} inputMode="decimal" value={rate} onChange={(event) => setRate(event.target.value)} />
        <Button kind="solid" type="submit" disabled={business.trim() === "" || assign.isPending}>
          Credit it to this business
        </Button>
      </form>}
      <Button kind="danger" disabled={back.isPending} onClick={() => back.mutate()}>
        It was sent back
      </Button>
      <Wrong error={back.error} />
    </div>
  );
}

function OnePayment({ first }: { first: OperatorPayment }) {
  const { queries, calls, refresh } = usePayments();
  const query = useQuery(queries.one(first.payment_id));
  const payment = query.data ?? { ...first, refunds: [] };
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [amount, setAmount] = useState("");
  const [reason, setReason] = useState("");
  const refund = useMutation({
    mutationFn: () => calls.refund(payment.payment_id, { amount: amount.trim(), reason: reason.trim(), key }),
    onSuccess: async () => {
      setKey(crypto.randomUUID());
      setAmount("");
      await refresh();
    },
  });
  const left = payment.amount_micros - payment.refunded_micros;
  return (
    <div className="grid gap-4">
      <Pairs>
        <Pair name="Amount">{money(payment.amount_micros, payment.currency)}</Pair>
        <Pair name="State"><Tag tone={TONES[payment.state]}>{words(payment.state)}</Tag></Pair>
        {payment.failure && <Pair name="Why">{payment.failure.message}</Pair>}
        <Pair name="Business">
          {first.business_name} <Id value={payment.business_id} what="business id" />
        </Pair>
        <Pair name="Through">{words(payment.provider)}</Pair>
        {payment.reference !== null && <Pair name="Its reference"><Id value={payment.reference} what="reference" /></Pair>}
        {payment.fee_micros !== null && <Pair name="Fee">{money(payment.fee_micros, payment.currency)}</Pair>}
        {payment.refunds.map((one) => (
          <Pair key={one.refund_id} name="Given back">
            {money(one.amount_micros, payment.currency)}, <span className="text-muted">{one.reason}</span> {one.state !== "succeeded" && <Tag>{words(one.state)}</Tag>}
          </Pair>
        ))}
      </Pairs>
      {payment.state === "succeeded" && left > 0 && (
        <form
          className="grid gap-3 border-t pt-4"
          onSubmit={(event) => {
            event.preventDefault();
            refund.mutate();
          }}
        >
          <Field label={`Give back (${payment.currency})`} hint={`At most ${money(left, payment.currency)}, and what the business has not used.`} inputMode="decimal" value={amount} error={refund.error?.message ?? null} onChange={(event) => setAmount(event.target.value)} />
          <Field label="Reason" value={reason} maxLength={300} onChange={(event) => setReason(event.target.value)} />
          <Button kind="danger" type="submit" disabled={amount.trim() === "" || reason.trim() === "" || refund.isPending}>
            Refund
          </Button>
        </form>
      )}
    </div>
  );
}

function Statement() {
  const { calls, refresh } = usePayments();
  const [text, setText] = useState("");
  const [tooLarge, setTooLarge] = useState(false);
  const read = useMutation({ mutationFn: () => calls.importStatement(text), onSuccess: refresh });
  async function pick(file: File | undefined): Promise<void> {
    if (!file) return;
    setTooLarge(file.size > STATEMENT_BYTES_MAX);
    if (file.size <= STATEMENT_BYTES_MAX) setText(await file.text());
  }
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        read.mutate();
      }}
    >
      <label className="grid gap-1.5 text-13 font-medium">
        File of the bank
        <input type="file" accept=".xml,.csv,.txt,application/xml,text/csv" className="text-13 font-normal file:me-3 file:h-8 file:rounded-8 file:border file:bg-raised file:px-3" onChange={(event) => void pick(event.target.files?.[0])} />
      </label>
      {tooLarge && (
        <p role="alert" className="text-13 text-bad">
          A statement has at most 8 MiB. Ask the bank for a shorter time.
        </p>
      )}
      <TextArea label="Statement" rows={8} className="font-mono text-13" placeholder={"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\nor id,booked_on,amount,currency,reference,payer"} hint="CAMT.053, or CSV. Entries that are known count once; with a mistake in one entry, none is taken." value={text} error={read.error?.message ?? null} onChange={(event) => setText(event.target.value)} />
      {read.data && <Read done={read.data} />}
      <Button kind="solid" type="submit" disabled={text.trim() === "" || read.isPending}>
        {read.isPending ? "Reading…" : "Import"}
      </Button>
    </form>
  );
}

/** What became of a statement: first in one sentence, then what somebody has to look at. */
function Read({ done }: { done: ImportedStatement }) {
  return (
    <div role="status" className="grid gap-2">
      <p>
        {done.matched} paid a top-up or an invoice, {done.suspense} went to suspense, {done.known} were known.
      </p>
      {done.unmatched.length > 0 && (
        <ul className="divide-y rounded-8 border bg-canvas px-3" aria-label="Not matched">
          {done.unmatched.map((entry) => (
            <li key={entry.entry_id} className="flex flex-wrap gap-x-3 py-2 text-13">
              <span className="min-w-0 grow">
                {entry.payer === "" ? "Somebody" : entry.payer}: <span className="text-muted">{entry.why}</span>
              </span>
              <span className="tabular">{money(entry.amount_micros, entry.currency)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
