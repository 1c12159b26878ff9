/** The conversations, newest first, with a filter; above them who is connected, below them who one is. */
import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { MessageSquareText, Pin, PinOff, Search, Settings, SquarePen, WifiOff } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useConnection, useConversations } from "@/core/core";
import { usePinsMax } from "@/core/shop";
import type { ConversationView, Session } from "@/core/types";
import { useNow } from "@/lib/clock";
import { readableNumber } from "@/lib/number";
import { exact, listTime } from "@/lib/time";
import { Avatar } from "@/ui/Avatar";
import { Button, IconButton } from "@/ui/Button";
import { Mark } from "@/ui/Mark";
import { Empty, Skeleton } from "@/ui/Problem";
import { Face, Name } from "./Face";
import { Ticks } from "./Ticks";
import { readDraft } from "./drafts";
import { setPinned, usePins } from "./pins";

type Props = { session: Session; current: string | undefined; onNew: () => void; onSettings: () => void };

export function ConversationList({ session, current, onNew, onSettings }: Props) {
  const conversations = useConversations();
  const [filter, setFilter] = useState("");
  const wanted = useDeferredValue(filter).trim().toLocaleLowerCase();
  const pins = usePins();
  const pinsMax = usePinsMax();
  const found = conversations?.filter((each) => wanted === "" || `${each.title} ${each.number} ${each.last_text}`.toLocaleLowerCase().includes(wanted));
  const shown = found?.toSorted((a, b) => Number(pins.has(b.id)) - Number(pins.has(a.id)));
  const pinned = conversations?.filter((each) => pins.has(each.id)).length ?? 0;

  return (
    <div className="flex h-full min-h-0 flex-col bg-surface">
      <header className="flex h-16 shrink-0 items-center gap-2.5 ps-5 pe-3">
        <Link to="/" aria-label="Plaza, front page" className="rounded-4">
          <Mark className="size-6" />
        </Link>
        <h1 className="grow text-20 font-semibold tracking-tight">Conversations</h1>
        <IconButton label="New conversation" shortcut="Alt N" onClick={onNew}>
          <SquarePen size={19} />
        </IconButton>
      </header>
      <div className="px-4 pb-2">
        <div className="flex items-center gap-2 rounded-8 bg-sunken px-3 focus-within:outline-2 focus-within:outline-accent">
          <Search size={15} className="shrink-0 text-faint" aria-hidden="true" />
          <input
            type="search"
            aria-label="Find a conversation"
            placeholder="Find"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
            className="h-9 min-w-0 grow bg-transparent text-14 outline-none placeholder:text-faint"
          />
          <kbd className="hidden font-sans text-12 text-faint md:block">Ctrl K</kbd>
        </div>
      </div>
      <ConnectionNote />
      <nav aria-label="Conversations" className="scroll-quiet min-h-0 grow overflow-y-auto px-2 pb-2">
        {!shown && <Skeleton rows={6} height={68} />}
        {shown?.length === 0 && conversations?.length === 0 && (
          <Empty icon={<MessageSquareText size={30} strokeWidth={1.5} />} title="Nobody here yet" action={<Button kind="solid" onClick={onNew}>New conversation</Button>}>
            Write to somebody by their phone number. Only the two of you will be able to read it.
          </Empty>
        )}
        {shown?.length === 0 && conversations !== null && conversations.length > 0 && <p className="px-4 py-8 text-center text-muted">No conversation has “{filter}” in it.</p>}
        <ul className="grid grid-cols-1 gap-0.5">{shown?.map((each) => <ListRow key={each.id} conversation={each} current={each.id === current} pinned={pins.has(each.id)} full={pinned >= pinsMax ? pinsMax : null} />)}</ul>
      </nav>
      <footer className="flex shrink-0 items-center gap-3 border-t px-4 py-2.5">
        <Avatar id={session.account_id ?? ""} name={session.name ?? ""} business={false} size={34} />
        <div className="min-w-0 grow">
          <div className="truncate text-13 font-semibold">{session.name}</div>
          <div className="truncate text-12 text-muted tabular">{readableNumber(session.number ?? "")}</div>
        </div>
        <IconButton label="Settings" onClick={onSettings}>
          <Settings size={19} />
        </IconButton>
      </footer>
    </div>
  );
}

function ConnectionNote() {
  const connection = useConnection();
  const online = connection === "online";
  return (
    <div role="status">
      {!online && (
        <p className={clsx("mx-4 mb-2 flex items-center gap-2 rounded-8 bg-attention-soft px-3 py-2 text-13 text-attention", connection === "connecting" && "animate-late [animation-delay:800ms]")}>
          <WifiOff size={15} className="shrink-0" aria-hidden="true" />
          {connection === "offline" ? "You are offline. What you write is sent as soon as you are back." : "Connecting…"}
        </p>
      )}
    </div>
  );
}

/** `full`: no more than so many can be pinned, and so many are. */
function PinButton({ conversation, pinned, full }: { conversation: ConversationView; pinned: boolean; full: number | null }) {
  const name = conversation.title;
  const label = pinned ? `Take ${name} down` : full === null ? `Pin ${name}` : `Pin ${name}: ${full} are pinned already, more come with Plaza Plus`;
  return (
    <IconButton
      label={label}
      aria-pressed={pinned}
      aria-disabled={!pinned && full !== null}
      onClick={() => (pinned || full === null) && setPinned(conversation.id, !pinned)}
      className={clsx("absolute end-2 bottom-1.5 size-7! bg-raised aria-disabled:opacity-50 group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100", !pinned && "opacity-0")}
    >
      {pinned ? <PinOff size={15} /> : <Pin size={15} />}
    </IconButton>
  );
}

function ListRow({ conversation, current, pinned, full }: { conversation: ConversationView; current: boolean; pinned: boolean; full: number | null }) {
  const now = useNow();
  const draft = current ? "" : readDraft(conversation.id);
  return (
    <li className="group relative">
      <Link
        to="/chat/$conversationId"
        params={{ conversationId: conversation.id }}
        aria-current={current ? "page" : undefined}
        className={clsx("flex items-center gap-3 rounded-8 px-3 py-2.5 transition-colors duration-150 -outline-offset-2", current ? "bg-accent-soft" : "hover:bg-sunken")}
      >
        <Face conversation={conversation} online={conversation.online} />
        <div className="min-w-0 grow">
          <div className="flex items-baseline gap-2">
            <span className="min-w-0 grow font-semibold">
              <Name conversation={conversation} />
            </span>
            {conversation.last_at > 0 && (
              <time dateTime={new Date(conversation.last_at).toISOString()} title={exact(conversation.last_at)} className={clsx("shrink-0 text-12 tabular", conversation.unread > 0 ? "font-semibold text-accent-text" : "text-faint")}>
                {listTime(conversation.last_at, now)}
              </time>
            )}
          </div>
          <div className="mt-0.5 flex items-center gap-1.5 pe-7 text-13 text-muted">
            <Preview conversation={conversation} draft={draft} />
            {conversation.unread > 0 && (
              <span className="ms-auto inline-flex h-5 min-w-5 shrink-0 items-center justify-center rounded-full bg-accent px-1.5 text-12 font-semibold text-accent-ink tabular">
                {conversation.unread}
                <span className="sr-only"> unread</span>
              </span>
            )}
          </div>
        </div>
      </Link>
      <PinButton conversation={conversation} pinned={pinned} full={full} />
    </li>
  );
}

function Preview({ conversation, draft }: { conversation: ConversationView; draft: string }) {
  if (conversation.typing) return <span className="truncate text-accent-text">typing…</span>;
  if (draft !== "") {
    return (
      <span className="truncate">
        <span className="font-medium text-accent-text">Draft: </span>
        {draft}
      </span>
    );
  }
  return (
    <>
      {conversation.last_mine && conversation.last_ticks && <Ticks state={conversation.last_ticks} />}
      <span className="truncate">{conversation.last_text === "" && conversation.group ? "You joined the group." : conversation.last_text}</span>
    </>
  );
}
