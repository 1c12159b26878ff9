/** /manager/analytics: the length of the time is in the address. */
import { useSearch } from "@tanstack/react-router";
import { Analytics } from "@/features/manager/Analytics";

export function AnalyticsPage() {
  const { days } = useSearch({ from: "/manager/analytics" });
  return <Analytics days={days ?? "30"} />;
}
