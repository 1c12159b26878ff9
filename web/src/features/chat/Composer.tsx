/**
 * # Writing
 *
 * Grows to six lines, then scrolls. Enter sends, Shift+Enter breaks the line; while an input method composes, Enter
 * belongs to it. What is begun is kept per conversation. The other side hears "typing" at most every three seconds.
 */
import { CornerUpLeft, SendHorizontal, X } from "lucide-react";
import { useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import { core } from "@/core/core";
import type { ConversationView, Item } from "@/core/types";
import { keepDraft, readDraft } from "./drafts";
import { summary } from "./grouping";

const TEXT_CHARACTERS_MAX = 4096;
const COUNTER_FROM = 3900;
const TYPING_EVERY_MS = 3000;
const TYPING_ENDS_MS = 5000;
const LINE_PX = 21;
const LINES_MAX = 6;
const PADDING_PX = 20;

function fit(element: HTMLTextAreaElement | null): void {
  if (!element) return;
  element.style.height = "auto";
  element.style.height = `${Math.min(element.scrollHeight, LINE_PX * LINES_MAX + PADDING_PX)}px`;
}

/** Says "typing" not more often than needed, and takes it back after a while. */
function useTypingNotes(conversationId: string): { typed: () => void; stopped: () => void } {
  const told = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  function tell(on: boolean): void {
    core.call("typing", conversationId, on).catch(() => undefined);
  }
  function stopped(): void {
    clearTimeout(timer.current);
    if (told.current !== 0) tell(false);
    told.current = 0;
  }
  function typed(): void {
    clearTimeout(timer.current);
    timer.current = setTimeout(stopped, TYPING_ENDS_MS);
    const now = performance.now();
    if (now - told.current < TYPING_EVERY_MS && told.current !== 0) return;
    told.current = now;
    tell(true);
  }
  return { typed, stopped };
}

type Props = { conversation: ConversationView; replyTo: Item | null; onCancelReply: () => void };

export function Composer({ conversation, replyTo, onCancelReply }: Props) {
  const [text, setText] = useState(() => readDraft(conversation.id));
  const { typed, stopped } = useTypingNotes(conversation.id);
  const field = useRef<HTMLTextAreaElement>(null);
  const length = [...text].length;
  const canSend = text.trim() !== "" && length <= TEXT_CHARACTERS_MAX;

  function change(next: string): void {
    setText(next);
    keepDraft(conversation.id, next);
    if (next === "") stopped();
    else typed();
  }

  function send(): void {
    if (!canSend) return;
    void core.sendText(conversation.id, text.trim(), replyTo?.id ?? null);
    setText("");
    keepDraft(conversation.id, "");
    stopped();
    onCancelReply();
    if (field.current) field.current.style.height = "auto";
    field.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && replyTo) {
      onCancelReply();
    } else if (event.key === "ArrowUp" && text === "") {
      const messages = document.querySelectorAll<HTMLElement>("[data-message]");
      messages[messages.length - 1]?.focus();
    }
  }

  return (
    <div className="border-t bg-surface px-3 pt-2 pb-[max(0.75rem,env(safe-area-inset-bottom))] sm:px-4">
      <div className="mx-auto max-w-3xl">
        {replyTo && (
          <div className="mb-2 flex animate-appear items-center gap-3 rounded-8 border-s-3 border-accent bg-sunken py-1.5 ps-3 pe-1">
            <CornerUpLeft size={15} className="shrink-0 text-accent-text" aria-hidden="true" />
            <div className="min-w-0 grow">
              <div className="text-12 font-semibold text-accent-text">Answer to {replyTo.mine ? "yourself" : replyTo.author}</div>
              <div className="truncate text-13 text-muted">{summary(replyTo)}</div>
            </div>
            <button type="button" aria-label="Do not answer this message" onClick={onCancelReply} className="inline-flex size-8 items-center justify-center rounded-8 text-muted hover:text-ink">
              <X size={16} />
            </button>
          </div>
        )}
        <form
          className="flex items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <textarea
            ref={(element) => {
              field.current = element;
              fit(element);
            }}
            rows={1}
            aria-label="Message"
            placeholder={`Message ${conversation.title}`}
            value={text}
            onChange={(event) => {
              change(event.target.value);
              fit(event.target);
            }}
            onKeyDown={onKeyDown}
            onBlur={stopped}
            className="scroll-quiet min-h-10 min-w-0 grow resize-none rounded-14 border border-line-strong bg-raised px-3.5 py-2 text-14 leading-[21px] placeholder:truncate placeholder:text-faint focus-visible:outline-offset-0"
          />
          <button
            type="submit"
            aria-label="Send"
            title="Send"
            aria-disabled={!canSend}
            className="inline-flex size-10 shrink-0 items-center justify-center rounded-14 bg-accent text-accent-ink transition-colors duration-150 hover:bg-accent-hover aria-disabled:bg-sunken aria-disabled:text-faint"
          >
            <SendHorizontal size={18} />
          </button>
        </form>
        {length > COUNTER_FROM && (
          <p role="status" className={length > TEXT_CHARACTERS_MAX ? "mt-1 text-12 text-bad" : "mt-1 text-12 text-muted"}>
            {length > TEXT_CHARACTERS_MAX ? `${length - TEXT_CHARACTERS_MAX} characters too many for one message.` : `${TEXT_CHARACTERS_MAX - length} characters left`}
          </p>
        )}
      </div>
    </div>
  );
}
