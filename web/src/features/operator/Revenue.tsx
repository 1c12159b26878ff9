/**
 * # Revenue
 *
 * What the network earned in some days: the sum beside the period before, split by category, market, customer or plan, over
 * time and side by side, and the same figures as tables, whose rows lead down to the charges or to the customer. One
 * currency at a time; sums never cross currencies.
 */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChartNoAxesColumn, Download } from "lucide-react";
import type { Overview } from "@/api/operator";
import { SPLITS } from "@/api/revenue";
import type { Period, Revenue, RevenueOf, RevenuePart, Split } from "@/api/revenue";
import { count, decimal, money, share } from "@/lib/money";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable, downloadTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Change, Figure, Figures, Panel } from "@/ui/Figures";
import { Empty } from "@/ui/Problem";
import { Segments } from "@/ui/Segments";
import { Category } from "@/ui/categories";
import { PeriodChooser } from "./PeriodChooser";
import { OverTimeChart, PartsChart, overTime, partKey, partName, withDistinctNames } from "./charts";
import { useOperator } from "./session";

export type RevenueSearch = RevenueOf & { view?: "table" };

const SPLIT_LABELS: Record<Split, string> = { category: "Category", market: "Market", market_category: "Market and category", portfolio: "Customer", plan: "Plan" };
const BEFORE: Record<Period, string> = {
  today: "yesterday", "7d": "the 7 days before", "30d": "the 30 days before", "90d": "the 90 days before",
  month: "last month", last_month: "the month before", days: "as many days before",
};
const VIEWS = [{ value: "chart", label: "Chart" }, { value: "table", label: "Table" }] as const;

function columnsOf(data: Revenue): Column<RevenuePart>[] {
  const named: Column<RevenuePart> = { head: SPLIT_LABELS[data.by], text: partName, cell: (row) => <span className="font-medium">{partName(row)}</span> };
  const names: Record<Split, Column<RevenuePart>[]> = {
    category: [{ ...named, text: (row) => row.category ?? "", cell: (row) => <Category name={row.category ?? ""} /> }],
    market: [named],
    market_category: [
      { head: "Market", text: (row) => row.market ?? "", cell: (row) => row.market },
      { head: "Category", text: (row) => row.category ?? "", cell: (row) => <Category name={row.category ?? ""} /> },
    ],
    portfolio: [named],
    plan: [named],
  };
  return [
    ...names[data.by],
    { head: "Messages", end: true, wide: data.by === "market_category", text: (row) => row.messages, cell: (row) => count(row.messages) },
    { head: "Billable", end: true, wide: true, text: (row) => row.billable, cell: (row) => count(row.billable) },
    { head: "Share", end: true, wide: true, text: (row) => share(row.amount_micros, data.total.amount_micros), cell: (row) => <span className="text-muted">{share(row.amount_micros, data.total.amount_micros)}</span> },
    { head: "Revenue", end: true, text: (row) => decimal(row.amount_micros), cell: (row) => <span className="font-medium">{money(row.amount_micros, data.currency)}</span> },
  ];
}

export function RevenueView({ search }: { search: RevenueSearch }) {
  const { queries } = useOperator();
  const navigate = useNavigate();
  const { view, ...of } = search;
  const revenue = useQuery(queries.revenue(of));
  const overview = useQuery(queries.overview());
  const data = revenue.data && withDistinctNames(revenue.data);
  const go = (next: Partial<RevenueSearch>): void => void navigate({ to: "/operator/revenue", search: { ...search, ...next } });
  const file = `revenue-${search.by}-${search.period === "days" ? `${search.from}-${search.to}` : search.period}-${data?.currency ?? ""}`;
  return (
    <>
      <PageHead title="Revenue" note="What was delivered, and what it earned. Each message is charged once, on delivery. Days are those of UTC.">
        {data && data.currencies.length > 1 && (
          <Segments label="Currency" value={data.currency} options={data.currencies.map((each) => ({ value: each.currency, label: each.currency }))} onChange={(currency) => go({ currency })} />
        )}
        <PeriodChooser period={search.period} days={daysOf(search, data)} onChange={({ period, from, to }) => void navigate({ to: "/operator/revenue", search: { ...withoutDays(search), period, ...(from && to ? { from, to } : {}) } })} />
      </PageHead>
      <Sums data={data} period={search.period} overview={overview.data} />
      <div className="mt-6 mb-2 flex flex-wrap items-center gap-3">
        <h2 className="text-16 font-semibold">Split by</h2>
        <Segments label="Split by" value={search.by} options={SPLITS.map((by) => ({ value: by, label: SPLIT_LABELS[by] }))} onChange={(by) => go({ by })} />
      </div>
      {data && data.total.messages > 0 && <Pictures data={data} view={view ?? "chart"} file={file} onView={(next) => void navigate({ to: "/operator/revenue", search: { ...of, ...(next === "table" ? { view: next } : {}) } })} />}
      <Parts data={data} file={file} error={revenue.error} onRetry={() => void revenue.refetch()} />
      {data && data.currencies.length > 1 && (
        <p className="mt-3 text-13 text-muted">All currencies: {data.currencies.map((sum) => money(sum.amount_micros, sum.currency)).join(" · ")}</p>
      )}
    </>
  );
}

/** The chart over time (or its table) and the parts side by side. */
function Pictures({ data, view, file, onView }: { data: Revenue; view: "chart" | "table"; file: string; onView: (view: "chart" | "table") => void }) {
  const { columns, rows } = overTime(data);
  const each = data.bucket === "hour" ? "hour" : "day";
  // One bucket is no course of time: only the parts are worth a picture.
  const isOverTime = data.series.length > 1;
  const by = SPLIT_LABELS[data.by].toLowerCase();
  return (
    <div className={isOverTime ? "grid gap-4 xl:grid-cols-[1.7fr_1fr]" : "grid gap-4"}>
      {isOverTime && (
        <Panel
          title={`By ${by}, each ${each}`}
          note={data.currency}
          actions={
            <>
              <Segments label="Show as" value={view} options={VIEWS} onChange={onView} />
              {view === "table" && <Csv label="CSV of the table over time" onClick={() => downloadTable(`${file}-by-${each}`, columns, rows)} />}
            </>
          }
        >
          {view === "chart" ? (
            <OverTimeChart data={data} />
          ) : (
            <DataTable plain low label="Revenue over time" columns={columns} rows={rows} rowKey={(row) => String(row.at)} error={null} onRetry={() => undefined} empty={null} />
          )}
        </Panel>
      )}
      <Panel title={`By ${by}`} note={data.currency}>
        <PartsChart data={data} />
      </Panel>
    </div>
  );
}

function Csv({ label, disabled = false, onClick }: { label: string; disabled?: boolean; onClick: () => void }) {
  return (
    <Button small disabled={disabled} aria-label={label} onClick={onClick}>
      <Download size={15} aria-hidden="true" />
      CSV
    </Button>
  );
}

function Parts({ data, file, error, onRetry }: { data: Revenue | undefined; file: string; error: Error | null; onRetry: () => void }) {
  const navigate = useNavigate();
  const columns = data ? columnsOf(data) : [];
  const rows = data?.totals;
  const open = (row: RevenuePart): void => {
    if (row.portfolio_id !== undefined) return void navigate({ to: "/operator/businesses/$businessId", params: { businessId: row.portfolio_id } });
    if (row.plan !== undefined) return void navigate({ to: "/operator/plans" });
    const { market, category } = row;
    void navigate({ to: "/operator/charges", search: { ...(market === undefined ? {} : { market }), ...(category === undefined ? {} : { category }) } });
  };
  const leads = data?.by === "portfolio" ? "Customer" : data?.by === "plan" ? "Plan" : "Charges of";
  return (
    <>
      <div className="mt-6 mb-2 flex items-center gap-3">
        <h2 className="grow text-16 font-semibold">{data ? `By ${SPLIT_LABELS[data.by].toLowerCase()}` : "Revenue"}</h2>
        <Csv label="CSV of the table of parts" disabled={!rows || rows.length === 0} onClick={() => rows && downloadTable(file, columns, rows)} />
      </div>
      <DataTable
        label="Revenue by part"
        columns={columns}
        rows={rows}
        rowKey={partKey}
        rowLabel={(row) => `${leads} ${partName(row)}`}
        error={error}
        onRetry={onRetry}
        onOpen={open}
        footer={
          data &&
          data.more.parts > 0 && (
            <p className="border-t px-4 py-3 text-13 text-muted">
              and {count(data.more.parts)} more, together {money(data.more.amount_micros, data.currency)}
            </p>
          )
        }
        empty={
          <Empty icon={<ChartNoAxesColumn size={30} strokeWidth={1.5} />} title="Nothing delivered in these days">
            The first delivered business message shows here: by its category, the market of its number, who sent it, and their plan.
          </Empty>
        }
      />
    </>
  );
}

function Sums({ data, period, overview }: { data: Revenue | undefined; period: Period; overview: Overview | undefined }) {
  const { amount_micros: amount, messages, billable } = data?.total ?? { amount_micros: 0, messages: 0, billable: 0 };
  const before = BEFORE[period];
  return (
    <Figures>
      <Figure name="Revenue" value={data ? money(amount, data.currency) : null} large note={data ? <Change now={amount} before={data.previous.amount_micros} than={before} /> : ""} />
      <Figure name="Messages delivered" value={data ? count(messages) : null} note={data ? <Change now={messages} before={data.previous.messages} than={before} /> : ""} />
      <Figure name="Billable" value={data ? count(billable) : null} note={data && billable > 0 ? `${money(Math.round(amount / billable), data.currency, "exact")} on average` : "no paid message yet"} />
      <Figure
        name="Connected now"
        value={overview?.connected === undefined ? null : count(overview.connected)}
        note={[overview?.accounts === undefined ? "" : `${count(overview.accounts)} accounts`, overview?.businesses === undefined ? "" : `${count(overview.businesses)} businesses`].filter((part) => part !== "").join(", ")}
      />
    </Figures>
  );
}

function withoutDays({ from: _from, to: _to, ...rest }: RevenueSearch): RevenueSearch {
  return rest;
}

/** The first and the last day that are shown: where choosing days begins. */
function daysOf(search: RevenueSearch, data: Revenue | undefined): { from: string; to: string } {
  const date = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);
  return { from: search.from ?? (data ? date(data.period.from) : ""), to: search.to ?? (data ? date(data.period.to - 1) : "") };
}
