/** What each campaign cost in a month, and what belongs to none: together what the month cost. */
import { useQuery } from "@tanstack/react-query";
import { Megaphone } from "lucide-react";
import { useState } from "react";
import { estimateQueries } from "@/api/estimate";
import type { Campaign } from "@/api/estimate";
import { count, money } from "@/lib/money";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Empty } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { Select } from "@/ui/Select";
import { Category } from "@/ui/categories";
import { useManager } from "./session";

/** Months that can be chosen. */
const MONTHS = 12;

const nameOf = (row: Campaign): string => row.name ?? (row.category === "call" ? "Calls" : "Of no campaign");

const columns = (currency: string): Column<Campaign>[] => [
  { head: "Campaign", text: nameOf, cell: (row) => <span className={row.name === null ? "text-muted" : "font-medium"}>{nameOf(row)}</span> },
  { head: "Category", wide: true, text: (row) => row.category, cell: (row) => <Category name={row.category} /> },
  { head: "Delivered", end: true, text: (row) => row.messages, cell: (row) => count(row.messages) },
  { head: "Paid", end: true, wide: true, text: (row) => row.billable, cell: (row) => count(row.billable) },
  { head: "Cost", end: true, text: (row) => row.amount_micros, cell: (row) => money(row.amount_micros, currency) },
];

/** The last months, this one first: `2026-11`. */
function months(now: Date): string[] {
  return Array.from({ length: MONTHS }, (_, n) => {
    const date = new Date(Date.UTC(now.getFullYear(), now.getMonth() - n, 1));
    return `${date.getUTCFullYear()}-${String(date.getUTCMonth() + 1).padStart(2, "0")}`;
  });
}

export function Campaigns() {
  const { token } = useManager();
  const [period, setPeriod] = useState("");
  const query = useQuery(estimateQueries(token).campaigns(period === "" ? undefined : period));
  const [past] = useState(() => months(new Date()).slice(1));
  const options = [{ value: "", label: "This month" }, ...past.map((month) => ({ value: month, label: month }))];
  const found = query.data;
  return (
    <Section title="Campaigns" action={<Select label="Month" hideLabel value={period} options={options} onChange={setPeriod} />}>
      <DataTable
        label="Cost by campaign"
        columns={columns(found?.currency ?? "USD")}
        rows={found?.data}
        rowKey={(row) => `${row.name ?? ""} ${row.category}`}
        rowLabel={(row) => `${nameOf(row)}, ${row.category}`}
        error={query.error}
        onRetry={() => void query.refetch()}
        empty={
          <Empty icon={<Megaphone size={30} strokeWidth={1.5} />} title="Nothing delivered in this month">
            A campaign is the messages of one template, or those that name it: send them with <code className="font-mono text-12">"biz_opaque_callback_data": "campaign:spring"</code>. What each cost stands here as soon as they are delivered.
          </Empty>
        }
      />
      {found && found.data.length > 0 && (
        <p className="mt-2 text-13 text-muted">
          Together <span className="font-medium text-ink tabular">{money(found.amount_micros, found.currency)}</span> before tax, as on the invoice of {found.period}
          {found.more > 0 && `; ${count(found.more)} smaller ones, together ${money(found.more_amount_micros, found.currency)}, are not shown`}. A message belongs to its template, or to the campaign that its <code className="font-mono text-12">biz_opaque_callback_data</code> names:{" "}
          <code className="font-mono text-12">campaign:spring</code>.
        </p>
      )}
    </Section>
  );
}
