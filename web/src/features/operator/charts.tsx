/** The two charts of the revenue page. */
import type { Period, RevenuePoint, RevenueTotal } from "@/api/operator";
import { money } from "@/lib/money";
import { Chart } from "@/ui/Chart";
import type { Palette } from "@/ui/Chart";
import { colorOf, inCategoryOrder, words } from "@/ui/categories";

const MARKETS_SHOWN_MAX = 8;
/** Micros to units, for the geometry of a chart only: what is written comes from the integer. */
const units = (micros: number): number => micros / 1_000_000;
const micros = (value: unknown): number => Math.round(Number(value) * 1_000_000);

const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

function tooltip(palette: Palette, currency: string) {
  return {
    backgroundColor: palette.surface,
    borderColor: palette.line,
    padding: [8, 12],
    textStyle: { color: palette.ink, fontSize: 13 },
    axisPointer: { type: "shadow", shadowStyle: { color: palette.line, opacity: 0.35 } },
    valueFormatter: (value: unknown) => money(micros(value), currency),
  };
}

function moneyAxis(palette: Palette, currency: string) {
  return {
    type: "value",
    splitNumber: 4,
    axisLabel: { color: palette.muted, fontSize: 12, formatter: (value: number) => money(micros(value), currency, "axis") },
    splitLine: { lineStyle: { color: palette.line } },
  };
}

/** Revenue over time, stacked by category. */
export function CategoryChart({ series, currency, period }: { series: readonly RevenuePoint[]; currency: string; period: Period }) {
  const times = [...new Set(series.map((point) => point.at))].sort((a, b) => a - b);
  const categories = inCategoryOrder(series.filter((point) => point.amount_micros > 0).map((point) => point.category));
  const amounts = new Map(series.map((point) => [`${point.at} ${point.category}`, point.amount_micros]));
  const label = period === "today" ? hour : day;
  const version = `${period} ${currency} ${times.length} ${series.reduce((sum, point) => sum + point.amount_micros, 0)}`;
  return (
    <Chart
      label={`Revenue in ${currency} over time by category; the same figures stand in the table below`}
      height={272}
      version={version}
      options={(palette) => ({
        grid: { left: 4, right: 8, top: 36, bottom: 4, containLabel: true },
        legend: { top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, itemGap: 16, textStyle: { color: palette.muted, fontSize: 12 } },
        tooltip: { trigger: "axis", ...tooltip(palette, currency) },
        xAxis: {
          type: "category",
          data: times.map((at) => label.format(at * 1000)),
          axisTick: { show: false },
          axisLine: { lineStyle: { color: palette.line } },
          axisLabel: { color: palette.muted, fontSize: 12, hideOverlap: true },
        },
        yAxis: moneyAxis(palette, currency),
        series: categories.map((category) => ({
          name: words(category),
          type: "bar",
          stack: "revenue",
          barMaxWidth: 26,
          barCategoryGap: "28%",
          color: palette.colors[colorOf(category)],
          data: times.map((at) => units(amounts.get(`${at} ${category}`) ?? 0)),
        })),
      })}
    />
  );
}

/** Revenue by market, the largest first, the rest as one. */
export function MarketChart({ totals, currency }: { totals: readonly RevenueTotal[]; currency: string }) {
  const sums = new Map<string, number>();
  for (const row of totals) sums.set(row.market, (sums.get(row.market) ?? 0) + row.amount_micros);
  const ordered = [...sums].filter(([, amount]) => amount > 0).sort((a, b) => b[1] - a[1]);
  const rest = ordered.slice(MARKETS_SHOWN_MAX).reduce((sum, [, amount]) => sum + amount, 0);
  const rows: [string, number][] = [...ordered.slice(0, MARKETS_SHOWN_MAX), ...(rest > 0 ? [["Others", rest] as [string, number]] : [])];
  return (
    <Chart
      label={`Revenue in ${currency} by market; the same figures stand in the table below`}
      height={272}
      version={JSON.stringify(rows)}
      options={(palette) => ({
        grid: { left: 4, right: 68, top: 4, bottom: 4, containLabel: true },
        tooltip: { trigger: "axis", ...tooltip(palette, currency) },
        xAxis: { ...moneyAxis(palette, currency), axisLabel: { show: false }, splitLine: { show: false } },
        yAxis: {
          type: "category",
          inverse: true,
          data: rows.map(([market]) => market),
          axisTick: { show: false },
          axisLine: { show: false },
          axisLabel: { color: palette.ink, fontSize: 13, width: 120, overflow: "truncate" },
        },
        series: [
          {
            name: "Revenue",
            type: "bar",
            barMaxWidth: 18,
            itemStyle: { color: palette.colors[0], borderRadius: [0, 3, 3, 0] },
            label: { show: true, position: "right", color: palette.muted, fontSize: 12, formatter: (each: { value: unknown }) => money(micros(each.value), currency) },
            data: rows.map(([, amount]) => units(amount)),
          },
        ],
      })}
    />
  );
}
