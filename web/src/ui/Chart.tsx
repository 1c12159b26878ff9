/**
 * # Charts
 *
 * ECharts, only the parts in use, drawn as SVG in the colours of the theme. A chart is a picture of a table that
 * stands beside it; for screen readers it is one image with a name.
 */
import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use as register } from "echarts/core";
import type { EChartsCoreOption } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useState } from "react";
import { useTheme } from "@/lib/theme";

register([BarChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

export type Palette = { colors: string[]; ink: string; muted: string; line: string; surface: string };

/** The colours of the theme that is in force below an element: a variable holds both, only a property says which. */
function readPalette(place: HTMLElement): Palette {
  // An element for each: one that changes its colour would be seen on its way from one to the other.
  const value = (name: string): string => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    place.append(probe);
    const color = getComputedStyle(probe).color;
    probe.remove();
    return color;
  };
  return {
    colors: Array.from({ length: 11 }, (_, n) => value(`--chart-${n + 1}`)),
    ink: value("--ink"),
    muted: value("--muted"),
    line: value("--line"),
    surface: value("--raised"),
  };
}

/** The options that all charts share. */
function base(palette: Palette): EChartsCoreOption {
  return {
    color: palette.colors,
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 200,
    animationDurationUpdate: 200,
    textStyle: { fontFamily: "Inter Variable, system-ui, sans-serif", color: palette.muted },
  };
}

function draw(element: HTMLElement | null, options: (palette: Palette) => EChartsCoreOption): (() => void) | undefined {
  if (!element) return undefined;
  const palette = readPalette(element);
  const chart = init(element, null, { renderer: "svg" });
  chart.setOption({ ...base(palette), ...options(palette) });
  const observer = new ResizeObserver(() => chart.resize());
  observer.observe(element);
  return () => {
    observer.disconnect();
    chart.dispose();
  };
}

/** `version` changes when the figures do; the chart is then drawn anew. */
export function Chart({ label, options, height, version }: { label: string; options: (palette: Palette) => EChartsCoreOption; height: number; version: string }) {
  const { dark } = useTheme();
  return <Canvas key={`${version} ${dark}`} label={label} options={options} height={height} />;
}

function Canvas({ label, options, height }: { label: string; options: (palette: Palette) => EChartsCoreOption; height: number }) {
  // One function for the life of this element: a new one would draw the chart anew at each render.
  const [attach] = useState(() => (element: HTMLElement | null) => draw(element, options));
  return <div ref={attach} role="img" aria-label={label} style={{ height }} className="w-full" />;
}
