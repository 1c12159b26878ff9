/** Days, groups and the line above what is new. */
import { describe, expect, it } from "vitest";
import type { Item } from "@/core/types";
import { answersOf, chosenIn, hasAnswered } from "./answering";
import { canDelete, canEdit, firstUnread, rowsOf, summary } from "./grouping";

const NOON = new Date(2026, 10, 23, 12, 0, 0).getTime();
const MINUTE = 60_000;

function item(id: string, at: number, part: Partial<Item> = {}): Item {
  return { id, kind: "text", mine: false, author: "Ben", at, gseq: 1, ticks: null, text: id, reply_to: null, reactions: [], content: null, is_edited: false, error: null, ...part };
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

it("says a message in one line, without its marks", () => {
  expect(summary(item("t", 0, { kind: "template", text: "Ready at *08:00*, snake_case_stays" }))).toBe("Ready at 08:00, snake_case_stays");
});

it("lets one change a text of one's own for a quarter of an hour, and take back what was sent", () => {
  const mine = item("m", NOON, { mine: true, ticks: "read", content: { kind: "text", body: "m", preview_url: false } });
  expect([canEdit(mine, NOON + 14 * MINUTE), canEdit(mine, NOON + 15 * MINUTE), canEdit({ ...mine, mine: false }, NOON)]).toEqual([true, false, false]);
  expect([canDelete(mine), canDelete({ ...mine, ticks: "failed" }), canDelete({ ...mine, kind: "revoked", content: null })]).toEqual([true, false, false]);
});

it("finds what was answered: the last choice, whatever else was answered after it", () => {
  const reply = (id: string, ticks: Item["ticks"]): Item => item(id, NOON, { mine: true, ticks, kind: "button_reply", reply_to: "q", content: { kind: "button_reply", text: id, payload: `${id}-payload` } });
  const place = item("p", NOON, { mine: true, ticks: "sent", kind: "location", reply_to: "q", content: { kind: "location", latitude: 0, longitude: 0, name: "", address: "", url: "" } });
  const answers = answersOf([reply("no", "read"), reply("yes", "sent"), place, reply("perhaps", "failed")]).get("q") ?? [];
  expect([chosenIn(answers), hasAnswered(answers, "location"), hasAnswered(answers, "order")]).toEqual(["yes-payload", true, false]);
});
