/** Why a message costs what it costs: the steps of the rating, the price version, the transfers of the ledger. */
import type { Explanation, Transfer } from "@/api/operator";
import { money } from "@/lib/money";
import { date } from "@/lib/time";
import { Id } from "./CopyButton";
import { DataTable } from "./DataTable";
import type { Column } from "./DataTable";
import { Section } from "./Section";
import { Tag } from "./Tag";
import { Time } from "./Time";
import { words } from "./categories";

const iso = (at: number): string => new Date(at * 1000).toISOString();

export function Reasons({ explanation, title = "How it was worked out" }: { explanation: Explanation; title?: string }) {
  const { charge, why, price_version: version, transfers } = explanation;
  return (
    <>
      <Section title={title}>
        <ol className="overflow-hidden rounded-14 border bg-surface">
          {why.map((step, n) => (
            <li key={step.step} className="grid grid-cols-[2rem_minmax(0,1fr)] gap-x-2 border-b px-4 py-3 last:border-b-0 sm:grid-cols-[2rem_9rem_minmax(0,1fr)]">
              <span className="text-13 text-faint tabular">{n + 1}</span>
              <span className="font-medium">{step.step}</span>
              <span className="col-start-2 sm:col-start-3">
                {step.value}
                <span className="mt-0.5 block text-13 text-pretty text-muted">{step.because}</span>
              </span>
            </li>
          ))}
        </ol>
      </Section>
      {version && (
        <Section title="Price version">
          <div className="flex flex-wrap items-center gap-x-6 gap-y-1 rounded-14 border bg-surface px-4 py-3">
            <Id value={version.id} what="price version id" />
            <span className="text-muted">
              in force from {date(version.effective_from * 1000)}
              {version.effective_to === null ? ", open-ended" : ` to ${date(version.effective_to * 1000)}`}
            </span>
          </div>
        </Section>
      )}
      <Section title="Ledger transfers">
        <Transfers transfers={transfers} currency={charge.currency} />
      </Section>
    </>
  );
}

/** A transfer with the currency of its charge: the columns stand outside the component. */
type Moved = Transfer & { currency: string };

const TRANSFER_COLUMNS: Column<Moved>[] = [
  { head: "When", text: (row) => iso(row.at), cell: (row) => <Time at={row.at} /> },
  { head: "Kind", text: (row) => row.kind, cell: (row) => <Tag>{words(row.kind)}</Tag> },
  { head: "Debit", text: (row) => row.debit, cell: (row) => row.debit },
  { head: "Credit", text: (row) => row.credit, cell: (row) => row.credit },
  { head: "Transfer", wide: true, text: (row) => row.transfer_id, cell: (row) => <Id value={row.transfer_id} what="transfer id" /> },
  { head: "Amount", end: true, text: (row) => row.amount_micros, cell: (row) => money(row.amount_micros, row.currency, "exact") },
];

function Transfers({ transfers, currency }: { transfers: readonly Transfer[]; currency: string }) {
  return (
    <DataTable
      label="Ledger transfers of this charge"
      columns={TRANSFER_COLUMNS}
      rows={transfers.map((transfer) => ({ ...transfer, currency }))}
      rowKey={(row) => row.transfer_id}
      error={null}
      onRetry={() => undefined}
      empty={<p className="px-4 py-5 text-muted">No money moved: this message was free.</p>}
    />
  );
}
