/** The actions of a message, on hover and on focus: react, answer, and a menu with the rest. */
import { clsx } from "clsx";
import { Copy, CornerUpLeft, Ellipsis, Pencil, SmilePlus, Trash2 } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import type { Item } from "@/core/types";
import { useNow } from "@/lib/clock";
import { IconButton } from "@/ui/Button";
import { Menu, MenuItem } from "@/ui/Menu";
import type { Act } from "./Bubble";
import { canDelete, canEdit, summary } from "./grouping";

const EMOJI = ["👍", "❤️", "😄", "😮", "😢", "🙏"];

type Props = {
  item: Item;
  reacting: boolean;
  setReacting: (open: boolean) => void;
  /** The emoji that I gave. */
  mine: string | undefined;
  onReact: (emoji: string) => void;
  onAct: (act: Act) => void;
};

export function BubbleActions({ item, reacting, setReacting, mine, onReact, onAct }: Props) {
  const now = useNow();
  const [menu, setMenu] = useState(false);
  const look = "size-8";
  const shown = reacting || menu;
  return (
    <div
      className={clsx(
        "absolute -top-8 end-2 z-20 flex rounded-8 border bg-raised text-ink opacity-0 transition-opacity duration-150 group-focus-within/message:opacity-100 group-hover/message:opacity-100",
        shown ? "opacity-100" : "pointer-events-none group-focus-within/message:pointer-events-auto group-hover/message:pointer-events-auto",
      )}
    >
      <Popover.Root open={reacting} onOpenChange={setReacting}>
        <Popover.Trigger asChild>
          <IconButton label="React" className={look} tabIndex={-1}>
            <SmilePlus size={16} />
          </IconButton>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content side="top" sideOffset={4} collisionPadding={8} aria-label="Reactions" className="z-30 flex animate-appear gap-0.5 rounded-full border bg-raised p-1 shadow-float">
            {EMOJI.map((emoji) => (
              <button
                key={emoji}
                type="button"
                aria-label={emoji === mine ? `Take back ${emoji}` : `React with ${emoji}`}
                aria-pressed={emoji === mine}
                onClick={() => onReact(emoji)}
                className="inline-flex size-9 items-center justify-center rounded-full text-20 transition-transform duration-150 hover:scale-115 hover:bg-sunken aria-pressed:bg-accent-soft"
              >
                {emoji}
              </button>
            ))}
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      <IconButton label="Reply" className={look} tabIndex={-1} onClick={() => onAct("reply")}>
        <CornerUpLeft size={16} />
      </IconButton>
      <Menu
        open={menu}
        onOpenChange={setMenu}
        trigger={
          <button type="button" aria-label="More" title="More" tabIndex={-1} className="inline-flex size-8 items-center justify-center rounded-8 text-muted hover:bg-sunken hover:text-ink data-[state=open]:bg-sunken">
            <Ellipsis size={16} />
          </button>
        }
      >
        <MenuItem icon={<Copy size={15} />} onSelect={() => void navigator.clipboard.writeText(summary(item))}>
          Copy text
        </MenuItem>
        {canEdit(item, now) && (
          <MenuItem icon={<Pencil size={15} />} onSelect={() => onAct("edit")}>
            Edit
          </MenuItem>
        )}
        {canDelete(item) && (
          <MenuItem icon={<Trash2 size={15} />} danger onSelect={() => onAct("delete")}>
            Delete
          </MenuItem>
        )}
      </Menu>
    </div>
  );
}
