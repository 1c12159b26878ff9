/**
 * # The messages of one conversation
 *
 * The scroller runs in reverse (`flex-col-reverse`): the browser itself keeps it at the newest message, and keeps the
 * place when older ones are put before. Older pages come when the top comes into view. Arrow keys walk from message to
 * message. New messages are spoken once, by the announcer; the log itself is silent, so that loading a page does not
 * read it aloud.
 */
import { ArrowDown, LoaderCircle } from "lucide-react";
import { useState } from "react";
import type { KeyboardEvent } from "react";
import { core } from "@/core/core";
import type { LoadedTimeline } from "@/core/store";
import type { ConversationView, Item } from "@/core/types";
import { useNow } from "@/lib/clock";
import { ErrorNote } from "@/ui/Problem";
import { Below, Bubble } from "./Bubble";
import type { Act } from "./Bubble";
import { CallRow } from "./CallRow";
import { answersOf } from "./answering";
import type { Answers } from "./answering";
import { firstUnread, rowsOf } from "./grouping";
import type { Row } from "./grouping";

const AT_BOTTOM_PX = 120;
const NO_ANSWERS: Answers = [];

type Props = { conversation: ConversationView; timeline: LoadedTimeline; unreadAtOpen: number; onAct: (act: Act, item: Item) => void };

/** Moves the focus to the message above or below. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
  const target = event.target as Node;
  // A window that a message has opened, and a player, keep their arrows.
  if (step === 0 || !event.currentTarget.contains(target) || target instanceof HTMLMediaElement) return;
  const messages = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-message]")];
  const at = messages.indexOf(document.activeElement as HTMLElement);
  const next = at === -1 ? messages.at(-1) : messages[at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** Asks for older messages as soon as the top is seen. */
function whenSeen(element: HTMLElement | null, seen: () => void): (() => void) | undefined {
  if (!element) return undefined;
  const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && seen(), { rootMargin: "400px 0px 0px 0px" });
  observer.observe(element);
  return () => observer.disconnect();
}

export function Timeline({ conversation, timeline, unreadAtOpen, onAct }: Props) {
  const now = useNow();
  const [away, setAway] = useState(false);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const [unreadFrom, setUnreadFrom] = useState<string | null | undefined>(undefined);
  // Where "new" began is fixed by the first page, and stays while the conversation is open.
  if (unreadFrom === undefined && timeline.items.length > 0) setUnreadFrom(unreadAtOpen > 0 ? firstUnread(timeline.items, unreadAtOpen) : null);

  const answers = answersOf(timeline.items);
  const rows = rowsOf(timeline.items, unreadFrom ?? null, now, (item) => core.keyOf(item));

  return (
    <div className="relative min-h-0 grow">
      {/* oxlint-disable jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/no-noninteractive-tabindex -- a log that scrolls must be reachable by keyboard */}
      <section
        ref={setScroller}
        role="log"
        aria-live="off"
        aria-label={conversation.group ? `Messages in ${conversation.title}` : `Messages with ${conversation.title}`}
        tabIndex={0}
        onKeyDown={walk}
        onScroll={(event) => setAway(event.currentTarget.scrollTop < -AT_BOTTOM_PX)}
        // oxlint-enable jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/no-noninteractive-tabindex
        className="scroll-quiet flex h-full flex-col-reverse overflow-y-auto overscroll-contain -outline-offset-2"
      >
        <div className="mx-auto w-full max-w-3xl px-4 pt-4 pb-3">
          {timeline.more && (
            <div ref={(element) => whenSeen(element, () => void core.loadOlder(conversation.id))} key={timeline.items[0]?.id} className="flex justify-center py-3 text-faint">
              <LoaderCircle size={18} className="animate-spin" aria-label="Loading older messages" />
            </div>
          )}
          {timeline.error !== null && <ErrorNote message={timeline.error} onRetry={() => void core.openTimeline(conversation.id)} />}
          {!timeline.more && !timeline.loading && timeline.error === null && <Beginning conversation={conversation} />}
          {rows.map((row) => (
            <TimelineRow key={row.key} row={row} conversation={conversation} items={timeline.items} answers={answers} onAct={onAct} />
          ))}
          {conversation.typing && <Typing name={conversation.group ? "Somebody" : conversation.title} />}
        </div>
      </section>
      {away && (
        <button
          type="button"
          onClick={() => scroller?.scrollTo({ top: 0, behavior: "smooth" })}
          className="absolute end-4 bottom-3 flex h-9 animate-appear items-center gap-1.5 rounded-full border bg-raised px-3 text-13 font-medium shadow-float"
        >
          <ArrowDown size={15} aria-hidden="true" />
          {conversation.unread > 0 ? `${conversation.unread} new` : "Newest"}
        </button>
      )}
    </div>
  );
}

function Beginning({ conversation }: { conversation: ConversationView }) {
  const manager = conversation.group?.members.find((each) => each.is_manager);
  if (conversation.group) {
    return (
      <p className="mx-auto mb-4 max-w-md py-4 text-center text-13 text-pretty text-muted">
        What is said here only the members can read{manager && manager.hosted_by !== "" ? `, and ${manager.hosted_by}, which keeps the keys of ${manager.name}` : ""}. It begins when you came in.
      </p>
    );
  }
  return (
    <p className="mx-auto mb-4 max-w-md py-4 text-center text-13 text-pretty text-muted">
      {conversation.is_business
        ? `Messages are encrypted on their way. The keys of ${conversation.title} are held by ${conversation.hosted_by || "the business"}, which can read them.`
        : `Only you and ${conversation.title} can read what is written here. Not even the people who run this server can.`}
    </p>
  );
}

type RowProps = { row: Row; conversation: ConversationView; items: readonly Item[]; answers: ReadonlyMap<string, Answers>; onAct: (act: Act, item: Item) => void };

function TimelineRow({ row, conversation, items, answers, onAct }: RowProps) {
  switch (row.is) {
    case "day":
      return (
        <h3 className="my-4 flex items-center gap-3 text-12 font-medium text-muted before:h-px before:grow before:bg-line after:h-px after:grow after:bg-line">{row.label}</h3>
      );
    case "unread":
      return (
        <h3 className="my-4 flex items-center gap-3 text-12 font-semibold text-accent-text before:h-px before:grow before:bg-accent after:h-px after:grow after:bg-accent">New</h3>
      );
    case "notice":
      if (row.item.content?.kind === "call") return <CallRow item={row.item} call={row.item.content} conversation={conversation} />;
      return <p className="mx-auto my-3 max-w-md text-center text-13 text-muted">{row.item.text}</p>;
    case "group":
      return (
        <div className="mb-2.5 grid grid-cols-1 gap-0.5">
          {/* Among several people it is not clear who speaks; the messages themselves say it to screen readers. */}
          {conversation.group && !row.mine && (
            <p aria-hidden="true" className="ps-3.5 text-12 font-semibold text-muted">
              {row.items[0]?.author}
            </p>
          )}
          {row.items.map((item, n) => (
            <div key={core.keyOf(item)}>
              <Bubble
                conversationId={conversation.id}
                item={item}
                first={n === 0}
                last={n === row.items.length - 1}
                quoted={item.reply_to === null ? undefined : items.find((each) => each.id === item.reply_to)}
                answers={answers.get(item.id) ?? NO_ANSWERS}
                onAct={onAct}
              />
              <Below conversationId={conversation.id} item={item} />
            </div>
          ))}
        </div>
      );
  }
}

function Typing({ name }: { name: string }) {
  return (
    <div className="mb-2 inline-flex animate-appear items-center gap-1 rounded-14 border bg-theirs px-3.5 py-3">
      {[0, 1, 2].map((n) => (
        <span key={n} className="size-1.5 animate-typing rounded-full bg-faint" style={{ animationDelay: `${n * 150}ms` }} />
      ))}
      <span className="sr-only">{name} is typing</span>
    </div>
  );
}
