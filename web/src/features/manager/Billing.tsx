/**
 * # Billing
 *
 * What the business has and spends. A frame of tabs, each a page with an address of its own.
 */
import { Link, Outlet } from "@tanstack/react-router";
import type { LinkProps } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { billingCalls, billingQuery } from "@/api/billing";
import { Alerts, Balance } from "@/features/billing/Balance";
import { Caps } from "@/features/billing/Caps";
import { Thresholds } from "@/features/billing/Thresholds";
import { Spent, Usage } from "@/features/billing/Usage";
import { PageHead } from "@/ui/Console";
import { Failed, Skeleton } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { useManager } from "./session";

/** The pages below the frame, in the order of their tabs. */
const TABS: readonly { to: NonNullable<LinkProps["to"]>; label: string }[] = [{ to: "/manager/billing", label: "Overview" }];

export function BillingFrame() {
  return (
    <>
      <PageHead title="Billing" note="What you have, what you spend, and what keeps it from becoming more." />
      {TABS.length > 1 && (
        <nav aria-label="Billing" className="scroll-quiet mb-5 flex gap-1 overflow-x-auto border-b">
          {TABS.map(({ to, label }) => (
            <Link key={to} to={to} activeOptions={{ exact: true, includeSearch: false }} className="-mb-px border-b-2 border-transparent px-3 pb-2 font-medium whitespace-nowrap text-muted hover:text-ink aria-[current=page]:border-accent aria-[current=page]:text-ink">
              {label}
            </Link>
          ))}
        </nav>
      )}
      <Outlet />
    </>
  );
}

export function BillingOverview() {
  const { token } = useManager();
  const query = useQuery(billingQuery(token, null));
  const calls = billingCalls(token, null);
  const billing = query.data;
  if (!billing) return query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={8} />;
  return (
    <>
      <Section title="Balance">
        <Balance billing={billing} />
      </Section>
      <Section title="Usage">
        <div className="grid gap-4">
          <Spent billing={billing} />
          <Usage billing={billing} />
        </div>
      </Section>
      <Caps billing={billing} calls={calls} owner="business" />
      <Thresholds billing={billing} calls={calls} />
      <Section title="Alerts">
        <Alerts billing={billing} />
      </Section>
    </>
  );
}
