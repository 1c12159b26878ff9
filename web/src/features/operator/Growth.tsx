/**
 * # Growth
 *
 * How the network earns beyond today: what it would be in a year, whether it grows, who pays and who pays less than before,
 * what the free windows cost, and whether new customers stay. One currency at a time; spans are whole days of UTC.
 */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Sprout } from "lucide-react";
import { useState } from "react";
import type { ReactNode } from "react";
import type { Cohort, Customer, Earnings, Traffic } from "@/api/earnings";
import { count, inMoney, money, units } from "@/lib/money";
import { StackedBars } from "@/ui/Bars";
import { PageHead } from "@/ui/Console";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Change, Figure, Figures, Panel } from "@/ui/Figures";
import { Empty, ErrorNote } from "@/ui/Problem";
import { Segments } from "@/ui/Segments";
import { words } from "@/ui/categories";
import { useOperator } from "./session";

const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const monthName = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric", timeZone: "UTC" });

export function GrowthView({ currency }: { currency: string | undefined }) {
  const { queries } = useOperator();
  const navigate = useNavigate();
  const earnings = useQuery(queries.earnings(currency));
  const data = earnings.data;
  const hasTraffic = data?.days.some((each) => each.paid.messages + each.free.messages > 0) ?? false;
  return (
    <>
      <PageHead title="Growth" note="How the network earns beyond today. Whole days of UTC; each message is charged once, on delivery.">
        {data && data.currencies.length > 1 && (
          <Segments label="Currency" value={data.currency} options={data.currencies.map((each) => ({ value: each, label: each }))} onChange={(next) => void navigate({ to: "/operator/growth", search: { currency: next } })} />
        )}
      </PageHead>
      {earnings.error ? (
        <ErrorNote message={earnings.error.message} onRetry={() => void earnings.refetch()} />
      ) : (
        <>
          <Sums data={data} />
          {data && !hasTraffic && (
            <Empty icon={<Sprout size={30} strokeWidth={1.5} />} title="Nothing delivered in the last 90 days">
              With the first delivered business message, its day shows here; after a month, what grows and what shrinks.
            </Empty>
          )}
          {data && hasTraffic && <Growing data={data} />}
        </>
      )}
    </>
  );
}

function Sums({ data }: { data: Earnings | undefined }) {
  const sum = (micros: number | undefined): string | null => (data && micros !== undefined ? money(micros, data.currency) : null);
  return (
    <Figures>
      <Figure name="Run rate, a year" value={sum(data?.run_rate_micros)} large note={data ? `the last ${data.span_days} days, over a year` : ""} />
      <Figure name={`Last ${data?.span_days ?? 30} days`} value={sum(data?.last_micros)} note={data ? <Change now={data.last_micros} before={data.before_micros} than={`the ${data.span_days} days before`} /> : ""} />
      <Figure name="This month so far" value={sum(data?.month_micros)} note={data ? `about ${money(data.forecast_micros, data.currency)} at its end` : ""} />
      <Figure name="Paying customers" value={data ? count(data.customers.count) : null} note={data ? `in the last ${data.span_days} days and today` : ""} />
    </Figures>
  );
}

function Growing({ data }: { data: Earnings }) {
  const unit = inMoney(data.currency);
  return (
    <>
      <div className="mt-4 grid gap-4 xl:grid-cols-[1.7fr_1fr]">
        <Panel title="Paid, and free at list price, each day" note={data.currency}>
          <StackedBars
            label={`Paid traffic in ${data.currency} and free traffic at list price, each of the last ${data.days.length} days`}
            times={data.days.map((each) => day.format(each.at * 1000))}
            parts={[
              { name: "Paid", color: 0, values: data.days.map((each) => units(each.paid.amount_micros)) },
              { name: "Free, at list price", color: 3, values: data.days.map((each) => units(each.free.list_micros)) },
            ]}
            unit={unit}
          />
        </Panel>
        <Panel title="What the free windows cost" note={`last ${data.span_days} days and today`}>
          <FreeWindows data={data} />
        </Panel>
      </div>
      <div className="mt-4 grid gap-4 xl:grid-cols-3">
        <Panel title="This month at its end" note={data.currency}>
          <Forecast data={data} />
        </Panel>
        <Panel title="By plan" note={`last ${data.span_days} days and today`}>
          <ByPlan data={data} />
        </Panel>
        <Panel title="Near the next tier" note="this month">
          <NearTiers data={data} />
        </Panel>
      </div>
      <Customers data={data} />
      <Cohorts cohorts={data.cohorts} currency={data.currency} />
    </>
  );
}

function FreeWindows({ data }: { data: Earnings }) {
  const all = data.pricing_types.reduce((sum, each) => sum + each.messages, 0);
  const share = (part: Traffic): string => new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 }).format(all === 0 ? 0 : part.messages / all);
  if (data.pricing_types.length === 0) return <p className="py-4 text-muted">Nothing was delivered in these days.</p>;
  return (
    <ul className="divide-y">
      {data.pricing_types.map((each) => (
        <li key={each.pricing_type} className="flex items-baseline gap-3 py-2.5">
          <span className="min-w-0 grow">
            <span className="block font-medium">{each.pricing_type === "regular" ? "Paid" : words(each.pricing_type)}</span>
            <span className="block text-13 text-muted">
              {count(each.messages)} messages, {share(each)}
            </span>
          </span>
          <span className="text-end tabular">
            <span className="block font-medium">{money(each.pricing_type === "regular" ? each.amount_micros : each.list_micros, data.currency)}</span>
            <span className="block text-13 text-muted">{each.pricing_type === "regular" ? "earned" : "given away"}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The range as a line with what is there now and what is expected on it, and the method in words. */
function Forecast({ data }: { data: Earnings }) {
  const { currency, month_micros: now, forecast_micros: expected, forecast_low_micros: low, forecast_high_micros: high } = data;
  const place = (micros: number): string => `${high === 0 ? 0 : Math.round((micros / high) * 1000) / 10}%`;
  return (
    <>
      <p className="text-20 font-semibold tracking-tight tabular">{money(expected, currency)}</p>
      <p className="text-13 text-muted">
        between {money(low, currency)} and {money(high, currency)}
      </p>
      <div className="relative my-3 h-2 rounded-full bg-sunken" aria-hidden="true">
        <span className="absolute inset-y-0 start-0 rounded-full bg-[var(--chart-1)]" style={{ width: place(now) }} />
        <span className="absolute inset-y-0 bg-[color-mix(in_oklab,var(--chart-1)_35%,transparent)]" style={{ insetInlineStart: place(low), insetInlineEnd: 0 }} />
        <span className="absolute -inset-y-1 w-0.5 bg-ink" style={{ insetInlineStart: `calc(${place(expected)} - 1px)` }} />
      </div>
      <p className="text-13 text-pretty text-muted">
        {money(now, currency)} so far. Each day to come is taken to bring what the same day of the week brought on average in the last four weeks; the range, what the weakest and the strongest of them brought. It knows of no
        holidays and no new prices.
      </p>
    </>
  );
}

function ByPlan({ data }: { data: Earnings }) {
  if (data.plans.length === 0) return <p className="py-4 text-muted">Nobody has a plan, and nobody has paid.</p>;
  return (
    <ul className="divide-y">
      {data.plans.map((of) => (
        <li key={of.plan ?? ""} className="flex items-baseline gap-3 py-2.5">
          <span className="min-w-0 grow">
            <span className="block font-medium">{of.name ?? "Without a plan"}</span>
            <span className="block text-13 text-muted">{of.customers === 1 ? "1 customer" : `${count(of.customers)} customers`}</span>
          </span>
          <span className="text-end tabular">
            <span className="block font-medium">{money(of.usage_micros, data.currency)}</span>
            <span className="block text-13 text-muted">{of.monthly_micros > 0 ? `and ${money(of.monthly_micros, data.currency)} a month` : "for messages"}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Customers of the list that is shown at once. */
const NEAR_SHOWN = 5;

function NearTiers({ data }: { data: Earnings }) {
  if (data.near_tiers.length === 0) return <p className="py-4 text-pretty text-muted">Nobody is past half of the way to a volume tier this month.</p>;
  return (
    <ul className="divide-y">
      {data.near_tiers.slice(0, NEAR_SHOWN).map((near) => (
        <li key={`${near.portfolio_id} ${near.market} ${near.category}`} className="py-2.5">
          <span className="flex items-baseline gap-3">
            <Link to="/operator/businesses/$businessId" params={{ businessId: near.portfolio_id }} className="min-w-0 grow truncate font-medium underline-offset-2 hover:underline">
              {near.name ?? near.portfolio_id}
            </Link>
            <span className="text-13 tabular">
              {money(near.now_micros, data.currency, "exact")} → {money(near.then_micros, data.currency, "exact")}
            </span>
          </span>
          <span className="my-1.5 block h-1.5 overflow-hidden rounded-full bg-sunken" aria-hidden="true">
            <span className="block h-full rounded-full bg-[var(--chart-2)]" style={{ width: `${Math.round((near.volume / near.tier_from) * 100)}%` }} />
          </span>
          <span className="block text-13 text-muted">
            {words(near.category)} to {near.market}: {count(near.volume)} of {count(near.tier_from)}
          </span>
        </li>
      ))}
    </ul>
  );
}

const LISTS = [
  { value: "top", label: "Largest" },
  { value: "growing", label: "Growing" },
  { value: "shrinking", label: "Shrinking" },
] as const;
const NOBODY = { top: "Nobody has paid in these days", growing: "Nobody pays more than before", shrinking: "Nobody pays less than before" };

function columnsIn(currency: string): Column<Customer>[] {
  return [
    { head: "Customer", text: (row) => row.name ?? row.portfolio_id, cell: (row) => row.name ?? row.portfolio_id },
    { head: "Messages", end: true, wide: true, text: (row) => row.messages, cell: (row) => count(row.messages) },
    { head: "Before", end: true, wide: true, text: (row) => money(row.before_micros, currency, "exact"), cell: (row) => money(row.before_micros, currency) },
    { head: "Today", end: true, wide: true, text: (row) => money(row.today_micros, currency, "exact"), cell: (row) => money(row.today_micros, currency) },
    { head: "Now", end: true, text: (row) => money(row.amount_micros, currency, "exact"), cell: (row) => <span className="font-medium">{money(row.amount_micros, currency)}</span> },
    { head: "Change", end: true, text: (row) => row.amount_micros - row.before_micros, cell: moved },
  ];
}

function Customers({ data }: { data: Earnings }) {
  const navigate = useNavigate();
  const [list, setList] = useState<(typeof LISTS)[number]["value"]>("top");
  return (
    <>
      <div className="mt-6 mb-2 flex flex-wrap items-center gap-3">
        <h2 className="grow text-16 font-semibold">Customers, the last {data.span_days} days beside those before</h2>
        <Segments label="Which customers" value={list} options={LISTS} onChange={setList} />
      </div>
      <DataTable
        label="Customers"
        columns={columnsIn(data.currency)}
        rows={data.customers[list]}
        rowKey={(row) => row.portfolio_id}
        rowLabel={(row) => `Customer ${row.name ?? row.portfolio_id}`}
        error={null}
        onRetry={() => undefined}
        onOpen={(row) => void navigate({ to: "/operator/businesses/$businessId", params: { businessId: row.portfolio_id } })}
        empty={
          <Empty icon={<Sprout size={30} strokeWidth={1.5} />} title={NOBODY[list]}>
            The lists compare the last {data.span_days} full days with as many before them.
          </Empty>
        }
      />
    </>
  );
}

function moved(row: Customer): ReactNode {
  if (row.before_micros === 0) return <span className="text-muted">{row.amount_micros === 0 ? "today" : "new"}</span>;
  const ratio = (row.amount_micros - row.before_micros) / row.before_micros;
  const text = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" }).format(ratio);
  return <span className={ratio < 0 ? "text-bad" : ratio > 0 ? "text-good" : "text-muted"}>{text}</span>;
}

/** The date of a month such as 202611. */
function dateOf(month: number): number {
  return Date.UTC(Math.floor(month / 100), (month % 100) - 1, 1);
}

function since(first: number, month: number): number {
  return Math.floor(month / 100) * 12 + (month % 100) - (Math.floor(first / 100) * 12 + (first % 100));
}

/** Who began in which month, and how many of them still pay: rows are months of beginning, columns months since. */
function Cohorts({ cohorts, currency }: { cohorts: readonly Cohort[]; currency: string }) {
  if (cohorts.length === 0) return null;
  const width = Math.max(...cohorts.flatMap((each) => each.months.map((month) => since(each.month, month.month)))) + 1;
  return (
    <>
      <h2 className="mt-6 mb-1 text-16 font-semibold">Do new customers stay?</h2>
      <p className="mb-2 text-13 text-muted">By the month in which a customer first paid: how many of them paid again in each month since, and how much together.</p>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a table that scrolls must be reachable by keyboard */}
      <div className="scroll-quiet overflow-x-auto rounded-14 border bg-surface" tabIndex={0} role="region" aria-label="Customers by the month of their first payment">
        <ul className="divide-y text-13 tabular sm:hidden">
          {cohorts.map((cohort) => (
            <CohortCard key={cohort.month} cohort={cohort} currency={currency} />
          ))}
        </ul>
        <table className="w-full text-13 tabular max-sm:hidden">
          <thead>
            <tr className="text-start text-muted">
              <th scope="col" className="px-4 py-2.5 text-start font-medium">Began</th>
              {Array.from({ length: width }, (_, n) => (
                <th key={n} scope="col" className="px-3 py-2.5 text-end font-medium whitespace-nowrap">
                  {n === 0 ? "First month" : `+${n}`}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cohorts.map((cohort) => (
              <CohortRow key={cohort.month} cohort={cohort} width={width} currency={currency} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** How strongly a month is coloured in which a part of the customers paid. */
function shade(part: number): { background: string } {
  return { background: `color-mix(in oklab, var(--chart-1) ${Math.round(part * 28)}%, transparent)` };
}

/** The same on a phone: the months below each other's names, as many in a line as fit. */
function CohortCard({ cohort, currency }: { cohort: Cohort; currency: string }) {
  const begun = cohort.months[0]?.customers ?? 0;
  return (
    <li className="px-4 py-3">
      <p className="font-medium">
        {monthName.format(dateOf(cohort.month))} <span className="font-normal text-muted">{begun === 1 ? "1 customer" : `${count(begun)} customers`}</span>
      </p>
      <ol className="mt-2 grid grid-cols-[repeat(auto-fill,minmax(5.5rem,1fr))] gap-1">
        {cohort.months.map((month) => {
          const part = begun > 0 ? month.customers / begun : 0;
          return (
            <li key={month.month} className="rounded-6 px-2 py-1" style={shade(part)}>
              <span className="block text-12">{monthName.format(dateOf(month.month))}</span>
              <span className="block font-medium">{Math.round(part * 100)} %</span>
              <span className="block text-12">{money(month.amount_micros, currency)}</span>
            </li>
          );
        })}
      </ol>
    </li>
  );
}

function CohortRow({ cohort, width, currency }: { cohort: Cohort; width: number; currency: string }) {
  const begun = cohort.months[0]?.customers ?? 0;
  const months = new Map(cohort.months.map((each) => [since(cohort.month, each.month), each]));
  return (
    <tr className="border-t">
      <th scope="row" className="px-4 py-2 text-start font-medium whitespace-nowrap">
        {monthName.format(dateOf(cohort.month))}
        <span className="block font-normal text-muted">{begun === 1 ? "1 customer" : `${count(begun)} customers`}</span>
      </th>
      {Array.from({ length: width }, (_, n) => {
        const month = months.get(n);
        const part = month && begun > 0 ? month.customers / begun : 0;
        return (
          <td key={n} className="px-3 py-2 text-end whitespace-nowrap" style={month ? shade(part) : undefined}>
            {month && (
              <>
                <span className="block font-medium">{Math.round(part * 100)} %</span>
                <span className="block text-12">{money(month.amount_micros, currency)}</span>
              </>
            )}
          </td>
        );
      })}
    </tr>
  );
}
