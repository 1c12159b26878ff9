/**
 * # From messages to what stands on the screen
 *
 * Day separators, the line above what is new, and groups: messages of one sender within one minute stand together
 * under one time.
 */
import type { Item } from "@/core/types";
import { dayLabel, startOfDay } from "@/lib/time";

export type Row =
  | { is: "day"; key: string; label: string }
  | { is: "unread"; key: string }
  | { is: "notice"; key: string; item: Item }
  | { is: "group"; key: string; mine: boolean; items: Item[] };

const MINUTE_MS = 60_000;
/** How long its author may change a text, or the words below a file. */
const EDIT_MS = 15 * MINUTE_MS;

/** Kinds that change another message and do not stand by themselves. */
const SILENT: readonly Item["kind"][] = ["reaction", "edit", "revoke"];

function minute(at: number): number {
  return Math.floor(at / MINUTE_MS);
}

/** The first message of others among the last `unread` of them: where "new" begins. */
export function firstUnread(items: readonly Item[], unread: number): string | null {
  let left = unread;
  for (const item of items.toReversed()) {
    if (item.mine || (isNotice(item) && !isMissedCall(item)) || SILENT.includes(item.kind)) continue;
    left -= 1;
    if (left === 0) return item.id;
  }
  return null;
}

export function rowsOf(items: readonly Item[], unreadFrom: string | null, now: number, keyOf: (item: Item) => string): Row[] {
  const rows: Row[] = [];
  let day = Number.NaN;
  for (const item of items) {
    if (SILENT.includes(item.kind)) continue;
    const itemDay = startOfDay(item.at);
    if (itemDay !== day) {
      day = itemDay;
      rows.push({ is: "day", key: `day:${itemDay}`, label: dayLabel(item.at, now) });
    }
    if (item.id === unreadFrom) rows.push({ is: "unread", key: "unread" });
    const last = rows.at(-1);
    const previous = last?.is === "group" ? last.items.at(-1) : undefined;
    if (isNotice(item)) rows.push({ is: "notice", key: keyOf(item), item });
    else if (last?.is === "group" && previous && last.mine === item.mine && previous.author === item.author && minute(previous.at) === minute(item.at)) {
      last.items.push(item);
    } else rows.push({ is: "group", key: keyOf(item), mine: item.mine, items: [item] });
  }
  return rows;
}

/** A line in the middle, of nobody's hand. */
function isNotice(item: Item): boolean {
  return item.kind === "notice" || item.kind === "pin" || item.kind === "call";
}

/** A call that was for this person, and that nobody took. */
export function isMissedCall({ content }: Item): boolean {
  return content?.kind === "call" && !content.is_from_person && content.seconds === 0 && content.outcome !== "declined";
}

/** What a message says in one line: for quotes, announcements and lists. */
export function summary(item: Item): string {
  if (item.kind === "unsupported") return "A kind of message that this version does not know";
  return plain(item.text);
}

/** Whether I may still change it. */
export function canEdit(item: Item, now: number): boolean {
  const words = item.kind === "text" || (item.content?.kind === "media" && item.content.form !== "sticker" && item.content.caption !== "");
  return item.mine && words && isSent(item) && now - item.at < EDIT_MS;
}

/** Whether I may take it back. */
export function canDelete(item: Item): boolean {
  return item.mine && item.content !== null && isSent(item);
}

function isSent(item: Item): boolean {
  return item.ticks !== "failed" && item.ticks !== "waiting";
}

/** Without the marks of bold, italic and struck: where they are not drawn, they are noise. */
function plain(text: string): string {
  return text.replace(/(?<![\p{L}\d])([*_~])(\S(?:[^*_~\n]*\S)?)\1(?![\p{L}\d])/gu, "$2");
}
