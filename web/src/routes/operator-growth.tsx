/** /operator/growth: the currency is in the address. */
import { useSearch } from "@tanstack/react-router";
import { GrowthView } from "@/features/operator/Growth";

export function GrowthPage() {
  const { currency } = useSearch({ from: "/operator/growth" });
  return <GrowthView currency={currency} />;
}
