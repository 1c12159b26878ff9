/**
 * # One message
 *
 * Quote, content, reactions, and at the end of the last line the time and how far it has come. The actions (react,
 * answer, and more) show on hover and on focus; R, E, C, F2 and Delete do the same on a focused message.
 */
import { clsx } from "clsx";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import type { KeyboardEvent } from "react";
import { core } from "@/core/core";
import type { Item } from "@/core/types";
import { clock, exact } from "@/lib/time";
import { BubbleActions } from "./BubbleActions";
import { Ticks, TicksText } from "./Ticks";
import type { Answers } from "./answering";
import { Content } from "./content/Content";
import { canDelete, canEdit, summary } from "./grouping";

/** What one can do with a message, beside reacting to it. */
export type Act = "reply" | "edit" | "delete";

type Props = {
  conversationId: string;
  item: Item;
  /** The last of its group carries the time. */
  last: boolean;
  first: boolean;
  quoted: Item | undefined;
  /** What I answered to it. */
  answers: Answers;
  onAct: (act: Act, item: Item) => void;
};

export function Bubble({ conversationId, item, last, first, quoted, answers, onAct }: Props) {
  const [reacting, setReacting] = useState(false);
  const mine = item.reactions.find((each) => each.mine)?.emoji;
  const bare = item.content?.kind === "media" && item.content.form === "sticker" && item.reply_to === null;
  const canAct = item.ticks !== "failed" && item.ticks !== "waiting" && item.kind !== "unsupported" && item.kind !== "revoked";

  function react(emoji: string): void {
    setReacting(false);
    core.call("send_reaction", conversationId, item.id, emoji === mine ? "" : emoji).catch(() => undefined);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "r" && canAct) onAct("reply", item);
    else if (event.key === "e" && canAct) setReacting(true);
    else if (event.key === "c") void navigator.clipboard.writeText(summary(item));
    else if (event.key === "F2" && canEdit(item, Date.now())) onAct("edit", item);
    else if (event.key === "Delete" && canDelete(item)) onAct("delete", item);
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
          !bare && (item.mine ? "bg-mine text-mine-ink" : "border bg-theirs"),
          item.mine ? !last && "rounded-ee-4" : !last && "rounded-es-4",
          item.mine ? !first && "rounded-se-4" : !first && "rounded-ss-4",
        )}
      >
        <Content item={item} answers={answers} quote={item.reply_to === null ? null : <Quote quoted={quoted} />} meta={<Meta item={item} last={last} bare={bare} />} />
        {canAct && <BubbleActions item={item} reacting={reacting} setReacting={setReacting} mine={mine} onReact={react} onAct={(act) => onAct(act, item)} />}
      </article>
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
function Meta({ item, last, bare }: { item: Item; last: boolean; /** It stands on the page itself. */ bare: boolean }) {
  if (!last && item.ticks !== "failed" && !item.is_edited) return item.ticks ? <TicksText state={item.ticks} /> : null;
  return (
    <span className={clsx("float-end ms-3 mt-1 flex items-center gap-1 text-12 leading-4 tabular select-none", item.mine && !bare ? "text-mine-muted" : "text-faint")}>
      {item.is_edited && <span>edited</span>}
      <time dateTime={new Date(item.at).toISOString()} title={exact(item.at)}>
        {clock(item.at)}
      </time>
      {item.ticks && <Ticks state={item.ticks} />}
    </span>
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
