/** /manager/payments */
import { Payments } from "@/features/manager/Payments";

export function PaymentsPage() {
  return <Payments />;
}
