/** The categories of what is paid for, messages and calls: their order, their colour, their name. The same on every page. */
const ORDER = ["marketing", "utility", "authentication", "authentication_international", "service", "group_marketing", "group_utility", "group_service", "call"];
const KNOWN_COLORS: Record<string, number> = { marketing: 0, utility: 1, authentication: 2, service: 3, call: 4, group_marketing: 5, group_utility: 6 };

/** Colours of parts that have none of their own, the largest part first; and that of all the rest. */
export const PART_COLORS = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10];
export const OTHERS_COLOR = 7;

export function inCategoryOrder(categories: Iterable<string>): string[] {
  const rank = (category: string): number => (ORDER.includes(category) ? ORDER.indexOf(category) : ORDER.length);
  return [...new Set(categories)].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

/** The place of a category's colour in the chart palette. */
export function colorOf(category: string): number {
  return KNOWN_COLORS[category] ?? 7;
}

/** `free_customer_service` as words. */
export function words(name: string): string {
  const spaced = name.replaceAll("_", " ").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export function Category({ name }: { name: string }) {
  return (
    <span className="inline-flex items-center gap-2">
      <span className="size-2 rounded-full" style={{ background: `var(--chart-${colorOf(name) + 1})` }} aria-hidden="true" />
      {words(name)}
    </span>
  );
}
