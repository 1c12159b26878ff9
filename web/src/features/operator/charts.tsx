/** The two charts of the revenue page. */
import type { Period, RevenuePoint, RevenueTotal } from "@/api/operator";
import { inMoney, units } from "@/lib/money";
import { RankedBars, StackedBars } from "@/ui/Bars";
import { colorOf, inCategoryOrder, words } from "@/ui/categories";

const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** Revenue over time, stacked by category. */
export function CategoryChart({ series, currency, period }: { series: readonly RevenuePoint[]; currency: string; period: Period }) {
  const times = [...new Set(series.map((point) => point.at))].sort((a, b) => a - b);
  const categories = inCategoryOrder(series.filter((point) => point.amount_micros > 0).map((point) => point.category));
  const amounts = new Map(series.map((point) => [`${point.at} ${point.category}`, point.amount_micros]));
  const label = period === "today" ? hour : day;
  return (
    <StackedBars
      label={`Revenue in ${currency} over time by category; the same figures stand in the table below`}
      times={times.map((at) => label.format(at * 1000))}
      parts={categories.map((category) => ({ name: words(category), color: colorOf(category), values: times.map((at) => units(amounts.get(`${at} ${category}`) ?? 0)) }))}
      unit={inMoney(currency)}
    />
  );
}

/** Revenue by market, the largest first, the rest as one. */
export function MarketChart({ totals, currency }: { totals: readonly RevenueTotal[]; currency: string }) {
  const sums = new Map<string, number>();
  for (const row of totals) sums.set(row.market, (sums.get(row.market) ?? 0) + units(row.amount_micros));
  return <RankedBars label={`Revenue in ${currency} by market; the same figures stand in the table below`} name="Revenue" rows={sums} unit={inMoney(currency)} />;
}
