/**
 * # One conversation
 *
 * Head, messages, composer. While it is in front of somebody's eyes, what arrives counts as read; a hidden tab reads
 * nothing.
 */
import { Link } from "@tanstack/react-router";
import { ArrowLeft, BadgeCheck, Info } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { core, useTimeline } from "@/core/core";
import type { ConversationView, Item } from "@/core/types";
import { readableNumber } from "@/lib/number";
import { Avatar } from "@/ui/Avatar";
import { IconButton } from "@/ui/Button";
import { Composer } from "./Composer";
import { Details } from "./Details";
import { Timeline } from "./Timeline";

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
  if (conversation.is_business) return conversation.hosted_by === "" ? "Business" : `Business, hosted by ${conversation.hosted_by}`;
  return conversation.online ? "online" : readableNumber(conversation.number);
}

/** The name with the badge of a verified business. */
export function Name({ conversation }: { conversation: ConversationView }) {
  return (
    <span className="flex min-w-0 items-center gap-1">
      <span className="truncate">{conversation.title === conversation.number ? readableNumber(conversation.number) : conversation.title}</span>
      {conversation.is_verified && (
        <>
          <BadgeCheck size={16} className="shrink-0 text-accent-text" aria-hidden="true" />
          <span className="sr-only">, verified business</span>
        </>
      )}
    </span>
  );
}

export function Conversation({ conversation }: { conversation: ConversationView }) {
  const timeline = useTimeline(conversation.id);
  const [unreadAtOpen] = useState(conversation.unread);
  const [replyTo, setReplyTo] = useState<Item | null>(null);
  const [details, setDetails] = useState(false);
  useLooking(conversation);
  useEffect(() => {
    void core.openTimeline(conversation.id);
  }, [conversation.id]);

  function reply(item: Item): void {
    setReplyTo(item);
    document.querySelector<HTMLTextAreaElement>("textarea")?.focus();
  }

  return (
    <div className="flex h-full min-w-0 flex-col">
      <header className="flex h-16 shrink-0 items-center gap-3 border-b bg-surface px-3 sm:px-4">
        <Link to="/chat" aria-label="Back to the conversations" className="-ms-1 inline-flex size-9 items-center justify-center rounded-8 text-muted hover:bg-sunken md:hidden">
          <ArrowLeft size={20} className="rtl:rotate-180" />
        </Link>
        <Avatar id={conversation.account_id} name={conversation.title} business={conversation.is_business} online={conversation.online} size={40} />
        <div className="min-w-0 grow">
          <h2 className="text-14 font-semibold">
            <Name conversation={conversation} />
          </h2>
          <p className={conversation.typing ? "truncate text-13 text-accent-text" : "truncate text-13 text-muted"}>{subtitle(conversation)}</p>
        </div>
        <IconButton label={`About ${conversation.title}`} onClick={() => setDetails(true)}>
          <Info size={19} />
        </IconButton>
      </header>
      {timeline ? <Timeline conversation={conversation} timeline={timeline} unreadAtOpen={unreadAtOpen} onReply={reply} /> : <div className="grow" />}
      <Composer conversation={conversation} replyTo={replyTo} onCancelReply={() => setReplyTo(null)} />
      <Details conversation={conversation} open={details} onClose={() => setDetails(false)} />
    </div>
  );
}
