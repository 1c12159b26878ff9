/** The operator's packs in the mock: those that come with Plaza, and one that was added. */
import { mockPacks, mockPicture } from "@/core/mockStickers";
import type { StickerPack } from "./stickerPacks";

let isAdded = true;

function packs(): StickerPack[] {
  const own = mockPacks([]).map(({ key, title, access, plans, stickers }): StickerPack => ({ key, title, access, plans, stickers, is_own: true }));
  const harvest: StickerPack = { key: "harvest", title: "Harvest on the square", access: "once", plans: [], is_own: false, stickers: own[1]?.stickers.toReversed().slice(0, 5) ?? [] };
  return isAdded ? [...own, harvest] : own;
}

/** `/operator/api/…`; `null`: another address. */
export async function answerStickers(method: string, path: string): Promise<Response | null> {
  const [, key, name] = /^sticker-packs(?:\/([\w-]+))?(?:\/([\w-]+))?$/.exec(path) ?? [];
  if (!path.startsWith("sticker-packs")) return null;
  if (name !== undefined) return fetch(mockPicture(key === "harvest" ? "market-day" : (key ?? ""), name));
  if (method === "DELETE") {
    isAdded = false;
    return Response.json({ removed: true });
  }
  return Response.json({ data: packs() });
}
