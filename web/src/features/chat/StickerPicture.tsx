/** The picture of a sticker of a pack, asked for when it is about to be seen. */
import { clsx } from "clsx";
import { ImageOff } from "lucide-react";
import { core, useFile } from "@/core/core";
import { pictureKey } from "@/core/pictures";
import type { Pack, Sticker } from "@/core/stickers";
import { Moving } from "@/ui/Moving";
import { whenNear } from "./content/FileFrame";

type Props = { pack: Pack; sticker: Sticker; className?: string };

/** Decorative: what it stands in says what is seen. */
export function StickerPicture({ pack, sticker, className }: Props) {
  const key = pictureKey(pack.key, sticker.name);
  const state = useFile(key);
  const load = (): void => {
    // All of a pack at once: the server is not to learn which one is about to be sent.
    for (const { name } of pack.may_use ? pack.stickers : [sticker]) void core.files.open(pictureKey(pack.key, name), () => core.call("sticker", pack.key, name));
  };
  return (
    <span ref={(element) => (state.is === "absent" ? whenNear(element, load) : undefined)} className={clsx("grid aspect-square place-items-center", className)}>
      {state.is === "ready" && <Moving url={state.url} alt="" moves={sticker.is_animated} className="size-full object-contain" />}
      {state.is === "failed" && <ImageOff size={18} className="text-faint" aria-hidden="true" />}
      {(state.is === "absent" || state.is === "loading") && <span className="size-2/3 rounded-14 bg-sunken" aria-hidden="true" />}
    </span>
  );
}
