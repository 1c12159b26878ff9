/** The last messages that were charged; each opens why it cost what it cost. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ReceiptText } from "lucide-react";
import type { LoggedMessage } from "@/api/manager";
import { money } from "@/lib/money";
import { readableNumber } from "@/lib/number";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Empty } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { Category } from "@/ui/categories";
import { useManager } from "./session";

const SHOWN = 6;

const costOf = (row: LoggedMessage): string => (row.charge ? money(row.charge.amount_micros, row.charge.currency, "exact") : "");
const columns: Column<LoggedMessage>[] = [
  { head: "When", text: (row) => row.at, cell: (row) => <Time at={row.at} /> },
  { head: "To", text: (row) => row.person?.number ?? "", cell: (row) => (row.person ? <span className="tabular">{readableNumber(row.person.number)}</span> : "") },
  { head: "Category", wide: true, text: (row) => row.category ?? "", cell: (row) => (row.category ? <Category name={row.category} /> : "") },
  { head: "Template", wide: true, text: (row) => row.template?.name ?? "", cell: (row) => row.template?.name ?? <span className="text-faint">–</span> },
  { head: "Cost", end: true, text: costOf, cell: costOf },
];

export function LatestCharges() {
  const { queries } = useManager();
  const navigate = useNavigate();
  const list = useInfiniteQuery(queries.messages({ direction: "out" }));
  const rows = list.data?.pages.flatMap((page) => page.data).filter((row) => row.charge !== null).slice(0, SHOWN);
  return (
    <Section
      title="Latest charges"
      action={
        <Link to="/manager/messages" search={{ direction: "out" }} className="text-13 text-muted underline hover:text-ink">
          All messages
        </Link>
      }
    >
      <DataTable
        label="Last charged messages"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.message_id}
        rowLabel={(row) => `${costOf(row)} to ${row.person?.number ?? "somebody"}: why this price`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => void navigate({ to: "/manager/messages/$messageId", params: { messageId: row.message_id } })}
        empty={
          <Empty icon={<ReceiptText size={30} strokeWidth={1.5} />} title="Nothing charged yet">
            Each delivered message stands here with its price. Open one to see why it costs that.
          </Empty>
        }
      />
    </Section>
  );
}
