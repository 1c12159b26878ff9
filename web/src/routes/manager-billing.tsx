/** /manager/billing */
import { Billing } from "@/features/manager/Billing";

export function BillingPage() {
  return <Billing />;
}
