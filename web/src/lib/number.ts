/** Phone numbers as people write them and as the network keeps them, and sizes of files. */

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

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** The size of a file: 340 kB, 2.1 MB. */
export function fileSize(bytes: number): string {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const unit = UNITS[step] ?? "byte";
  return new Intl.NumberFormat(undefined, { style: "unit", unit, maximumFractionDigits: step > 1 ? 1 : 0 }).format(bytes / 1000 ** step);
}
