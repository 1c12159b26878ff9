/** Revenue as the operator's API tells it: the days of a period (UTC), in one currency, split one way. Amounts are micros. */

export const PERIODS = ["today", "7d", "30d", "90d", "month", "last_month", "days"] as const;
export type Period = (typeof PERIODS)[number];
export const SPLITS = ["category", "market", "market_category", "portfolio", "plan"] as const;
export type Split = (typeof SPLITS)[number];

/** What is asked for; `from` and `to` are the first and the last day where the period is `days`. */
export type RevenueOf = { period: Period; by: Split; currency?: string; from?: string; to?: string };

export type RevenueSum = { messages: number; billable: number; amount_micros: number };
/** One part: a category, a market, both, a customer or a plan (`plan: null`: customers without one). */
export type RevenuePart = RevenueSum & { category?: string; market?: string; portfolio_id?: string; plan?: string | null; name?: string | null };

export type Revenue = {
  by: Split;
  currency: string;
  currencies: { currency: string; messages: number; amount_micros: number }[];
  period: { from: number; to: number };
  bucket: "hour" | "day";
  total: RevenueSum;
  previous: RevenueSum;
  /** The largest first; what is beyond is one sum. */
  totals: RevenuePart[];
  more: RevenueSum & { parts: number };
  /** How many of the totals are told over time, from the first on. */
  over_time: number;
  series: { at: number; messages: number; amount_micros: number; parts_micros: number[]; others_micros: number }[];
};
