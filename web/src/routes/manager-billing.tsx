/** /manager/billing */
import { BillingFrame, BillingOverview } from "@/features/manager/Billing";

export function BillingPage() {
  return <BillingFrame />;
}

export function BillingOverviewPage() {
  return <BillingOverview />;
}
