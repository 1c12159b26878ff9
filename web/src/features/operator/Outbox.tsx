/** # Outbox: the sandbox sends no text messages; the one-time codes that it would have sent stand here. */
import { useQuery } from "@tanstack/react-query";
import { Inbox } from "lucide-react";
import type { OneTimeCode } from "@/api/operator";
import { useNow } from "@/lib/clock";
import { readableNumber } from "@/lib/number";
import { CopyButton } from "@/ui/CopyButton";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Empty } from "@/ui/Problem";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { words } from "@/ui/categories";
import { PageHead } from "@/ui/Console";
import { useOperator } from "./session";

function Expiry({ at }: { at: number }) {
  const over = at * 1000 < useNow();
  return over ? <Tag>Over</Tag> : <Time at={at} />;
}

const COLUMNS: Column<OneTimeCode>[] = [
  { head: "Number", text: (row) => row.number, cell: (row) => <span className="tabular">{readableNumber(row.number)}</span> },
  {
    head: "Code",
    text: (row) => row.code,
    cell: (row) => (
      <span className="inline-flex items-center gap-1 font-mono text-16 tracking-[0.12em]">
        {row.code}
        <CopyButton text={row.code} what="code" />
      </span>
    ),
  },
  { head: "For", text: (row) => row.purpose, cell: (row) => words(row.purpose) },
  { head: "Sent", text: (row) => row.created_at, cell: (row) => <Time at={row.created_at} /> },
  { head: "Good until", text: (row) => row.expires_at, cell: (row) => <Expiry at={row.expires_at} /> },
];

export function Outbox() {
  const { queries } = useOperator();
  const list = useQuery(queries.outbox());
  return (
    <>
      <PageHead title="Outbox" note="The sandbox sends nothing outside. One-time codes wait here instead; practice numbers (+999…) always take 000000." />
      <DataTable
        label="One-time codes"
        columns={COLUMNS}
        rows={list.data}
        rowKey={(row) => `${row.number} ${row.code} ${row.created_at}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        empty={
          <Empty icon={<Inbox size={30} strokeWidth={1.5} />} title="No codes waiting">
            Register with a number of your own in the messenger, and its code shows here.
          </Empty>
        }
      />
    </>
  );
}
