/** Revenue from memory: a network that grows from week to week and rests at the weekend, in two currencies. */
import type { Revenue, RevenuePart, RevenueSum, Split } from "./revenue";

const HOUR = 3600;
const DAY = 24 * HOUR;
const PARTS_OVER_TIME = 10;

/** Prices in micros, by market: marketing, utility, authentication, service. */
const PRICES: Record<string, readonly [number, number, number, number]> = {
  Germany: [136_500, 55_000, 55_000, 0],
  "United Kingdom": [52_900, 22_000, 22_000, 0],
  Italy: [69_100, 30_000, 30_000, 0],
  Brazil: [62_500, 6800, 6800, 0],
  India: [11_800, 1400, 1400, 0],
  Spain: [61_500, 20_000, 20_000, 0],
};
const CATEGORIES = ["marketing", "utility", "authentication", "service"];
const SHARES = [0.35, 0.9, 0.25, 0.6];
const CUSTOMERS = ["Tulip Bakery", "City Library", "Arcade Cinema", "North Clinic", "Harbour Ferries", "Linden Pharmacy", "Bright Energy", "Corner Books", "Fern & Folk", "Quay Street Market", "Old Mill Theatre", "Sunrise Travel", "Corner Books"];
const PLANS = [[null, null], ["verified", "Verified"], ["verified_plus", "Verified Plus"], ["verified_max", "Verified Max"]] as const;

/** Numbers that look like chance and are the same at every start. */
function chance(seed: number): number {
  const value = Math.sin(seed * 127.1) * 43_758.5453;
  return value - Math.floor(value);
}

type Cell = { at: number; market: number; category: number; customer: number; sum: RevenueSum };

function spanOf(query: URLSearchParams): { from: number; to: number } {
  const now = Math.floor(Date.now() / 1000);
  const today = now - (now % DAY);
  const date = new Date(today * 1000);
  const month = (back: number): number => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - back, 1) / 1000;
  const to = now - (now % HOUR) + HOUR;
  switch (query.get("period")) {
    case "7d":
      return { from: today - 6 * DAY, to };
    case "30d":
      return { from: today - 29 * DAY, to };
    case "90d":
      return { from: today - 89 * DAY, to };
    case "month":
      return { from: month(0), to };
    case "last_month":
      return { from: month(1), to: month(0) };
    case "days":
      return { from: Date.parse(query.get("from") ?? "") / 1000, to: Date.parse(query.get("to") ?? "") / 1000 + DAY };
    default:
      return { from: today, to };
  }
}

function cellsOf({ from, to }: { from: number; to: number }, step: number, factor: number): Cell[] {
  const cells: Cell[] = [];
  for (let at = from; at < to; at += step) {
    const weekday = new Date(at * 1000).getUTCDay();
    const shape = step === HOUR ? Math.max(0.08, Math.sin(((new Date(at * 1000).getUTCHours() - 3) / 18) * Math.PI)) * 42 : 1000;
    for (const [market, prices] of Object.values(PRICES).entries()) {
      for (const [category, unit] of prices.entries()) {
        const seed = at / HOUR + market * 31 + category * 7;
        const messages = Math.floor(shape * factor * (weekday === 0 || weekday === 6 ? 0.55 : 1) * (0.5 + chance(seed) * 0.8) * (SHARES[category] ?? 0));
        const customer = Math.floor(chance(market * 3 + category * 17 + (at / DAY) * 0.7) ** 2 * CUSTOMERS.length);
        cells.push({ at, market, category, customer, sum: { messages, billable: unit === 0 ? 0 : messages, amount_micros: messages * unit } });
      }
    }
  }
  return cells;
}

function partOf(cell: Cell, by: Split): Omit<RevenuePart, keyof RevenueSum> {
  const market = Object.keys(PRICES)[cell.market] ?? "";
  const category = CATEGORIES[cell.category] ?? "";
  const [plan, name] = PLANS[cell.customer % PLANS.length] ?? PLANS[0];
  switch (by) {
    case "category":
      return { category };
    case "market":
      return { market };
    case "market_category":
      return { market, category };
    case "portfolio":
      return { portfolio_id: String(2000 + cell.customer), name: CUSTOMERS[cell.customer] ?? null };
    case "plan":
      return { plan, name };
  }
}

function add(sum: RevenueSum, other: RevenueSum): void {
  sum.messages += other.messages;
  sum.billable += other.billable;
  sum.amount_micros += other.amount_micros;
}

const nothing = (): RevenueSum => ({ messages: 0, billable: 0, amount_micros: 0 });

export function revenue(query: URLSearchParams, empty: boolean): Revenue {
  const by = (query.get("by") ?? "category") as Split;
  const currency = query.get("currency") ?? "USD";
  const span = spanOf(query);
  const bucket = (query.get("period") ?? "today") === "today" && by !== "portfolio" && by !== "plan" ? "hour" : "day";
  const step = bucket === "hour" ? HOUR : DAY;
  const cells = empty ? [] : cellsOf(span, step, currency === "USD" ? 1 : 0.4);
  const parts = new Map<string, RevenuePart>();
  const points = new Map<number, Map<string, number>>();
  const total = nothing();
  for (const cell of cells) {
    const part = partOf(cell, by);
    const key = JSON.stringify(part);
    const kept = parts.get(key) ?? { ...part, ...nothing() };
    add(kept, cell.sum);
    add(total, cell.sum);
    parts.set(key, kept);
    const point = points.get(cell.at) ?? new Map<string, number>();
    point.set(key, (point.get(key) ?? 0) + cell.sum.amount_micros);
    points.set(cell.at, point);
  }
  const ordered = [...parts].toSorted(([, a], [, b]) => b.amount_micros - a.amount_micros || b.messages - a.messages);
  const told = ordered.filter(([, part]) => part.amount_micros > 0).slice(0, PARTS_OVER_TIME);
  const series = Array.from({ length: Math.ceil((span.to - span.from) / step) }, (_, n) => {
    const at = span.from + n * step;
    const point = points.get(at) ?? new Map<string, number>();
    const amount_micros = [...point.values()].reduce((sum, each) => sum + each, 0);
    const parts_micros = told.map(([key]) => point.get(key) ?? 0);
    const messages = cells.filter((cell) => cell.at === at).reduce((sum, cell) => sum + cell.sum.messages, 0);
    return { at, messages, amount_micros, parts_micros, others_micros: amount_micros - parts_micros.reduce((sum, each) => sum + each, 0) };
  });
  const previous = { messages: Math.floor(total.messages * 0.93), billable: Math.floor(total.billable * 0.93), amount_micros: Math.floor(total.amount_micros * 0.88) };
  const currencies = empty ? [] : [{ currency: "USD", messages: total.messages, amount_micros: total.amount_micros }, { currency: "EUR", messages: 900, amount_micros: Math.floor(total.amount_micros * 0.4) }];
  return { by, currency, currencies, period: span, bucket, total, previous, totals: ordered.map(([, part]) => part), more: { ...nothing(), parts: 0 }, over_time: told.length, series };
}
