/**
 * # Revenue
 *
 * What the network earned today or this month: the sum beside the period before, by category over time, by market, and
 * the same figures as a table whose rows lead down to the charges. One currency at a time; sums never cross currencies.
 */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChartNoAxesColumn, Download } from "lucide-react";
import type { Overview, Period, Revenue, RevenueTotal } from "@/api/operator";
import { count, money, sumByCurrency } from "@/lib/money";
import { Button } from "@/ui/Button";
import { DataTable, downloadTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Change, Figure, Figures, Panel } from "@/ui/Figures";
import { Empty } from "@/ui/Problem";
import { Segments } from "@/ui/Segments";
import { Category, words } from "@/ui/categories";
import { CategoryChart, MarketChart } from "./charts";
import { PageHead } from "@/ui/Console";
import { useOperator } from "./session";

const PERIODS = [
  { value: "today", label: "Today" },
  { value: "month", label: "This month" },
] as const;

const COLUMNS: Column<RevenueTotal>[] = [
  { head: "Market", text: (row) => row.market, cell: (row) => row.market },
  { head: "Category", text: (row) => row.category, cell: (row) => <Category name={row.category} /> },
  { head: "Messages", end: true, text: (row) => row.messages, cell: (row) => count(row.messages) },
  { head: "Billable", end: true, text: (row) => row.billable, cell: (row) => count(row.billable) },
  { head: "Revenue", end: true, text: (row) => money(row.amount_micros, row.currency, "exact"), cell: (row) => <span className="font-medium">{money(row.amount_micros, row.currency)}</span> },
];

export function RevenueView({ period, currency: wanted }: { period: Period; currency: string | undefined }) {
  const { queries } = useOperator();
  const navigate = useNavigate();
  const revenue = useQuery(queries.revenue(period));
  const overview = useQuery(queries.overview());
  const data = revenue.data;
  const sums = data ? sumByCurrency(data.totals) : [];
  const currency = wanted ?? data?.currency ?? sums[0]?.currency ?? "USD";
  const totals = data?.totals.filter((row) => row.currency === currency && row.messages > 0).sort((a, b) => b.amount_micros - a.amount_micros || b.messages - a.messages);

  return (
    <>
      <PageHead title="Revenue" note="What was delivered, and what it earned. Each message is charged once, on delivery.">
        {sums.length > 1 && (
          <Segments label="Currency" value={currency} options={sums.map((sum) => ({ value: sum.currency, label: sum.currency }))} onChange={(next) => void navigate({ to: "/operator/revenue", search: { period, currency: next } })} />
        )}
        <Segments
          label="Period"
          value={period}
          options={PERIODS}
          onChange={(next) => void navigate({ to: "/operator/revenue", search: { period: next, ...(wanted === undefined ? {} : { currency: wanted }) } })}
        />
        <Button small disabled={!totals || totals.length === 0} onClick={() => totals && downloadTable(`revenue-${period}-${currency}`, COLUMNS, totals)}>
          <Download size={15} aria-hidden="true" />
          CSV
        </Button>
      </PageHead>
      <Sums data={data} period={period} currency={currency} overview={overview.data} />
      {data && totals && totals.length > 0 && (
        <div className="mt-4 grid gap-4 xl:grid-cols-[1.7fr_1fr]">
          <Panel title={period === "today" ? "By category, each hour" : "By category, each day"} note={currency}>
            <CategoryChart series={data.series.filter((point) => point.currency === currency)} currency={currency} period={period} />
          </Panel>
          <Panel title="By market" note={currency}>
            <MarketChart totals={totals} currency={currency} />
          </Panel>
        </div>
      )}
      <h2 className="mt-6 mb-2 text-16 font-semibold">By market and category</h2>
      <DataTable
        label="Revenue by market and category"
        columns={COLUMNS}
        rows={totals}
        rowKey={(row) => `${row.market} ${row.category}`}
        rowLabel={(row) => `Charges of ${row.market}, ${words(row.category)}`}
        error={revenue.error}
        onRetry={() => void revenue.refetch()}
        onOpen={(row) => void navigate({ to: "/operator/charges", search: { market: row.market, category: row.category } })}
        empty={
          <Empty icon={<ChartNoAxesColumn size={30} strokeWidth={1.5} />} title={period === "today" ? "Nothing delivered yet today" : "Nothing delivered yet this month"}>
            The first delivered business message shows here, by the market of its number and the category of its template.
          </Empty>
        }
      />
      {sums.length > 1 && (
        <p className="mt-3 text-13 text-muted">
          All currencies: {sums.map((sum) => money(sum.amount_micros, sum.currency)).join(" · ")}
        </p>
      )}
    </>
  );
}

function Sums({ data, period, currency, overview }: { data: Revenue | undefined; period: Period; currency: string; overview: Overview | undefined }) {
  const rows = data?.totals.filter((row) => row.currency === currency) ?? [];
  const amount = rows.reduce((sum, row) => sum + row.amount_micros, 0);
  const messages = rows.reduce((sum, row) => sum + row.messages, 0);
  const billable = rows.reduce((sum, row) => sum + row.billable, 0);
  // The period before is given in the page's main currency only.
  const comparable = data?.currency === currency;
  const before = period === "today" ? "yesterday" : "last month";
  return (
    <Figures>
      <Figure name="Revenue" value={data ? money(amount, currency) : null} large note={comparable ? <Change now={amount} before={data.previous.amount_micros} than={before} /> : currency} />
      <Figure name="Messages delivered" value={data ? count(messages) : null} note={comparable ? <Change now={messages} before={data.previous.messages} than={before} /> : ""} />
      <Figure name="Billable" value={data ? count(billable) : null} note={billable > 0 ? `${money(Math.round(amount / billable), currency, "exact")} on average` : "no paid message yet"} />
      <Figure
        name="Connected now"
        value={overview?.connected === undefined ? null : count(overview.connected)}
        note={[overview?.accounts === undefined ? "" : `${count(overview.accounts)} accounts`, overview?.businesses === undefined ? "" : `${count(overview.businesses)} businesses`].filter((part) => part !== "").join(", ")}
      />
    </Figures>
  );
}
