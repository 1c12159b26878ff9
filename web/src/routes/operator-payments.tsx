/** /operator/payments */
import { OperatorPayments } from "@/features/operator/Payments";

export function OperatorPaymentsPage() {
  return <OperatorPayments />;
}
