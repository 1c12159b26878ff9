/** /operator/revenue: the period and the currency are in the address. */
import { useSearch } from "@tanstack/react-router";
import { RevenueView } from "@/features/operator/Revenue";

export function RevenuePage() {
  const { period, currency } = useSearch({ from: "/operator/revenue" });
  return <RevenueView period={period} currency={currency} />;
}
