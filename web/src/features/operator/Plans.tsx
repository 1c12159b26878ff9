/** # Plans: what can be had, who has it, and what is paid for days to come. */
import { useQuery } from "@tanstack/react-query";
import { Layers } from "lucide-react";
import { reviewQueries } from "@/api/plans";
import type { Plan, Subscriber } from "@/api/plans";
import { decimal, money } from "@/lib/money";
import { PageHead } from "@/ui/Console";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Empty } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { Tag } from "@/ui/Tag";
import { SubscriptionState, dayName, gives } from "@/ui/plans";
import { useOperator } from "./session";

const TERM_ORDER = ["month", "year", "once"];

function pricesIn(plan: Plan, currency: string): string {
  const prices = plan.prices.filter((price) => price.currency === currency).toSorted((a, b) => TERM_ORDER.indexOf(a.term) - TERM_ORDER.indexOf(b.term));
  return prices.map((price) => `${money(price.amount_micros, currency)} ${price.term === "once" ? "once" : `a ${price.term}`}`).join(", ");
}

/** The prices below each other: beside each other they are wider than a phone. */
function Prices({ plan }: { plan: Plan }) {
  return (
    <>
      {pricesIn(plan, "USD").split(", ").map((price) => (
        <span key={price} className="block">{price}</span>
      ))}
    </>
  );
}

const PLANS: Column<Plan>[] = [
  {
    head: "Plan",
    text: (row) => row.name,
    cell: (row) => (
      <span className="inline-flex flex-wrap items-center gap-x-2 font-medium whitespace-normal">
        {row.name}
        {!row.is_offered && <Tag>No longer offered</Tag>}
      </span>
    ),
  },
  { head: "For", wide: true, text: (row) => row.audience, cell: (row) => (row.audience === "business" ? "Businesses" : "People") },
  { head: "Gives", wide: true, text: (row) => gives(row).join("; "), cell: (row) => <span className="block max-w-md whitespace-normal text-muted">{gives(row).join(", ")}</span> },
  { head: "Trial", wide: true, text: (row) => row.trial_days, cell: (row) => (row.trial_days === 0 ? "None" : `${row.trial_days} days`) },
  { head: "Price in USD", end: true, text: (row) => pricesIn(row, "USD"), cell: (row) => <Prices plan={row} /> },
];

const SUBSCRIBERS: Column<Subscriber>[] = [
  { head: "Business", text: (row) => row.name, cell: (row) => <span className="font-medium whitespace-normal">{row.name}</span> },
  { head: "Plan", text: (row) => row.plan, cell: (row) => row.plan },
  { head: "State", text: (row) => row.status, cell: (row) => <SubscriptionState subscription={row} /> },
  { head: "Until", wide: true, text: (row) => row.to, cell: (row) => (row.is_live ? dayName(row.to) : "") },
  {
    head: "Price",
    end: true,
    text: (row) => `${row.currency} ${decimal(row.price_micros)}`,
    cell: (row) => (
      <>
        {money(row.price_micros, row.currency)} <span className="text-muted max-sm:block">a {row.term}</span>
      </>
    ),
  },
];

export function Plans() {
  const { token } = useOperator();
  const queries = reviewQueries(token);
  const catalog = useQuery(queries.plans());
  const subscribers = useQuery(queries.subscribers());
  const unearned = catalog.data?.unearned.map((each) => money(each.amount_micros, each.currency)).join(", ") ?? "";
  return (
    <>
      <PageHead title="Plans" note={unearned === "" ? "Plans are earned by the day." : `Plans are earned by the day. Paid for days to come: ${unearned}.`} />
      <Section title="Subscribers">
        <DataTable
          label="Who has a plan"
          columns={SUBSCRIBERS}
          rows={subscribers.data}
          rowKey={(row) => row.subscription_id}
          error={subscribers.error}
          onRetry={() => void subscribers.refetch()}
          empty={
            <Empty icon={<Layers size={30} strokeWidth={1.5} />} title="Nobody has a plan yet">
              Businesses choose one in their manager, under Plan.
            </Empty>
          }
        />
      </Section>
      <Section title="What can be had">
        <DataTable
          label="Plans"
          columns={PLANS}
          rows={catalog.data?.data}
          rowKey={(row) => row.key}
          error={catalog.error}
          onRetry={() => void catalog.refetch()}
          empty={
            <Empty icon={<Layers size={30} strokeWidth={1.5} />} title="No plans">
              The server's file of plans is empty.
            </Empty>
          }
        />
      </Section>
    </>
  );
}
