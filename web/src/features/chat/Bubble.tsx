/**
 * # One message
 *
 * Quote, text or template, reactions, and at the end of the last line the time and how far it has come. The actions
 * (answer, react, copy) show on hover and on focus; R, E and C do the same on a focused message.
 */
import { clsx } from "clsx";
import { Copy, CornerUpLeft, RotateCcw, SmilePlus } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import type { KeyboardEvent, ReactNode } from "react";
import { core } from "@/core/core";
import type { Item } from "@/core/types";
import { clock, exact } from "@/lib/time";
import { IconButton } from "@/ui/Button";
import { RichText } from "./RichText";
import { TemplateButtons } from "./TemplateButtons";
import { Ticks, TicksText } from "./Ticks";
import { summary } from "./grouping";

const EMOJI = ["👍", "❤️", "😄", "😮", "😢", "🙏"];

type Props = {
  conversationId: string;
  item: Item;
  /** The last of its group carries the time. */
  last: boolean;
  first: boolean;
  quoted: Item | undefined;
  /** The quick reply that was given to this template. */
  answer: string | null;
  onReply: (item: Item) => void;
};

export function Bubble({ conversationId, item, last, first, quoted, answer, onReply }: Props) {
  const [reacting, setReacting] = useState(false);
  const mine = item.reactions.find((each) => each.mine)?.emoji;
  const canAct = item.ticks !== "failed" && item.ticks !== "waiting" && item.kind !== "unsupported";

  function react(emoji: string): void {
    setReacting(false);
    core.call("send_reaction", conversationId, item.id, emoji === mine ? "" : emoji).catch(() => undefined);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "r" && canAct) onReply(item);
    else if (event.key === "e" && canAct) setReacting(true);
    else if (event.key === "c") void navigator.clipboard.writeText(summary(item));
    else return;
    event.preventDefault();
  }

  return (
    <div id={`message-${item.id}`} className={clsx("group/message flex", item.mine ? "flex-row-reverse" : "flex-row")}>
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/no-noninteractive-element-interactions -- an article with keys of its own */}
      <article
        data-message={item.id}
        tabIndex={-1}
        aria-label={`${item.mine ? "You" : item.author}, ${clock(item.at)}`}
        onKeyDown={onKeyDown}
        className={clsx(
          "relative max-w-[min(68ch,86%)] min-w-0 rounded-14 text-14 wrap-anywhere whitespace-pre-wrap",
          item.mine ? "bg-mine text-mine-ink" : "border bg-theirs",
          item.mine ? !last && "rounded-ee-4" : !last && "rounded-es-4",
          item.mine ? !first && "rounded-se-4" : !first && "rounded-ss-4",
        )}
      >
        <Body item={item} quoted={quoted} meta={<Meta item={item} last={last} />} />
        {item.template && item.template.buttons.length > 0 && <TemplateButtons conversationId={conversationId} item={item} answer={answer} />}
        {canAct && (
          <Actions open={reacting} setOpen={setReacting} mine={mine} onReact={react} onReply={() => onReply(item)} onCopy={() => void navigator.clipboard.writeText(summary(item))} />
        )}
      </article>
    </div>
  );
}

function Body({ item, quoted, meta }: { item: Item; quoted: Item | undefined; meta: ReactNode }) {
  return (
    <div className="flow-root px-3 py-2">
      {item.reply_to !== null && <Quote quoted={quoted} />}
      {item.template ? (
        <>
          {item.template.header !== "" && <p className="mb-1 font-semibold">{item.template.header}</p>}
          <RichText text={item.template.body} />
          {item.template.footer === "" ? (
            meta
          ) : (
            <p className="mt-1 text-13 text-faint">
              {item.template.footer}
              {meta}
            </p>
          )}
        </>
      ) : item.kind === "unsupported" ? (
        <em className="text-muted">This version of Plaza cannot show this message yet. Reload the page to get the newest one.</em>
      ) : (
        <RichText text={item.text} />
      )}
      {!item.template && meta}
    </div>
  );
}

function Quote({ quoted }: { quoted: Item | undefined }) {
  function show(): void {
    const target = quoted && document.querySelector<HTMLElement>(`[data-message="${CSS.escape(quoted.id)}"]`);
    target?.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    target?.focus({ preventScroll: true });
  }
  return (
    <button type="button" disabled={!quoted} onClick={show} className="mb-1.5 block w-full rounded-6 border-s-3 border-accent bg-[color-mix(in_srgb,currentColor_7%,transparent)] px-2.5 py-1.5 text-start">
      <span className="block text-12 font-semibold">{quoted ? (quoted.mine ? "You" : quoted.author) : "Answer"}</span>
      <span className="line-clamp-2 text-13 opacity-85">{quoted ? summary(quoted) : "To an earlier message"}</span>
    </button>
  );
}

/** Ends the last line: it floats there, or onto a line of its own when there is no room. */
function Meta({ item, last }: { item: Item; last: boolean }) {
  if (!last && item.ticks !== "failed") return item.ticks ? <TicksText state={item.ticks} /> : null;
  return (
    <span className={clsx("float-end ms-3 mt-1 flex items-center gap-1 text-12 leading-4 tabular select-none", item.mine ? "text-mine-muted" : "text-faint")}>
      <time dateTime={new Date(item.at).toISOString()} title={exact(item.at)}>
        {clock(item.at)}
      </time>
      {item.ticks && <Ticks state={item.ticks} />}
    </span>
  );
}

type ActionsProps = { open: boolean; setOpen: (open: boolean) => void; mine: string | undefined; onReact: (emoji: string) => void; onReply: () => void; onCopy: () => void };

function Actions({ open, setOpen, mine, onReact, onReply, onCopy }: ActionsProps) {
  const look = "size-8";
  return (
    <div
      className={clsx(
        "absolute -top-8 end-2 z-20 flex rounded-8 border bg-raised opacity-0 transition-opacity duration-150 group-focus-within/message:opacity-100 group-hover/message:opacity-100",
        open ? "opacity-100" : "pointer-events-none group-focus-within/message:pointer-events-auto group-hover/message:pointer-events-auto",
      )}
    >
      <Popover.Root open={open} onOpenChange={setOpen}>
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
      <IconButton label="Reply" className={look} tabIndex={-1} onClick={onReply}>
        <CornerUpLeft size={16} />
      </IconButton>
      <IconButton label="Copy text" className={look} tabIndex={-1} onClick={onCopy}>
        <Copy size={15} />
      </IconButton>
    </div>
  );
}

/** Below a bubble: who reacted with what, and what went wrong with a way out. */
export function Below({ conversationId, item }: { conversationId: string; item: Item }) {
  const failed = item.ticks === "failed";
  if (item.reactions.length === 0 && !failed) return null;
  return (
    <div className={clsx("relative z-10 flex flex-wrap gap-1", item.mine ? "justify-end pe-2" : "ps-2", failed ? "mt-1" : "-mt-1.5")}>
      {item.reactions.map((reaction, n) => (
        <span key={n} className={clsx("rounded-full border bg-raised px-1.5 py-0.5 text-13 leading-4", reaction.mine && "border-accent")}>
          {reaction.emoji}
          <span className="sr-only">{reaction.mine ? " from you" : ""}</span>
        </span>
      ))}
      {failed && (
        <span role="alert" className="flex flex-wrap items-center justify-end gap-x-2 text-13 text-bad">
          {item.error ?? "Not sent."}
          <button type="button" onClick={() => void core.retry(conversationId, item)} className="inline-flex h-6 items-center gap-1 rounded-4 px-1 font-medium underline underline-offset-2">
            <RotateCcw size={13} aria-hidden="true" />
            Try again
          </button>
        </span>
      )}
    </div>
  );
}
