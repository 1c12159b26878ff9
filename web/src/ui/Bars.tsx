/** Bars over time and bars by rank: the two charts of the consoles. Each is a picture of a table that stands beside it. */
import { Chart } from "./Chart";
import type { Palette } from "./Chart";

/** How the values are written, beside a bar and along an axis; `isWhole`: there are no halves of them. */
export type Unit = { write: (value: number) => string; axis: (value: number) => string; isWhole?: boolean };

function tooltip(palette: Palette, unit: Unit) {
  return {
    backgroundColor: palette.surface,
    borderColor: palette.line,
    padding: [8, 12],
    textStyle: { color: palette.ink, fontSize: 13 },
    axisPointer: { type: "shadow", shadowStyle: { color: palette.line, opacity: 0.35 } },
    valueFormatter: (value: unknown) => unit.write(Number(value)),
  };
}

function valueAxis(palette: Palette, unit: Unit) {
  return {
    type: "value",
    splitNumber: 4,
    ...(unit.isWhole === true ? { minInterval: 1 } : {}),
    axisLabel: { color: palette.muted, fontSize: 12, formatter: unit.axis },
    splitLine: { lineStyle: { color: palette.line } },
  };
}

export type Stack = { name: string; color: number; values: readonly number[] };

/** Pixels up to which a chart is narrow. */
const NARROW = 420;

function legend(palette: Palette): object {
  return { top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, itemGap: 16, textStyle: { color: palette.muted, fontSize: 12 } };
}

/** Pixels of a narrow chart, and of one beside another one, about. */
const WIDTHS = { narrow: 310, wide: 600 };

/** Where the bars begin: below the names, which stand in as many lines as they need; nothing is behind an arrow. */
function top(parts: readonly Stack[], width: number): number {
  let lines = 1;
  let end = 0;
  for (const part of parts) {
    const length = part.name.length * 6.4 + 32;
    if (end + length > width && end > 0) {
      lines += 1;
      end = 0;
    }
    end += length;
  }
  return 14 + 22 * lines;
}

/** Pixels of a chart with one line of names. */
const HEIGHT = 272;

/** Up to so many bars, each is named; of more, as many as fit. */
const NAMED_MAX = 8;

/** Bars over time, each made of parts; with `side`, the parts stand beside each other. */
export function StackedBars({ label, times, parts, unit, side = false }: { label: string; times: readonly string[]; parts: readonly Stack[]; unit: Unit; side?: boolean }) {
  const isNamed = times.length <= NAMED_MAX;
  const names = isNamed ? { interval: 0 } : { hideOverlap: true, alignMaxLabel: "right" };
  return (
    <Chart
      label={label}
      height={HEIGHT - 36 + top(parts, matchMedia("(max-width: 40rem)").matches ? WIDTHS.narrow : WIDTHS.wide)}
      version={JSON.stringify([times, parts])}
      options={(palette) => ({
        grid: { left: 4, right: 20, top: top(parts, WIDTHS.wide), bottom: 4, containLabel: true },
        legend: legend(palette),
        media: [{ query: { maxWidth: NARROW }, option: { grid: { top: top(parts, WIDTHS.narrow) }, ...(isNamed ? { xAxis: { axisLabel: { rotate: 32 } } } : {}) } }],
        tooltip: { trigger: "axis", ...tooltip(palette, unit) },
        xAxis: {
          type: "category",
          data: times,
          axisTick: { show: false },
          axisLine: { lineStyle: { color: palette.line } },
          axisLabel: { color: palette.muted, fontSize: 12, ...names },
        },
        yAxis: valueAxis(palette, unit),
        series: parts.map((part) => ({
          name: part.name,
          type: "bar",
          ...(side ? {} : { stack: "all" }),
          barMaxWidth: 26,
          barCategoryGap: "28%",
          color: palette.colors[part.color],
          data: part.values,
        })),
      })}
    />
  );
}

/** Bars side by side, the largest first; what is beyond `most` is one bar. */
export function RankedBars({ label, name, rows, unit, most = 8, rest = 0 }: { label: string; name: string; rows: Iterable<readonly [string, number]>; unit: Unit; most?: number; /** What is in none of the rows. */ rest?: number }) {
  const ordered = [...rows].filter(([, value]) => value > 0).sort((a, b) => b[1] - a[1]);
  const others = ordered.slice(most).reduce((sum, [, value]) => sum + value, rest);
  const shown: (readonly [string, number])[] = others > 0 ? [...ordered.slice(0, most), ["Others", others]] : ordered;
  return (
    <Chart
      label={label}
      height={HEIGHT}
      version={JSON.stringify(shown)}
      options={(palette) => ({
        grid: { left: 4, right: 68, top: 4, bottom: 4, containLabel: true },
        tooltip: { trigger: "axis", ...tooltip(palette, unit) },
        xAxis: { ...valueAxis(palette, unit), axisLabel: { show: false }, splitLine: { show: false } },
        yAxis: {
          type: "category",
          inverse: true,
          data: shown.map(([each]) => each),
          axisTick: { show: false },
          axisLine: { show: false },
          axisLabel: { color: palette.ink, fontSize: 13, width: 120, overflow: "truncate" },
        },
        series: [
          {
            name,
            type: "bar",
            barMaxWidth: 18,
            itemStyle: { color: palette.colors[0], borderRadius: [0, 3, 3, 0] },
            label: { show: true, position: "right", color: palette.muted, fontSize: 12, formatter: (each: { value: unknown }) => unit.write(Number(each.value)) },
            data: shown.map(([, value]) => value),
          },
        ],
      })}
    />
  );
}
