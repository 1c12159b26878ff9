/** The order of a timeline: one function, because three places need exactly the same. */
import type { Item } from "./types";

/**
 * Items by the place that all members agree on. One without a place (still waiting, failed, a notice of this device)
 * stands after the last placed item that is not younger.
 */
export function inOrder(items: Iterable<Item>): Item[] {
  const placed: Item[] = [];
  const loose: Item[] = [];
  for (const item of items) (item.gseq > 0 ? placed : loose).push(item);
  placed.sort((a, b) => a.gseq - b.gseq || a.at - b.at);
  loose.sort((a, b) => a.at - b.at);
  const ordered: Item[] = [];
  let next = 0;
  for (const item of loose) {
    let place = placed.length;
    while (place > next && (placed[place - 1]?.at ?? 0) > item.at) place -= 1;
    ordered.push(...placed.slice(next, place), item);
    next = place;
  }
  ordered.push(...placed.slice(next));
  return ordered;
}
