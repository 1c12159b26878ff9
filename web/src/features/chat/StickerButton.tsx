/** Opens the stickers, at the end of the field. */
import { Sticker as StickerIcon } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { core } from "@/core/core";
import type { Pack, Sticker } from "@/core/stickers";
import { useHere } from "./here";
import { StickerPicker } from "./StickerPicker";
import { keepRecent } from "./recentStickers";

export function StickerButton({ replyTo, onSent }: { replyTo: string | null; onSent: () => void }) {
  const { id } = useHere();
  const [open, setOpen] = useState(false);

  function send(pack: Pack, sticker: Sticker): void {
    keepRecent({ pack: pack.key, name: sticker.name });
    void core.sendSticker(id, pack.key, sticker, replyTo);
    setOpen(false);
    onSent();
  }

  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button
          type="button"
          aria-label="Stickers"
          title="Stickers"
          className="absolute end-1 bottom-1 inline-flex size-8 items-center justify-center rounded-8 text-muted transition-colors duration-150 hover:bg-sunken hover:text-ink data-[state=open]:bg-sunken"
        >
          <StickerIcon size={19} />
        </button>
      </Popover.Trigger>
      {/* Inside the page's main part, where screen readers that go by landmarks find it. */}
      <Popover.Portal container={document.querySelector("main")}>
        <Popover.Content
          side="top"
          align="end"
          sideOffset={14}
          collisionPadding={12}
          aria-label="Stickers"
          className="z-30 h-88 w-[min(23rem,calc(100vw-1.5rem))] animate-appear overflow-hidden rounded-14 border bg-raised shadow-float"
        >
          <StickerPicker onSend={send} onLeave={() => setOpen(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
