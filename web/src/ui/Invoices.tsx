/**
 * # Invoices
 *
 * The list, and one invoice with its lines, sums and files. Both consoles show them; what only the operator may do is
 * handed in as `Actions`. Amounts are whole minor units of the currency.
 */
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { FileText } from "lucide-react";
import type { ComponentType } from "react";
import { INVOICE_STATES } from "@/api/invoices";
import type { Invoice, InvoiceLine, InvoiceQueries, InvoiceStatus, WholeInvoice } from "@/api/invoices";
import { save } from "@/lib/csv";
import { money } from "@/lib/money";
import { Button } from "./Button";
import { PageHead } from "./Console";
import { DataTable } from "./DataTable";
import type { Column } from "./DataTable";
import { More } from "./More";
import { Empty, ErrorNote, Failed, Skeleton } from "./Problem";
import { Pair, Pairs, Section } from "./Section";
import { Segments } from "./Segments";
import { Tag } from "./Tag";
import { Time } from "./Time";

const MICROS = 1_000_000;

/** Minor units with their currency. */
export function minor(invoice: Pick<Invoice, "currency" | "minor_digits">, amount: number): string {
  return money(amount * (MICROS / 10 ** invoice.minor_digits), invoice.currency);
}

const STATES: Record<InvoiceStatus, { label: string; tone: "good" | "attention" | "bad" | "plain" }> = {
  draft: { label: "Draft", tone: "plain" },
  final: { label: "Due", tone: "attention" },
  overdue: { label: "Overdue", tone: "bad" },
  paid: { label: "Paid", tone: "good" },
  void: { label: "Void", tone: "plain" },
};
const FILTERS = [{ value: "all", label: "All" }, ...INVOICE_STATES.map((value) => ({ value, label: STATES[value].label }))] as const;

export function InvoiceState({ status }: { status: InvoiceStatus }) {
  return <Tag tone={STATES[status].tone}>{STATES[status].label}</Tag>;
}

function columns(isOperator: boolean): Column<Invoice>[] {
  return [
    { head: "Number", text: (row) => row.number ?? "", cell: (row) => <span className="font-medium tabular">{row.number ?? "not yet"}</span> },
    ...(isOperator ? [{ head: "Business", text: (row: Invoice) => row.buyer ?? "", cell: (row: Invoice) => row.buyer ?? row.portfolio_id }] : []),
    { head: "Month", text: (row) => row.period, cell: (row) => <span className="tabular">{row.period}</span> },
    { head: "State", text: (row) => row.status, cell: (row) => <InvoiceState status={row.status} /> },
    { head: "Due", wide: true, text: (row) => row.due_at ?? "", cell: (row) => (row.due_at === null || row.open_minor === 0 ? <span className="text-muted">nothing</span> : <Time at={row.due_at} />) },
    { head: "Total", end: true, text: (row) => row.total_minor, cell: (row) => <span className="font-medium">{minor(row, row.total_minor)}</span> },
    { head: "Open", end: true, wide: true, text: (row) => row.open_minor, cell: (row) => (row.open_minor === 0 ? <span className="text-muted">{minor(row, 0)}</span> : minor(row, row.open_minor)) },
  ];
}

type ListProps = { queries: InvoiceQueries; status: InvoiceStatus | undefined; onStatus: (status: InvoiceStatus | undefined) => void; onOpen: (id: string) => void; note: string; isOperator?: boolean };

export function InvoiceList({ queries, status, onStatus, onOpen, note, isOperator = false }: ListProps) {
  const list = useInfiniteQuery(queries.list({ status }));
  const rows = list.data?.pages.flatMap((page) => page.data);
  return (
    <>
      <PageHead title="Invoices" note={note}>
        <Segments label="State" value={status ?? "all"} options={FILTERS} onChange={(next) => onStatus(next === "all" ? undefined : next)} />
      </PageHead>
      <DataTable
        label="Invoices"
        columns={columns(isOperator)}
        rows={rows}
        rowKey={(row) => row.invoice_id}
        rowLabel={(row) => `Invoice ${row.number ?? `draft of ${row.period}`}, ${STATES[row.status].label}, ${minor(row, row.total_minor)}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => onOpen(row.invoice_id)}
        empty={
          <Empty icon={<FileText size={30} strokeWidth={1.5} />} title={status === undefined ? "No invoices yet" : "No invoice in this state"}>
            {status === undefined ? "When a month has ended, what was used in it becomes an invoice. It waits a few days for late receipts, then it is issued." : "Choose another state, or All."}
          </Empty>
        }
        footer={<More list={list} />}
      />
    </>
  );
}

const LINES: Column<InvoiceLine & { currency: string; minor_digits: number; position: number }>[] = [
  {
    head: "Description",
    text: (row) => row.text,
    cell: (row) => (
      <>
        {row.text}
        {row.note !== "" && <span className="block text-13 text-muted">{row.note}</span>}
      </>
    ),
  },
  { head: "Quantity", end: true, text: (row) => row.quantity, cell: (row) => row.quantity.toLocaleString() },
  { head: "Unit price", end: true, wide: true, text: (row) => row.unit_micros, cell: (row) => money(row.unit_micros, row.currency, "exact") },
  { head: "Amount", end: true, text: (row) => row.net_minor, cell: (row) => minor(row, row.net_minor) },
];

type ViewProps = { queries: InvoiceQueries; invoiceId: string; Actions?: ComponentType<{ invoice: WholeInvoice }> };

export function InvoiceView({ queries, invoiceId, Actions }: ViewProps) {
  const query = useQuery(queries.one(invoiceId));
  if (!query.data) return query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={8} />;
  const invoice = query.data;
  return (
    <>
      <header className="mb-6 flex flex-wrap items-end gap-x-6 gap-y-3">
        <div className="min-w-0 grow">
          <p className="text-muted">
            {invoice.buyer ?? invoice.portfolio_id}, {invoice.period}
          </p>
          <h1 className="mt-1 flex flex-wrap items-center gap-3 text-28 font-semibold tracking-tight">
            {invoice.number ?? "Draft"}
            <InvoiceState status={invoice.status} />
          </h1>
        </div>
        <div className="text-end">
          <div className="text-28 font-semibold tracking-tight text-accent-text tabular">{minor(invoice, invoice.open_minor)}</div>
          <div className="text-13 text-muted">
            {invoice.open_minor > 0 && invoice.due_at !== null ? (
              <>
                open, due <Time at={invoice.due_at} />
              </>
            ) : invoice.status === "draft" ? (
              "open: it is not issued"
            ) : (
              "open: nothing is due"
            )}
          </div>
        </div>
      </header>
      {Actions && (
        <div className="mb-6 flex flex-wrap gap-2">
          <Actions key={invoice.status} invoice={invoice} />
        </div>
      )}
      <Section title="Files">
        <Files queries={queries} invoice={invoice} />
      </Section>
      <Section title="Lines">
        <DataTable
          label="Lines of the invoice"
          columns={LINES}
          rows={invoice.lines.map((line, position) => ({ ...line, currency: invoice.currency, minor_digits: invoice.minor_digits, position }))}
          rowKey={(row) => String(row.position)}
          error={null}
          onRetry={() => undefined}
          empty={null}
        />
      </Section>
      <Section title="Sums">
        <Sums invoice={invoice} />
      </Section>
      {invoice.payments.length > 0 && (
        <Section title="Payments">
          <Pairs framed>
            {invoice.payments.map((paid) => (
              <Pair key={paid.payment_id} name={paid.method === "transfer" ? "Bank transfer" : paid.method}>
                <span className="font-medium tabular">{minor(invoice, paid.amount_minor)}</span>, <Time at={paid.paid_at} />, reference {paid.reference}
              </Pair>
            ))}
          </Pairs>
        </Section>
      )}
      {invoice.credit_notes.length > 0 && (
        <Section title="Credit notes">
          <ul className="grid gap-2">
            {invoice.credit_notes.map((note) => (
              <li key={note.credit_note_id} className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-14 border bg-surface px-4 py-3">
                <span className="min-w-0 grow">
                  <span className="font-medium tabular">{note.number}</span>, <Time at={note.issued_at} />
                  <span className="block text-13 text-muted">{note.reason}</span>
                </span>
                <span className="font-medium tabular">{minor(invoice, note.amount_minor)}</span>
                <FileButton queries={queries} invoice={invoice} name={note.number} kind="pdf" document={`${note.number}.pdf`} label="PDF" />
                <FileButton queries={queries} invoice={invoice} name={note.number} kind="xml" document={`${note.number}.xml`} label="XML" />
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

function Sums({ invoice }: { invoice: WholeInvoice }) {
  const rows: [string, number, boolean][] = [
    ["Subtotal", invoice.subtotal_minor, false],
    ...invoice.taxes.map((tax): [string, number, boolean] => [`${tax.treatment.name} ${tax.treatment.ppm / 10_000} %`, tax.tax_minor, false]),
    ["Total", invoice.total_minor, true],
    ["Paid in advance", invoice.prepaid_minor, false],
    ["Paid", invoice.paid_minor, false],
    ["Credited", invoice.credited_minor, false],
  ];
  return (
    <>
      <dl className="grid max-w-md grid-cols-[1fr_auto] gap-x-6 gap-y-2 rounded-14 border bg-surface px-4 py-3">
        {rows
          .filter(([, amount, counts]) => counts || amount !== 0)
          .map(([label, amount, counts]) => (
            <div key={label} className={counts ? "contents font-semibold" : "contents"}>
              <dt className={counts ? "" : "text-muted"}>{label}</dt>
              <dd className="text-end tabular">{minor(invoice, amount)}</dd>
            </div>
          ))}
      </dl>
      {invoice.taxes.map((tax) => tax.treatment.note !== "" && (
        <p key={tax.treatment.note} className="mt-2 text-13 text-muted">
          {tax.treatment.note}.
        </p>
      ))}
    </>
  );
}

function Files({ queries, invoice }: { queries: InvoiceQueries; invoice: WholeInvoice }) {
  const name = invoice.number ?? `draft-${invoice.period}`;
  return (
    <div className="flex flex-wrap gap-2">
      <FileButton queries={queries} invoice={invoice} name={name} kind="pdf" document="pdf" label="PDF" />
      {invoice.number !== null && (
        <>
          <FileButton queries={queries} invoice={invoice} name={name} kind="xml" document="xml" label="XML (EN 16931)" />
          <FileButton queries={queries} invoice={invoice} name={name} kind="csv" document="csv" label="Messages as CSV" />
          <FileButton queries={queries} invoice={invoice} name={name} kind="parquet" document="parquet" label="Messages as Parquet" />
        </>
      )}
    </div>
  );
}

function FileButton({ queries, invoice, name, kind, document, label }: { queries: InvoiceQueries; invoice: WholeInvoice; name: string; kind: string; document: string; label: string }) {
  const fetching = useMutation({
    mutationFn: () => queries.file(invoice.invoice_id, document),
    onSuccess: (blob) => {
      const address = URL.createObjectURL(blob);
      save(`${name}.${kind}`, address);
      URL.revokeObjectURL(address);
    },
  });
  return (
    <>
      <Button small disabled={fetching.isPending} onClick={() => fetching.mutate()}>
        <FileText size={15} aria-hidden="true" />
        {fetching.isPending ? "Fetching…" : label}
      </Button>
      {fetching.error && <ErrorNote message={fetching.error.message} requestId={null} onRetry={() => fetching.mutate()} />}
    </>
  );
}
