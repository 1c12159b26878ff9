/** Addresses that somebody else wrote: only pages of the web are opened from here. */

/** The address, if it is one of the web; anything else (javascript:, data:, a word) is none. */
export function webAddress(written: string): string | null {
  try {
    const url = new URL(written);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

/** For `tel:`: a plus sign and digits, nothing else. */
export function telephone(number: string): string {
  return `tel:${number.replace(/[^+\d]/g, "")}`;
}
