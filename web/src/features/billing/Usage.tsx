/** What a business's messages of this month cost, by category. */
import type { Billing } from "@/api/billing";
import { count, money } from "@/lib/money";
import { Figure, Figures } from "@/ui/Figures";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Category, inCategoryOrder } from "@/ui/categories";
import { Empty } from "@/ui/Problem";
import { ReceiptText } from "lucide-react";

type Row = Billing["usage"][number];

const columns = (currency: string): Column<Row>[] => [
  { head: "Category", text: (row) => row.category, cell: (row) => <Category name={row.category} /> },
  { head: "Delivered", end: true, text: (row) => row.messages, cell: (row) => count(row.messages) },
  { head: "Paid", end: true, text: (row) => row.billable, cell: (row) => count(row.billable) },
  { head: "Cost", end: true, text: (row) => row.amount_micros, cell: (row) => money(row.amount_micros, currency) },
];

export function Spent({ billing }: { billing: Billing }) {
  const { currency, spent, usage, balance } = billing;
  const delivered = usage.reduce((sum, row) => sum + row.messages, 0);
  const free = usage.reduce((sum, row) => sum + row.messages - row.billable, 0);
  return (
    <Figures>
      <Figure name="Spent today" value={money(spent.today_micros, currency)} note="charged and set aside" />
      <Figure name="Spent this month" value={money(spent.month_micros, currency)} note={`in ${billing.time_zone}`} />
      <Figure name="Delivered this month" value={count(delivered)} note={free === 0 ? "none of them free" : `${count(free)} of them free`} />
      <Figure name="On their way" value={money(balance.held_micros, currency)} note="the most that they can cost" />
    </Figures>
  );
}

export function Usage({ billing }: { billing: Billing }) {
  const order = inCategoryOrder(billing.usage.map((row) => row.category));
  const rows = [...billing.usage].sort((a, b) => order.indexOf(a.category) - order.indexOf(b.category));
  return (
    <DataTable
      label="Usage this month by category"
      columns={columns(billing.currency)}
      rows={rows}
      rowKey={(row) => row.category}
      rowLabel={(row) => row.category}
      error={null}
      onRetry={() => undefined}
      empty={
        <Empty icon={<ReceiptText size={30} strokeWidth={1.5} />} title="Nothing delivered this month">
          What your messages cost stands here as soon as they are delivered.
        </Empty>
      }
    />
  );
}
