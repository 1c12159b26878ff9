/**
 * # Analytics
 *
 * What became of the messages of a time: for each day how many went out, arrived and were read; what the deliveries cost,
 * by category and country; and how the templates did. A message counts on the day of its sending. The charts are pictures
 * of the tables below them.
 */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChartNoAxesColumn, Download } from "lucide-react";
import type { Analytics as Data, Counts } from "@/api/manager";
import { count, inMoney, money, units } from "@/lib/money";
import { RankedBars, StackedBars } from "@/ui/Bars";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable, downloadTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Change, Figure, Figures, Panel } from "@/ui/Figures";
import { Empty } from "@/ui/Problem";
import { Segments } from "@/ui/Segments";
import { Category, colorOf, inCategoryOrder, words } from "@/ui/categories";
import { useManager } from "./session";

export const ANALYTICS_DAYS = ["7", "30", "90"] as const;
export type AnalyticsDays = (typeof ANALYTICS_DAYS)[number];
const PERIODS = ANALYTICS_DAYS.map((days) => ({ value: days, label: `${days} days` }));

const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const regions = new Intl.DisplayNames(undefined, { type: "region", fallback: "code" });

/** A country by its name. Practice numbers are in none, which is written XX. */
function countryName(code: string): string {
  return code === "XX" || !/^[A-Z]{2}$/.test(code) ? "Elsewhere" : (regions.of(code) ?? code);
}

const share = (part: number, of: number): string => (of === 0 ? "–" : percent.format(part / of));

function sum(rows: readonly Counts[]): Counts {
  const add = (name: keyof Counts): number => rows.reduce((total, row) => total + row[name], 0);
  return { sent: add("sent"), delivered: add("delivered"), read: add("read"), failed: add("failed") };
}

const COUNTS = [
  { head: "Sent", end: true, text: (row: Counts) => row.sent, cell: (row: Counts) => count(row.sent) },
  { head: "Delivered", end: true, text: (row: Counts) => row.delivered, cell: (row: Counts) => count(row.delivered) },
  { head: "Read", end: true, text: (row: Counts) => row.read, cell: (row: Counts) => count(row.read) },
  { head: "Read, of the delivered", end: true, wide: true, text: (row: Counts) => (row.delivered === 0 ? "" : row.read / row.delivered), cell: (row: Counts) => share(row.read, row.delivered) },
  { head: "Failed", end: true, text: (row: Counts) => row.failed, cell: (row: Counts) => (row.failed === 0 ? <span className="text-faint">0</span> : <span className="text-bad">{count(row.failed)}</span>) },
] satisfies Column<Counts>[];

type Day = Data["days"][number];
const DAYS: Column<Day>[] = [
  { head: "Day", text: (row) => new Date(row.day * 1000).toISOString().slice(0, 10), cell: (row) => longDay.format(row.day * 1000) },
  ...COUNTS,
];

type Cost = Data["costs"][number];
const costColumns = (currency: string): Column<Cost>[] => [
  { head: "Category", text: (row) => row.category, cell: (row) => <Category name={row.category} /> },
  { head: "Country", text: (row) => row.country, cell: (row) => countryName(row.country) },
  { head: "Messages", end: true, text: (row) => row.messages, cell: (row) => count(row.messages) },
  { head: "Cost", end: true, text: (row) => money(row.amount_micros, currency, "exact"), cell: (row) => <span className="font-medium">{money(row.amount_micros, currency)}</span> },
];

type Performance = Data["templates"][number];
const templateColumns = (currency: string): Column<Performance>[] => [
  { head: "Template", text: (row) => row.name, cell: (row) => (row.name === "" ? <span className="text-muted">Deleted ({row.template_id})</span> : <span className="font-mono text-13 font-medium">{row.name}</span>) },
  { head: "Language", text: (row) => row.language, cell: (row) => row.language },
  ...COUNTS,
  { head: "Buttons pressed", end: true, text: (row) => row.clicks, cell: (row) => count(row.clicks) },
  { head: "Cost", end: true, text: (row) => money(row.amount_micros, currency, "exact"), cell: (row) => <span className="font-medium">{money(row.amount_micros, currency)}</span> },
];

export function Analytics({ days }: { days: AnalyticsDays }) {
  const { queries, account } = useManager();
  const navigate = useNavigate();
  const query = useQuery(queries.analytics(account.id, Number(days)));
  const data = query.data;
  const sums = data ? sum(data.days) : null;
  const isEmpty = sums !== null && sums.sent === 0 && data?.costs.length === 0;
  const currency = data?.currency ?? "USD";
  // The newest day first, as one asks; the chart runs the other way.
  const rows = isEmpty ? [] : data && data.days.toReversed();
  return (
    <>
      <PageHead title="Analytics" note="What became of your messages, and what they cost. A message counts on the day of its sending.">
        <Segments label="Period" value={days} options={PERIODS} onChange={(next) => void navigate({ to: "/manager/analytics", search: { days: next } })} />
        <Button small disabled={!rows || rows.length === 0} onClick={() => rows && downloadTable(`messages-${days}-days`, DAYS, rows)}>
          <Download size={15} aria-hidden="true" />
          CSV
        </Button>
      </PageHead>
      {!isEmpty && <Sums data={data} days={days} />}
      {data && !isEmpty && (
        <div className="mt-4 mb-6 grid gap-4 xl:grid-cols-[1.7fr_1fr]">
          <Panel title="Messages, each day" note="by what became of them">
            <MessageChart data={data} />
          </Panel>
          <Panel title="Cost by country" note={currency}>
            <CountryChart data={data} />
          </Panel>
        </div>
      )}
      <DataTable
        label="Messages by day"
        columns={DAYS}
        rows={rows}
        rowKey={(row) => String(row.day)}
        error={query.error}
        onRetry={() => void query.refetch()}
        empty={
          <Empty icon={<ChartNoAxesColumn size={30} strokeWidth={1.5} />} title="Nothing sent yet">
            The first message of this time shows here: when it went out, whether it arrived and was read, and what it cost.
          </Empty>
        }
      />
      {data && data.costs.length > 0 && (
        <>
          <h2 className="mt-6 mb-2 text-16 font-semibold">Cost by category and country</h2>
          <div className="grid gap-4 xl:grid-cols-[1fr_1.2fr]">
            <Panel title="By category" note={currency}>
              <CategoryChart data={data} />
            </Panel>
            <DataTable label="Cost by category and country" columns={costColumns(currency)} rows={data.costs} rowKey={(row) => `${row.category} ${row.country}`} error={null} onRetry={() => undefined} empty={null} />
          </div>
        </>
      )}
      {data && data.templates.length > 0 && (
        <>
          <h2 className="mt-6 mb-2 text-16 font-semibold">Templates</h2>
          <DataTable
            label="Templates by messages"
            columns={templateColumns(currency)}
            rows={data.templates}
            rowKey={(row) => row.template_id}
            rowLabel={(row) => `Template ${row.name === "" ? row.template_id : row.name}, ${row.language}`}
            error={null}
            onRetry={() => undefined}
            onOpen={(row) => void navigate({ to: "/manager/templates/$templateId", params: { templateId: row.template_id } })}
            empty={null}
          />
        </>
      )}
    </>
  );
}

function Sums({ data, days }: { data: Data | undefined; days: AnalyticsDays }) {
  const now = data ? sum(data.days) : null;
  const spent = data?.costs.reduce((total, row) => total + row.amount_micros, 0) ?? 0;
  const than = `the ${days} days before`;
  return (
    <Figures>
      <Figure name="Sent" value={now && count(now.sent)} large note={now && data ? <Change now={now.sent} before={data.before.sent} than={than} /> : ""} />
      <Figure name="Delivered" value={now && share(now.delivered, now.sent)} note={now ? `${count(now.delivered)} messages` : ""} />
      <Figure name="Read" value={now && share(now.read, now.delivered)} note={now ? `${count(now.read)} of the delivered` : ""} />
      <Figure name="Cost" value={data ? money(spent, data.currency) : null} note={data ? <Change now={spent} before={data.before.amount_micros} than={than} neutral /> : ""} />
    </Figures>
  );
}

const WHOLE = { write: count, axis: count, isWhole: true };

/** Each bar is what was sent on a day, cut into what became of it. */
function MessageChart({ data }: { data: Data }) {
  const { days } = data;
  return (
    <StackedBars
      label="Messages sent on each day, by what became of them; the same figures stand in the table below"
      times={days.map((each) => dayFormat.format(each.day * 1000))}
      parts={[
        { name: "Read", color: 1, values: days.map((each) => each.read) },
        { name: "Delivered, not read", color: 0, values: days.map((each) => each.delivered - each.read) },
        { name: "On the way", color: 3, values: days.map((each) => Math.max(0, each.sent - each.delivered - each.failed)) },
        { name: "Failed", color: 7, values: days.map((each) => each.failed) },
      ]}
      unit={WHOLE}
    />
  );
}

function CountryChart({ data }: { data: Data }) {
  const sums = new Map<string, number>();
  for (const row of data.costs) sums.set(countryName(row.country), (sums.get(countryName(row.country)) ?? 0) + units(row.amount_micros));
  if ([...sums.values()].every((amount) => amount === 0)) return <p className="grid h-68 place-items-center text-muted">Nothing was charged in this time.</p>;
  return <RankedBars label={`Cost in ${data.currency} by country; the same figures stand in the table below`} name="Cost" rows={sums} unit={inMoney(data.currency)} />;
}

function CategoryChart({ data }: { data: Data }) {
  const categories = inCategoryOrder(data.costs.map((row) => row.category));
  const countries = [...new Set(data.costs.map((row) => row.country))].slice(0, 6);
  const rows = [...countries.map((country) => ({ name: countryName(country), of: (row: Cost) => row.country === country })), ...(new Set(data.costs.map((row) => row.country)).size > countries.length ? [{ name: "Others", of: (row: Cost) => !countries.includes(row.country) }] : [])];
  return (
    <StackedBars
      label={`Cost in ${data.currency} by country and category; the same figures stand in the table beside it`}
      times={rows.map((row) => row.name)}
      parts={categories.map((category) => ({
        name: words(category),
        color: colorOf(category),
        values: rows.map((row) => data.costs.filter((cost) => cost.category === category && row.of(cost)).reduce((total, cost) => total + units(cost.amount_micros), 0)),
      }))}
      unit={inMoney(data.currency)}
    />
  );
}
