/** The stickers that somebody sent last, in this browser only: the latest first. */
export type Recent = { pack: string; name: string };

const KEY = "plaza.stickers";
const RECENT_MAX = 16;

function isRecent(value: unknown): value is Recent {
  return typeof value === "object" && value !== null && "pack" in value && "name" in value && typeof value.pack === "string" && typeof value.name === "string";
}

export function recentStickers(): Recent[] {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]") as unknown;
    return Array.isArray(kept) ? kept.filter(isRecent) : [];
  } catch {
    return [];
  }
}

export function keepRecent({ pack, name }: Recent): void {
  const others = recentStickers().filter((each) => each.pack !== pack || each.name !== name);
  try {
    localStorage.setItem(KEY, JSON.stringify([{ pack, name }, ...others].slice(0, RECENT_MAX)));
  } catch {
    // A browser that keeps nothing still sends.
  }
}
