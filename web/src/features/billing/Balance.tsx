/**
 * # What a business has to pay from
 *
 * One bar of its parts in the order in which they are used: promotional credit, what was paid in, credit. What is set
 * aside for messages on their way is a part of its own. Every part stands in the list below with its amount, so that no
 * colour has to be told from another.
 */
import type { ReactNode } from "react";
import type { Billing } from "@/api/billing";
import { money } from "@/lib/money";
import { Time } from "@/ui/Time";
import { Tag } from "@/ui/Tag";

type Part = { key: string; name: string; micros: number; color: string; note: ReactNode };

function partsOf({ balance, currency }: Billing): Part[] {
  const { credit, grants } = balance;
  const left = credit.limit_micros - credit.used_micros - credit.held_micros;
  const parts: Part[] = grants.map((grant, n) => ({
    key: grant.grant_id,
    name: grant.note === "" ? "Promotional credit" : grant.note,
    micros: grant.left_micros - grant.held_micros,
    color: `var(--chart-${(n % 2) + 4})`,
    note: (
      <>
        of {money(grant.amount_micros, currency)}, ends <Ends at={grant.expires_at} />
      </>
    ),
  }));
  parts.push({ key: "prepaid", name: "Paid in", micros: balance.prepaid_micros - balance.prepaid_held_micros, color: "var(--chart-1)", note: "used after promotional credit" });
  if (credit.limit_micros > 0) {
    parts.push({ key: "credit", name: "Credit line", micros: left, color: "var(--chart-2)", note: `${money(credit.used_micros, currency)} of ${money(credit.limit_micros, currency)} used` });
  }
  parts.push({ key: "held", name: "Set aside", micros: balance.held_micros, color: "var(--line-strong)", note: "for messages on their way; what they do not cost comes back" });
  return parts;
}

function Ends({ at }: { at: number }) {
  return <time dateTime={new Date(at * 1000).toISOString()}>{new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }).format(at * 1000)}</time>;
}

export function Balance({ billing }: { billing: Billing }) {
  const { currency, balance, thresholds } = billing;
  const parts = partsOf(billing);
  const whole = parts.reduce((sum, part) => sum + Math.max(0, part.micros), 0);
  const isLow = thresholds.threshold_micros !== null && balance.available_micros < thresholds.threshold_micros;
  const said = parts.filter((part) => part.micros > 0).map((part) => `${part.name} ${money(part.micros, currency)}`);
  return (
    <div className="rounded-14 border bg-surface px-5 py-4">
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <span className="text-28 font-semibold tracking-tight tabular">{money(balance.available_micros, currency)}</span>
        <span className="grow text-muted">can be spent</span>
        {billing.is_empty ? <Tag tone="bad">Nothing goes out</Tag> : isLow && <Tag tone="attention">Low</Tag>}
      </div>
      <div role="img" aria-label={said.length === 0 ? "The balance is empty" : `Balance: ${said.join(", ")}`} className="mt-3 flex h-3 gap-px overflow-hidden rounded-6 bg-sunken">
        {whole > 0 && parts.filter((part) => part.micros > 0).map((part) => <div key={part.key} style={{ width: `${(part.micros / whole) * 100}%`, minWidth: 3, background: part.color }} />)}
      </div>
      <ul className="mt-3 grid gap-x-8 gap-y-2 sm:grid-cols-2" aria-label="Parts of the balance">
        {parts.map((part) => (
          <li key={part.key} className="flex items-baseline gap-2.5">
            <span className="size-2.5 shrink-0 rounded-full" style={{ background: part.color }} aria-hidden="true" />
            <span className="min-w-0 grow">
              <span className="font-medium">{part.name}</span> <span className="text-13 text-muted">{part.note}</span>
            </span>
            <span className="tabular">{money(part.micros, currency)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Alerts({ billing }: { billing: Billing }) {
  if (billing.alerts.length === 0) {
    return <p className="rounded-14 border bg-surface px-4 py-3 text-muted">Nothing yet. Caps that fill up and a balance that runs low are told here, to your webhooks (account_alerts), and by mail if you name an address.</p>;
  }
  return (
    <ul className="divide-y rounded-14 border bg-surface px-4">
      {billing.alerts.map((alert) => (
        <li key={alert.alert_id} className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5 py-2.5">
          <span className="min-w-0 grow basis-80">{alert.text}</span>
          <span className="text-13 text-muted">
            <Time at={alert.at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
