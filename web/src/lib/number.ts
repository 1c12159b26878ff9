/** Phone numbers as people write them, and as the network keeps them. */

/** `+` and digits only; null when it cannot be a number with its country code. */
export function normalizeNumber(written: string): string | null {
  const digits = written.trim().replace(/^00/, "+").replace(/[\s().\-/]/g, "");
  return /^\+[1-9]\d{6,14}$/.test(digits) ? digits : null;
}

/** Grouped for reading: +999 0000 0101. */
export function readableNumber(number: string): string {
  const match = /^\+(999|1|7|[2-9]\d)(\d+)$/.exec(number);
  if (!match) return number;
  const rest = match[2] ?? "";
  return `+${match[1]} ${rest.replace(/(\d{3,4})(?=(\d{3,4})+$)/g, "$1 ")}`;
}

/** A free number of the practice range, whose code is 000000 in the sandbox. */
export function practiceNumber(random: () => number = Math.random): string {
  return `+9990000${String(Math.floor(random() * 1_000_000)).padStart(6, "0")}`;
}
