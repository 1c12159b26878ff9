/**
 * # Times on a screen
 *
 * All times are the viewer's: zone and locale of the browser. Relative words are used below a day only, the exact time
 * is always one hover away.
 */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const stampFormat = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
const weekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const weekdayShort = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const dateFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long" });
const dateYearFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const dateShort = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "2-digit", year: "2-digit" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

/** Midnight of a moment's day, in the viewer's zone. */
export function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

function daysBetween(at: number, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(at)) / DAY);
}

/** 14:05 */
export function clock(at: number): string {
  return clockFormat.format(at);
}

/** The day above its messages: Today, Yesterday, Tuesday, 3 May, 3 May 2024. */
export function dayLabel(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days > 1 && days < 7) return weekdayFormat.format(at);
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? dateFormat.format(at) : dateYearFormat.format(at);
}

/** The time in a list of conversations: 14:05, Yesterday, Tue, 03/05/24. */
export function listTime(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days <= 0) return clock(at);
  if (days === 1) return "Yesterday";
  return days < 7 ? weekdayShort.format(at) : dateShort.format(at);
}

/** "5 min ago", "in 2 hr"; from a day on, the date and time. */
export function ago(at: number, now: number): string {
  const gap = at - now;
  const size = Math.abs(gap);
  if (size < 5000) return "now";
  if (size < MINUTE) return relative.format(Math.round(gap / 1000), "second");
  if (size < HOUR) return relative.format(Math.round(gap / MINUTE), "minute");
  return size < DAY ? relative.format(Math.round(gap / HOUR), "hour") : stamp(at);
}

/** 03 May, 14:05 */
export function stamp(at: number): string {
  return stampFormat.format(at);
}

/** The moment to the second, for hovers. */
export function exact(at: number): string {
  return exactFormat.format(at);
}

/** A date without time, from seconds; a price version's first day. */
export function date(at: number): string {
  return dateYearFormat.format(at);
}

/** How long a call goes on: 0:05, 12:40, 1:02:09. */
export function timer(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (number: number): string => String(number).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** How long a call was, in words: 5 s, 12 min 40 s, 1 hr 2 min. */
export function length(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return `${hours} hr ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}
