/**
 * # One conversation
 *
 * Head, messages, composer. While it is in front of somebody's eyes, what arrives counts as read; a hidden tab reads
 * nothing.
 */
import { Link } from "@tanstack/react-router";
import { ArrowLeft, Info } from "lucide-react";
import { Suspense, lazy, useEffect, useState, useSyncExternalStore } from "react";
import { core, useTimeline } from "@/core/core";
import type { ConversationView, Item } from "@/core/types";
import { readableNumber } from "@/lib/number";
import { IconButton } from "@/ui/Button";
import { Blocked } from "./Blocked";
import { CallButton } from "./CallButton";
import type { Act } from "./Bubble";
import { Composer } from "./Composer";
import { DropTarget } from "./DropTarget";
import { Face, Name } from "./Face";
import { Left } from "./Left";
import { Timeline } from "./Timeline";
import { canEdit } from "./grouping";
import { Here } from "./here";

const AttachDialog = lazy(() => import("./AttachDialog").then((module) => ({ default: module.AttachDialog })));
// They come when the conversation stands: a click finds them there.
const Details = lazy(() => import("./Details").then((module) => ({ default: module.Details })));
const GroupDetails = lazy(() => import("./GroupDetails").then((module) => ({ default: module.GroupDetails })));
const DeleteDialog = lazy(() => import("./DeleteDialog").then((module) => ({ default: module.DeleteDialog })));

function onVisibility(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}

/** Tells the core what is looked at, and marks it as read. */
function useLooking(conversation: ConversationView): void {
  const visible = useSyncExternalStore(onVisibility, () => document.visibilityState === "visible");
  const { id, unread } = conversation;
  useEffect(() => {
    core.call("look_at", visible ? id : null).catch(() => undefined);
    return () => {
      core.call("look_at", null).catch(() => undefined);
    };
  }, [id, visible]);
  useEffect(() => {
    if (visible && unread > 0) core.call("mark_read", id).catch(() => undefined);
  }, [id, visible, unread]);
}

function subtitle(conversation: ConversationView): string {
  if (conversation.typing) return "typing…";
  if (conversation.group) return conversation.is_left ? "You are no longer in this group" : conversation.group.members.map((each) => (each.is_me ? "You" : each.name)).join(", ");
  if (conversation.is_business) return conversation.hosted_by === "" ? "Business" : `Business, hosted by ${conversation.hosted_by}`;
  return conversation.online ? "online" : readableNumber(conversation.number);
}

/** The message that is being changed, and whether the field takes the focus when it appears. */
type Writing = { edit: Item | null; focus: boolean };

/** What stands over the conversation. */
type Over = { is: "details" } | { is: "delete"; item: Item } | { is: "attach"; files: File[] } | null;

export function Conversation({ conversation }: { conversation: ConversationView }) {
  const timeline = useTimeline(conversation.id);
  const [unreadAtOpen] = useState(conversation.unread);
  const [replyTo, setReplyTo] = useState<Item | null>(null);
  const [writing, setWriting] = useState<Writing>({ edit: null, focus: false });
  const [over, setOver] = useState<Over>(null);
  const close = (): void => setOver(null);
  useLooking(conversation);
  useEffect(() => {
    void core.openTimeline(conversation.id);
  }, [conversation.id]);

  const items = timeline?.items ?? [];
  const hasBegun = !timeline || timeline.loading || timeline.more || items.some((item) => item.mine);

  function act(what: Act, item: Item): void {
    if (what === "edit") return setWriting({ edit: item, focus: true });
    if (what !== "reply") return setOver({ is: what, item });
    setWriting((before) => (before.edit ? { edit: null, focus: true } : before));
    setReplyTo(item);
    document.querySelector<HTMLTextAreaElement>("textarea")?.focus();
  }

  const refuses = conversation.is_blocked === true || conversation.is_left === true;
  return (
    <Here value={conversation}>
      <DropTarget disabled={refuses} onFiles={(files) => setOver({ is: "attach", files })}>
        {/* Beside the list, the list heads the page; alone on a phone, the conversation does. */}
        <h1 className="sr-only md:hidden">{conversation.group ? `Group ${conversation.title}` : `Conversation with ${conversation.title}`}</h1>
        <header className="flex h-16 shrink-0 items-center gap-3 border-b bg-surface px-3 sm:px-4">
          <Link to="/chat" aria-label="Back to the conversations" className="-ms-1 inline-flex size-9 items-center justify-center rounded-8 text-muted hover:bg-sunken md:hidden">
            <ArrowLeft size={20} className="rtl:rotate-180" />
          </Link>
          <Face conversation={conversation} online={conversation.online} size={40} />
          <div className="min-w-0 grow">
            <h2 className="text-14 font-semibold">
              <Name conversation={conversation} />
            </h2>
            <p className={conversation.typing ? "truncate text-13 text-accent-text" : "truncate text-13 text-muted"}>{subtitle(conversation)}</p>
          </div>
          {conversation.shows_call_button === true && !refuses && <CallButton conversation={conversation} />}
          <IconButton label={`About ${conversation.title}`} onClick={() => setOver({ is: "details" })}>
            <Info size={19} />
          </IconButton>
        </header>
        {timeline ? <Timeline conversation={conversation} timeline={timeline} unreadAtOpen={unreadAtOpen} onAct={act} /> : <div className="grow" />}
        {conversation.is_left ? (
          <Left conversation={conversation} />
        ) : refuses ? (
          <Blocked conversation={conversation} />
        ) : (
          <Composer
            conversation={conversation}
            replyTo={replyTo}
            edit={writing.edit}
            focus={writing.focus}
            prompts={hasBegun ? [] : (conversation.prompts ?? [])}
            lastEditable={() => items.findLast((item) => canEdit(item, Date.now()))}
            onEdit={(edit) => setWriting({ edit, focus: true })}
            onCancelReply={() => setReplyTo(null)}
            onFiles={(files) => setOver({ is: "attach", files })}
          />
        )}
        <Suspense fallback={null}>
          {conversation.group ? (
            <GroupDetails conversation={conversation} group={conversation.group} open={over?.is === "details"} onClose={close} />
          ) : (
            <Details conversation={conversation} open={over?.is === "details"} onClose={close} />
          )}
        </Suspense>
        <Suspense fallback={null}>
          {over?.is === "attach" && (
            <AttachDialog
              files={over.files}
              replyTo={replyTo?.id ?? null}
              onClose={close}
              onSent={() => {
                setReplyTo(null);
                close();
              }}
            />
          )}
          {over?.is === "delete" && <DeleteDialog item={over.item} onClose={close} />}
        </Suspense>
      </DropTarget>
    </Here>
  );
}
