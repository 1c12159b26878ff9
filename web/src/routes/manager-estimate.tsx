/** /manager/billing/estimate */
import { Estimate } from "@/features/manager/Estimate";

export function EstimatePage() {
  return <Estimate />;
}
