/** Days, groups and the line above what is new. */
import { describe, expect, it } from "vitest";
import type { Item } from "@/core/types";
import { firstUnread, rowsOf, summary } from "./grouping";

const NOON = new Date(2026, 10, 23, 12, 0, 0).getTime();
const MINUTE = 60_000;

function item(id: string, at: number, part: Partial<Item> = {}): Item {
  return { id, kind: "text", mine: false, author: "Ben", at, gseq: 1, ticks: null, text: id, reply_to: null, reactions: [], template: null, error: null, ...part };
}

const key = (each: Item): string => each.id;

describe("rows", () => {
  it("groups by sender and minute, under one day", () => {
    const rows = rowsOf([item("a", NOON), item("b", NOON + 20_000), item("c", NOON + MINUTE), item("d", NOON + MINUTE, { mine: true, author: "" })], null, NOON, key);
    expect(rows.map((row) => (row.is === "group" ? row.items.map((each) => each.id).join("") : row.is))).toEqual(["day", "ab", "c", "d"]);
  });

  it("splits a group where new messages begin, and leaves reactions out", () => {
    const rows = rowsOf([item("a", NOON), item("r", NOON, { kind: "reaction" }), item("b", NOON)], "b", NOON, key);
    expect(rows.map((row) => row.is)).toEqual(["day", "group", "unread", "group"]);
  });

  it("starts a day at the viewer's midnight", () => {
    const rows = rowsOf([item("a", NOON - 24 * 60 * MINUTE), item("b", NOON)], null, NOON, key);
    expect(rows.filter((row) => row.is === "day").map((row) => row.label)).toEqual(["Yesterday", "Today"]);
  });
});

it("finds where new begins among the messages of others", () => {
  const items = [item("a", 1), item("b", 2), item("mine", 3, { mine: true }), item("c", 4)];
  expect(firstUnread(items, 2)).toBe("b");
  expect(firstUnread(items, 9)).toBeNull();
});

it("says a template in one line, without its marks", () => {
  const template = { header: "Order 1", body: "Ready at *08:00*, snake_case_stays", footer: "", buttons: [] };
  expect(summary(item("t", 0, { kind: "template", template }))).toBe("Order 1: Ready at 08:00, snake_case_stays");
});
