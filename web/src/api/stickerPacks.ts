/** The packs of stickers, as the operator sees them. */
import { queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { call, fetchFile } from "./http";

export type StickerPack = {
  key: string;
  title: string;
  access: "free" | "plus" | "once";
  /** The plans that give it. */
  plans: string[];
  /** Part of Plaza: it cannot be removed. */
  is_own: boolean;
  stickers: { name: string; emoji: string; text: string; is_animated: boolean; bytes: number }[];
};

export function stickerQueries(token: string) {
  return {
    list: () => queryOptions({ queryKey: ["operator", "sticker-packs"], queryFn: ({ signal }) => call<{ data: StickerPack[] }>(paths.stickerPacks(), { token, signal }) }),
    /** An address of the picture, which lives as long as the page. */
    picture: (pack: string, name: string) =>
      queryOptions({
        queryKey: ["operator", "sticker", pack, name],
        queryFn: async ({ signal }) => URL.createObjectURL(await fetchFile(paths.stickerPicture(pack, name), { token, signal })),
        staleTime: Infinity,
        gcTime: Infinity,
      }),
  };
}

export function stickerCalls(token: string) {
  return { remove: (pack: string) => call<unknown>(paths.stickerPack(pack), { method: "DELETE", token }) };
}
