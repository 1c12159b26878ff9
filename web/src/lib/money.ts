/**
 * # Money on a screen
 *
 * Amounts travel as integer micros of a currency and are never turned into binary fractions: the decimal text is cut
 * from the integer, and `Intl` formats that text. Sums are made per currency only.
 */
const MICROS = 1_000_000;

/** The exact decimal text of an amount: `12.345678`, without needless zeros. */
export function decimal(micros: number): string {
  const sign = micros < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(micros) / MICROS);
  const rest = String(Math.abs(micros) % MICROS)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return rest === "" ? `${sign}${whole}` : `${sign}${whole}.${rest}`;
}

type Style = "total" | "exact" | "axis";

const formats = new Map<string, Intl.NumberFormat>();

function format(currency: string, style: Style): Intl.NumberFormat {
  const key = `${currency} ${style}`;
  const known = formats.get(key);
  if (known) return known;
  const digits = style === "exact" ? { minimumFractionDigits: 2, maximumFractionDigits: 6 } : {};
  const axis = style === "axis" ? { notation: "compact" as const, minimumFractionDigits: 0, maximumFractionDigits: 4 } : {};
  const made = new Intl.NumberFormat(undefined, { style: "currency", currency, ...digits, ...axis });
  formats.set(key, made);
  return made;
}

/** An amount with its currency: rounded like the currency, or `exact` with up to six places for unit prices. */
export function money(micros: number, currency: string, style: Style = "total"): string {
  // The type of `format` knows decimal texts only as literals; every number of ours is one.
  return format(currency, style).format(decimal(micros) as `${number}`);
}

/** The same for an amount that somebody else wrote: a currency that is none is shown as it was written. */
export function price(micros: number, currency: string): string {
  try {
    return money(micros, currency);
  } catch {
    return `${decimal(micros)} ${currency}`.trim();
  }
}

/** Sums per currency, largest first: amounts of two currencies are never added. */
export function sumByCurrency(rows: readonly { currency: string; amount_micros: number }[]): { currency: string; amount_micros: number }[] {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(row.currency, (sums.get(row.currency) ?? 0) + row.amount_micros);
  return [...sums].map(([currency, amount_micros]) => ({ currency, amount_micros })).sort((a, b) => b.amount_micros - a.amount_micros);
}

/** How much more or less than before, as a text; null when there is nothing to compare with. */
export function change(now: number, before: number): { text: string; up: boolean } | null {
  if (before === 0) return null;
  const ratio = (now - before) / before;
  const text = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(ratio);
  return { text, up: ratio >= 0 };
}

/** A part of a whole, per cent, as a text. */
export function share(part: number, whole: number): string {
  return new Intl.NumberFormat(undefined, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(whole === 0 ? 0 : part / whole);
}

/** Micros to units, for the geometry of a chart only: what is written comes from the integer. */
export const units = (micros: number): number => micros / MICROS;

/** How the bars of a chart are written whose values are [`units`] of a currency. */
export function inMoney(currency: string): { write: (value: number) => string; axis: (value: number) => string } {
  const micros = (value: number): number => Math.round(value * MICROS);
  return { write: (value) => money(micros(value), currency), axis: (value) => money(micros(value), currency, "axis") };
}

/** A count with separators. */
export function count(value: number): string {
  return new Intl.NumberFormat().format(value);
}
