import { expect, test } from "vitest";
import { became, byMarket, monthsBefore, percent, summed, tierWords } from "./prices";

const row = (market: string, category: string, tier_from: number, unit_micros: number) => ({ market, category, tier_from, unit_micros });
const change = (before_micros: number | null, after_micros: number | null) => ({ market: "India", category: "utility", tier_from: 0, before_micros, after_micros });
const line = (market: string, category: string, before_micros: number, after_micros: number) => ({ market, category, messages: 2, billable: 1, before_micros, after_micros });

test("a market is one row, its tiers in order", () => {
  const markets = byMarket([row("Spain", "utility", 100, 5), row("Spain", "utility", 0, 7), row("India", "marketing", 0, 9)]);
  expect(markets.map((market) => market.market)).toEqual(["India", "Spain"]);
  expect(markets[1]?.prices.get("utility")?.map((price) => price.unit_micros)).toEqual([7, 5]);
  expect([tierWords(0), tierWords(100)]).toEqual(["", "from message 101"]);
});

test("a price rose, fell, came or went", () => {
  expect([change(1, 2), change(2, 1), change(null, 1), change(1, null)].map(became)).toEqual(["rose", "fell", "came", "went"]);
  expect([percent(100, 110), percent(100, 75), percent(0, 5), percent(null, 5)]).toEqual(["+10%", "-25%", "", ""]);
});

test("a preview is added up by category or market, the dearest first", () => {
  const lines = [line("India", "utility", 10, 20), line("Spain", "utility", 1, 1), line("Spain", "marketing", 40, 30)];
  expect(summed(lines, "category").map((sum) => [sum.category, sum.before_micros, sum.after_micros, sum.messages])).toEqual([["marketing", 40, 30, 2], ["utility", 11, 21, 4]]);
  expect(summed(lines, "market").map((sum) => [sum.market, sum.after_micros])).toEqual([["Spain", 31], ["India", 20]]);
});

test("months go back over the year", () => {
  expect(monthsBefore(Date.UTC(2027, 0, 15), 3).map((month) => month.value)).toEqual(["202701", "202612", "202611"]);
});
