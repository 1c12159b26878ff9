/** What the pages of price books compute: days, tiers in words, and what became of each price between two versions. */
import type { PreviewLine, PriceChange, PriceRow } from "@/api/priceBooks";
import { count } from "@/lib/money";

// Versions begin at midnight of UTC, and so are told.
const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const monthFormat = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });

/** The day of UTC that a moment, in seconds, lies in. */
export function dayOf(at: number): string {
  return dayFormat.format(at * 1000);
}

/** Months before today, the running one first: `202611` and its name. */
export function monthsBefore(now: number, months: number): { value: string; label: string }[] {
  const today = new Date(now);
  return Array.from({ length: months }, (_, n) => {
    const month = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - n, 1));
    const value = String(month.getUTCFullYear() * 100 + month.getUTCMonth() + 1);
    return { value, label: n === 0 ? `${monthFormat.format(month)}, so far` : monthFormat.format(month) };
  });
}

/** Where a tier begins: the how-manieth message of the month is the first one at its price. */
export function tierWords(tierFrom: number): string {
  return tierFrom === 0 ? "" : `from message ${count(tierFrom + 1)}`;
}

export type MarketPrices = { market: string; prices: Map<string, PriceRow[]> };

/** The rows of a version, a market in each, with the tiers of each category in order. */
export function byMarket(rows: readonly PriceRow[]): MarketPrices[] {
  const markets = new Map<string, MarketPrices>();
  for (const row of rows.toSorted((a, b) => a.tier_from - b.tier_from)) {
    const market = markets.get(row.market) ?? { market: row.market, prices: new Map<string, PriceRow[]>() };
    market.prices.set(row.category, [...(market.prices.get(row.category) ?? []), row]);
    markets.set(row.market, market);
  }
  return [...markets.values()].sort((a, b) => a.market.localeCompare(b.market));
}

export type Became = "rose" | "fell" | "came" | "went";

export function became(change: PriceChange): Became {
  if (change.before_micros === null) return "came";
  if (change.after_micros === null) return "went";
  return change.after_micros > change.before_micros ? "rose" : "fell";
}

/** By how much of the price before, as a text; empty where one of the two is not there, or was nothing. */
export function percent(before: number | null, after: number | null): string {
  if (before === null || after === null || before === 0) return "";
  return new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }).format((after - before) / before);
}

/** The lines of a preview added up by one of their two names, the dearest first. */
export function summed(lines: readonly PreviewLine[], by: "category" | "market"): PreviewLine[] {
  const sums = new Map<string, PreviewLine>();
  for (const line of lines) {
    const sum = sums.get(line[by]) ?? { category: line.category, market: line.market, messages: 0, billable: 0, before_micros: 0, after_micros: 0 };
    sums.set(line[by], {
      ...sum,
      messages: sum.messages + line.messages,
      billable: sum.billable + line.billable,
      before_micros: sum.before_micros + line.before_micros,
      after_micros: sum.after_micros + line.after_micros,
    });
  }
  return [...sums.values()].sort((a, b) => Math.max(b.before_micros, b.after_micros) - Math.max(a.before_micros, a.after_micros));
}
