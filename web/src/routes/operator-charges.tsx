/** /operator/charges, and /operator/charges/$chargeId: why this price. */
import { useParams, useSearch } from "@tanstack/react-router";
import { ChargeView, Charges } from "@/features/operator/Charges";

export function ChargesPage() {
  const { category, market } = useSearch({ from: "/operator/charges" });
  return <Charges category={category} market={market} />;
}

export function ChargePage() {
  const { chargeId } = useParams({ from: "/operator/charges/$chargeId" });
  return <ChargeView chargeId={chargeId} />;
}
