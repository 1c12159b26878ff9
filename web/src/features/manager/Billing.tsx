/**
 * # Billing
 *
 * What the business has and spends.
 */
import { useQuery } from "@tanstack/react-query";
import { billingCalls, billingQuery } from "@/api/billing";
import { Alerts, Balance } from "@/features/billing/Balance";
import { Caps } from "@/features/billing/Caps";
import { Thresholds } from "@/features/billing/Thresholds";
import { Spent, Usage } from "@/features/billing/Usage";
import { PageHead } from "@/ui/Console";
import { Failed, Skeleton } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { Addressee } from "./Addressee";
import { Campaigns } from "./Campaigns";
import { LatestCharges } from "./LatestCharges";
import { useManager } from "./session";

export function Billing() {
  const { token } = useManager();
  const query = useQuery(billingQuery(token, null));
  const calls = billingCalls(token, null);
  const billing = query.data;
  if (!billing) {
    return (
      <>
        <Head />
        {query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={8} />}
      </>
    );
  }
  return (
    <>
      <Head />
      <Section title="Balance">
        <Balance billing={billing} />
      </Section>
      <Section title="Usage">
        <div className="grid gap-4">
          <Spent billing={billing} />
          <Usage billing={billing} />
        </div>
      </Section>
      <Campaigns />
      <LatestCharges />
      <Caps billing={billing} calls={calls} owner="business" />
      <Thresholds billing={billing} calls={calls} />
      <Addressee />
      <Section title="Alerts">
        <Alerts billing={billing} />
      </Section>
    </>
  );
}

function Head() {
  return <PageHead title="Billing" note="What you have, what you spend, and what keeps it from becoming more." />;
}
