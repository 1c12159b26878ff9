/** /operator/purchases */
import { Purchases } from "@/features/operator/Purchases";

export function OperatorPurchasesPage() {
  return <Purchases />;
}
