/** /operator/revenue: period, split and currency are in the address. */
import { useSearch } from "@tanstack/react-router";
import { RevenueView } from "@/features/operator/Revenue";

export function RevenuePage() {
  return <RevenueView search={useSearch({ from: "/operator/revenue" })} />;
}
