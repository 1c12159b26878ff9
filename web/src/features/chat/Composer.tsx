/**
 * # Writing
 *
 * Grows to six lines, then scrolls. Enter sends, Shift+Enter breaks the line; while an input method composes, Enter
 * belongs to it. What is begun is kept per conversation. The other side hears "typing" at most every three seconds.
 *
 * The same field changes a message of one's own: ↑ in an empty field takes the last one that may still be changed. With
 * a business, "/" lists what it understands, and its suggestions stand above until the first words.
 */
import { clsx } from "clsx";
import { CornerUpLeft, Pencil, SendHorizontal, X } from "lucide-react";
import { Suspense, lazy, useRef, useState } from "react";
import type { ClipboardEvent, KeyboardEvent, ReactNode } from "react";
import { core } from "@/core/core";
import type { Command, ConversationView, Item } from "@/core/types";
import { AttachMenu } from "./AttachMenu";
import { CommandList, commandId } from "./CommandList";
import { commandsFor } from "./commands";
import { keepDraft, readDraft } from "./drafts";
import { summary } from "./grouping";
import { useTypingNotes } from "./typing";
import { VoiceButton } from "./VoiceButton";

// Its place is kept in the field: when it comes, nothing moves.
const StickerButton = lazy(() => import("./StickerButton").then((module) => ({ default: module.StickerButton })));

const TEXT_CHARACTERS_MAX = 4096;
const COUNTER_FROM = 3900;
const LINE_PX = 21;
const LINES_MAX = 6;
const PADDING_PX = 20;
/** While one speaks there is nothing to write: the recording has the line to itself. */
const WHILE_SILENT = "group-has-data-recording:hidden";

function fit(element: HTMLTextAreaElement | null): void {
  if (!element) return;
  element.style.height = "auto";
  element.style.height = `${Math.min(element.scrollHeight, LINE_PX * LINES_MAX + PADDING_PX)}px`;
}

export type ComposerProps = {
  conversation: ConversationView;
  replyTo: Item | null;
  /** The message that is being changed. */
  edit: Item | null;
  /** Whether the field takes the focus when it appears. */
  focus: boolean;
  prompts: readonly string[];
  lastEditable: () => Item | undefined;
  onEdit: (item: Item | null) => void;
  onCancelReply: () => void;
  onFiles: (files: File[]) => void;
};

/** The key starts a fresh field when a message is taken up to be changed, and when it is put back. */
export function Composer(props: ComposerProps) {
  return <ComposerField key={props.edit?.id ?? "new"} {...props} />;
}

function ComposerField({ conversation, replyTo, edit, focus, prompts, lastEditable, onEdit, onCancelReply, onFiles }: ComposerProps) {
  const [text, setText] = useState(() => (edit ? edit.text : readDraft(conversation.id)));
  const [at, setAt] = useState(0);
  const [failed, setFailed] = useState<string | null>(null);
  const { typed, stopped } = useTypingNotes(conversation.id);
  const field = useRef<HTMLTextAreaElement>(null);
  // One function for the life of the field: it runs when the field appears, and not at each render.
  const [attach] = useState(() => (element: HTMLTextAreaElement | null) => {
    field.current = element;
    fit(element);
    if (focus) element?.focus();
  });
  const length = [...text].length;
  const canSend = text.trim() !== "" && length <= TEXT_CHARACTERS_MAX;
  const commands = edit ? [] : commandsFor(text, conversation.commands ?? []);
  const command = commands[Math.min(at, commands.length - 1)];

  function change(next: string): void {
    setText(next);
    setAt(0);
    if (edit) return;
    keepDraft(conversation.id, next);
    if (next === "") stopped();
    else typed();
  }

  function clear(): void {
    change("");
    onCancelReply();
    if (field.current) field.current.style.height = "auto";
    field.current?.focus();
  }

  async function save(item: Item): Promise<void> {
    if (text.trim() === item.text) return onEdit(null);
    try {
      await core.call("edit", conversation.id, item.id, text.trim());
      onEdit(null);
    } catch (error) {
      setFailed(error instanceof Error ? error.message : "The change was not sent.");
    }
  }

  function send(): void {
    if (!canSend) return;
    if (edit) return void save(edit);
    void core.sendText(conversation.id, text.trim(), replyTo?.id ?? null);
    clear();
  }

  function take(chosen: Command): void {
    change(`/${chosen.name} `);
    field.current?.focus();
  }

  function onCommandKey(event: KeyboardEvent): boolean {
    if (!command || event.nativeEvent.isComposing) return false;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) setAt((commands.indexOf(command) + step + commands.length) % commands.length);
    else if (event.key === "Enter" || event.key === "Tab") take(command);
    else return false;
    return true;
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (onCommandKey(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && edit) onEdit(null);
    else if (event.key === "Escape" && replyTo) onCancelReply();
    else if (event.key === "ArrowUp" && text === "") {
      event.preventDefault();
      const last = lastEditable();
      const messages = document.querySelectorAll<HTMLElement>("[data-message]");
      if (last) onEdit(last);
      else messages[messages.length - 1]?.focus();
    }
  }

  function onPaste(event: ClipboardEvent): void {
    const files = [...event.clipboardData.files];
    if (files.length === 0 || edit) return;
    event.preventDefault();
    onFiles(files);
  }

  return (
    <div className="relative border-t bg-surface px-3 pt-2 pb-[max(0.75rem,env(safe-area-inset-bottom))] sm:px-4">
      <div className="mx-auto max-w-3xl">
        {commands.length > 0 && <CommandList commands={commands} chosen={command} onTake={take} />}
        {prompts.length > 0 && text === "" && <Prompts prompts={prompts} onSend={(prompt) => void core.sendText(conversation.id, prompt, null)} />}
        {edit && <Above icon={<Pencil size={15} />} title="Change your message" words={edit.text} cancel="Do not change this message" onCancel={() => onEdit(null)} />}
        {replyTo && !edit && (
          <Above icon={<CornerUpLeft size={15} />} title={`Answer to ${replyTo.mine ? "yourself" : replyTo.author}`} words={summary(replyTo)} cancel="Do not answer this message" onCancel={onCancelReply} />
        )}
        <form
          className="group flex items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          {!edit && (
            <div className={WHILE_SILENT}>
              <AttachMenu replyTo={replyTo?.id ?? null} onFiles={onFiles} onSent={onCancelReply} />
            </div>
          )}
          {!edit && text === "" && <VoiceButton replyTo={replyTo?.id ?? null} onSent={onCancelReply} />}
          <div className={clsx("relative flex min-w-0 grow", WHILE_SILENT)}>
            <textarea
              ref={attach}
              rows={1}
              aria-label={edit ? "Your message" : "Message"}
              aria-autocomplete={commands.length > 0 ? "list" : undefined}
              aria-controls={commands.length > 0 ? "slash-commands" : undefined}
              aria-activedescendant={command ? commandId(command) : undefined}
              placeholder={`Message ${conversation.title}`}
              value={text}
              onChange={(event) => {
                change(event.target.value);
                fit(event.target);
              }}
              onKeyDown={onKeyDown}
              onPaste={onPaste}
              onBlur={stopped}
              className={clsx("scroll-quiet min-h-10 min-w-0 grow resize-none rounded-14 border border-line-strong bg-raised py-2 ps-3.5 text-14 leading-[21px] placeholder:truncate placeholder:text-faint focus-visible:outline-offset-0", edit ? "pe-3.5" : "pe-11")}
            />
            <Suspense fallback={null}>{!edit && <StickerButton replyTo={replyTo?.id ?? null} onSent={onCancelReply} />}</Suspense>
          </div>
          <button
            type="submit"
            aria-label={edit ? "Save the change" : "Send"}
            title={edit ? "Save the change" : "Send"}
            aria-disabled={!canSend}
            className={clsx("inline-flex size-10 shrink-0 items-center justify-center rounded-14 bg-accent text-accent-ink transition-colors duration-150 hover:bg-accent-hover aria-disabled:bg-sunken aria-disabled:text-faint", WHILE_SILENT)}
          >
            <SendHorizontal size={18} />
          </button>
        </form>
        {failed !== null && (
          <p role="alert" className="mt-1 text-12 text-bad">
            {failed}
          </p>
        )}
        {length > COUNTER_FROM && (
          <p role="status" className={length > TEXT_CHARACTERS_MAX ? "mt-1 text-12 text-bad" : "mt-1 text-12 text-muted"}>
            {length > TEXT_CHARACTERS_MAX ? `${length - TEXT_CHARACTERS_MAX} characters too many for one message.` : `${TEXT_CHARACTERS_MAX - length} characters left`}
          </p>
        )}
      </div>
    </div>
  );
}

type AboveProps = { icon: ReactNode; title: string; words: string; cancel: string; onCancel: () => void };

/** What the words belong to: the message that is answered, or changed. */
function Above({ icon, title, words, cancel, onCancel }: AboveProps) {
  return (
    <div className="mb-2 flex animate-appear items-center gap-3 rounded-8 border-s-3 border-accent bg-sunken py-1.5 ps-3 pe-1">
      <span className="shrink-0 text-accent-text" aria-hidden="true">
        {icon}
      </span>
      <div className="min-w-0 grow">
        <div className="text-12 font-semibold text-accent-text">{title}</div>
        <div className="truncate text-13 text-muted">{words}</div>
      </div>
      <button type="button" aria-label={cancel} onClick={onCancel} className="inline-flex size-8 items-center justify-center rounded-8 text-muted hover:text-ink">
        <X size={16} />
      </button>
    </div>
  );
}

function Prompts({ prompts, onSend }: { prompts: readonly string[]; onSend: (prompt: string) => void }) {
  return (
    <ul aria-label="Ways to begin" className="mb-2 flex flex-wrap gap-2">
      {prompts.map((prompt) => (
        <li key={prompt}>
          <button type="button" onClick={() => onSend(prompt)} className="min-h-8 rounded-full border border-line-strong bg-raised px-3 py-1 text-start text-13 font-medium text-accent-text transition-colors duration-150 hover:bg-sunken">
            {prompt}
          </button>
        </li>
      ))}
    </ul>
  );
}
