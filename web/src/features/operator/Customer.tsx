/**
 * # A customer
 *
 * Everything about one portfolio: what it brings, day by day, its numbers, plan and prices, its invoices and payments, and
 * its money.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import type { WholeBusiness } from "@/api/earnings";
import { billingQuery } from "@/api/billing";
import type { Invoice } from "@/api/invoices";
import { operatorPaymentQueries } from "@/api/operatorPayments";
import type { OperatorPayment } from "@/api/operatorPayments";
import { useNow } from "@/lib/clock";
import { count, inMoney, money, units } from "@/lib/money";
import { StackedBars } from "@/ui/Bars";
import { PageHead } from "@/ui/Console";
import { Id } from "@/ui/CopyButton";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Change, Figure, Figures, Panel } from "@/ui/Figures";
import { InvoiceState, minor } from "@/ui/Invoices";
import { More } from "@/ui/More";
import { Failed, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { colorOf, inCategoryOrder, words } from "@/ui/categories";
import { SubscriptionState } from "@/ui/plans";
import { BusinessMoney } from "./Businesses";
import { dayOf } from "./prices";
import { useOperator } from "./session";

const DAY = 86_400;
/** Days of the chart, and of the spans that are compared. */
const [SHOWN, SPAN] = [90, 30];
const dayMonth = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

export function Customer({ businessId }: { businessId: string }) {
  const { token, queries } = useOperator();
  const query = useQuery(queries.business(businessId));
  const billing = useQuery(billingQuery(token, businessId));
  const business = query.data;
  const currency = billing.data?.currency;
  if (query.error && !business) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  if (!business || currency === undefined) return <Skeleton rows={8} />;
  return (
    <>
      <Link to="/operator/businesses" className="mb-4 inline-flex h-7 items-center gap-1.5 text-13 text-muted hover:text-ink">
        <ArrowLeft size={15} className="rtl:rotate-180" aria-hidden="true" />
        Businesses
      </Link>
      <PageHead title={business.name} note={`Since ${dayOf(business.created_at)}. Pays in ${currency}; its days begin in ${business.time_zone}.`}>
        {business.shows_badge && <Tag tone="good">Verified</Tag>}
        <Id value={businessId} what="business id" />
      </PageHead>
      <Brings business={business} currency={currency} />
      <div className="mt-6 grid gap-x-8 xl:grid-cols-2">
        <Section title="What it is">
          <About business={business} />
        </Section>
        <Section title="Numbers">
          <Numbers business={business} />
        </Section>
      </div>
      <Invoices businessId={businessId} />
      <Payments businessId={businessId} />
      <BusinessMoney businessId={businessId} />
    </>
  );
}

function Brings({ business, currency }: { business: WholeBusiness; currency: string }) {
  const today = Math.floor(useNow() / 1000 / DAY) * DAY;
  const days = Array.from({ length: SHOWN }, (_, n) => today - (SHOWN - 1 - n) * DAY);
  const paid = business.days.filter((day) => day.amount_micros > 0);
  const categories = inCategoryOrder(paid.map((day) => day.category));
  const amounts = new Map<string, number>();
  for (const day of paid) amounts.set(`${day.at} ${day.category}`, (amounts.get(`${day.at} ${day.category}`) ?? 0) + day.amount_micros);
  const span = (from: number, to: number, of: (day: WholeBusiness["days"][number]) => number): number =>
    business.days.filter((day) => day.at > today - from * DAY && day.at <= today - to * DAY).reduce((sum, day) => sum + of(day), 0);
  const amount = (day: WholeBusiness["days"][number]): number => day.amount_micros;
  const [now, before] = [span(SPAN, 0, amount), span(2 * SPAN, SPAN, amount)];
  const isFree = (day: WholeBusiness["days"][number]): boolean => day.pricing_type !== "regular";
  return (
    <>
      <Figures>
        <Figure name={`Last ${SPAN} days`} value={money(now, currency)} large note={<Change now={now} before={before} than={`the ${SPAN} days before`} />} />
        <Figure name="Today" value={money(span(1, 0, amount), currency)} note="of these, so far" />
        <Figure name="Messages" value={count(span(SPAN, 0, (day) => day.messages))} note={`${count(span(SPAN, 0, (day) => (isFree(day) ? day.messages : 0)))} of them free`} />
        <Figure name="Given away" value={money(span(SPAN, 0, (day) => (isFree(day) ? day.list_micros : 0)), currency)} note="free messages, at list price" />
      </Figures>
      {categories.length > 0 && (
        <div className="mt-4">
          <Panel title="By category, each day" note={currency}>
            <StackedBars
              label={`What the business paid for messages in ${currency}, each of the last ${SHOWN} days, by category`}
              times={days.map((at) => dayMonth.format(at * 1000))}
              parts={categories.map((category) => ({ name: words(category), color: colorOf(category), values: days.map((at) => units(amounts.get(`${at} ${category}`) ?? 0)) }))}
              unit={inMoney(currency)}
            />
          </Panel>
        </div>
      )}
    </>
  );
}

function About({ business }: { business: WholeBusiness }) {
  const { subscription } = business;
  const link = "text-accent-text underline underline-offset-2";
  return (
    <Pairs framed>
      <Pair name="Country">{business.country}</Pair>
      <Pair name="Verification">
        <Link to="/operator/verifications/$businessId" params={{ businessId: business.business_id }} className={link}>
          {business.shows_badge ? "Verified, shows the badge" : "Shows no badge"}
        </Link>
      </Pair>
      <Pair name="Plan">
        {subscription ? (
          <span className="inline-flex flex-wrap items-center gap-2">
            {words(subscription.plan)}, {money(subscription.price_micros, subscription.currency)} a {subscription.term} <SubscriptionState subscription={subscription} />
          </span>
        ) : (
          <span className="text-muted">None</span>
        )}
      </Pair>
      <Pair name="Prices">
        <Link to="/operator/prices/$bookId" params={{ bookId: business.price_book_id }} className={link}>
          The book that it pays by
        </Link>
      </Pair>
    </Pairs>
  );
}

function Numbers({ business }: { business: WholeBusiness }) {
  if (business.numbers.length === 0) return <p className="text-muted">It has no numbers.</p>;
  return (
    <ul className="divide-y rounded-14 border bg-surface px-4">
      {business.numbers.map((number) => (
        <li key={number.phone_number_id} className="flex flex-wrap items-center gap-x-4 py-2.5">
          <span className="min-w-0 grow font-medium">{number.name}</span>
          <span className="tabular">{number.display_phone_number}</span>
          <Id value={number.phone_number_id} what="number id" />
        </li>
      ))}
    </ul>
  );
}

const INVOICES: Column<Invoice>[] = [
  { head: "Number", text: (row) => row.number ?? "", cell: (row) => <span className="font-medium tabular">{row.number ?? "not yet"}</span> },
  { head: "Month", wide: true, text: (row) => row.period, cell: (row) => <span className="tabular">{row.period}</span> },
  { head: "State", text: (row) => row.status, cell: (row) => <InvoiceState status={row.status} /> },
  { head: "Total", end: true, text: (row) => row.total_minor, cell: (row) => <span className="font-medium">{minor(row, row.total_minor)}</span> },
  { head: "Open", end: true, wide: true, text: (row) => row.open_minor, cell: (row) => minor(row, row.open_minor) },
];

const quiet = (text: string): ReactNode => <p className="px-4 py-5 text-muted">{text}</p>;

function Invoices({ businessId }: { businessId: string }) {
  const { queries } = useOperator();
  const navigate = useNavigate();
  const list = useInfiniteQuery(queries.invoices.list({ status: undefined, portfolio_id: businessId }));
  return (
    <Section title="Invoices">
      <DataTable
        label="Invoices of the business"
        columns={INVOICES}
        rows={list.data?.pages.flatMap((page) => page.data)}
        rowKey={(row) => row.invoice_id}
        rowLabel={(row) => `Invoice ${row.number ?? row.period}`}
        error={list.error}
        onRetry={() => void list.refetch()}
        onOpen={(row) => void navigate({ to: "/operator/invoices/$invoiceId", params: { invoiceId: row.invoice_id } })}
        empty={quiet("None yet: a month becomes an invoice when it has ended.")}
        footer={<More list={list} />}
      />
    </Section>
  );
}

const PAYMENTS: Column<OperatorPayment>[] = [
  { head: "When", text: (row) => row.created_at, cell: (row) => <Time at={row.created_at} /> },
  { head: "State", text: (row) => row.state, cell: (row) => <Tag tone={row.state === "succeeded" ? "good" : row.state === "failed" ? "bad" : "plain"}>{words(row.state)}</Tag> },
  { head: "Through", wide: true, text: (row) => row.provider, cell: (row) => words(row.provider) },
  { head: "Amount", end: true, text: (row) => money(row.amount_micros, row.currency, "exact"), cell: (row) => <span className="font-medium">{money(row.amount_micros, row.currency)}</span> },
];

function Payments({ businessId }: { businessId: string }) {
  const { token } = useOperator();
  const list = useInfiniteQuery(operatorPaymentQueries(token).list(businessId));
  return (
    <Section title="Paid in">
      <DataTable label="Payments of the business" columns={PAYMENTS} rows={list.data?.pages.flatMap((page) => page.data)} rowKey={(row) => row.payment_id} error={list.error} onRetry={() => void list.refetch()} empty={quiet("It has paid nothing in by card or transfer.")} footer={<More list={list} />} />
    </Section>
  );
}
