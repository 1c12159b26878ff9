/**
 * # The messenger
 *
 * List and conversation side by side; on a phone one at a time, each with its own address, so that Back goes back.
 * Ctrl+K and `?` work everywhere in it.
 */
import { useNavigate } from "@tanstack/react-router";
import { clsx } from "clsx";
import { Keyboard, LayoutDashboard, Landmark, Moon, Settings, SquarePen, Sun } from "lucide-react";
import { Suspense, lazy, useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import { core, useConversations, useLine } from "@/core/core";
import { useKeptShop } from "@/core/shop";
import type { ConversationView, Session } from "@/core/types";
import { normalizeNumber } from "@/lib/number";
import { setTheme } from "@/lib/theme";
import { useTitle } from "@/lib/title";
import type { Command } from "@/ui/Palette";
import { ShortcutsDialog, isTyping, useShortcuts, withCommand } from "@/ui/Shortcuts";
import type { Shortcut } from "@/ui/Shortcuts";
import { Announcer } from "./Announcer";
import { ConversationList } from "./ConversationList";
import { Face } from "./Face";
import { OpenSettings } from "./windows";

const CallLayer = lazy(() => import("./CallLayer").then((module) => ({ default: module.CallLayer })));

const JoinDialog = lazy(() => import("./JoinDialog").then((module) => ({ default: module.JoinDialog })));

// These come when the list stands: a click or a key finds them there.
const Palette = lazy(() => import("@/ui/Palette").then((module) => ({ default: module.Palette })));
const NewConversation = lazy(() => import("./NewConversation").then((module) => ({ default: module.NewConversation })));

const SettingsDialog = lazy(() => import("./SettingsDialog").then((module) => ({ default: module.SettingsDialog })));

type Window = "new" | "palette" | "shortcuts" | "settings" | null;

/** An address like /chat?to=+49… opens that conversation, once. */
function useNumberFromAddress(to: string | undefined, onOpened: (conversation: ConversationView) => void): string | null {
  const [error, setError] = useState<string | null>(null);
  const tried = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (to === undefined || tried.current === to) return;
    tried.current = to;
    // A plus sign that somebody typed into the address line arrives as a space.
    const number = normalizeNumber(to.replace(/^ /, "+"));
    const opening = number === null ? Promise.reject(new Error("The address holds no phone number.")) : core.openNumber(number);
    opening.then(onOpened, (failure: Error) => setError(failure.message));
  }, [to, onOpened]);
  return error;
}

type Props = { session: Session; current: string | undefined; to: string | undefined; /** The code of an invite link. */ join: string | undefined; children: ReactNode };

export function Messenger({ session, current, to, join, children }: Props) {
  const navigate = useNavigate();
  const conversations = useConversations();
  const call = useLine();
  useKeptShop();
  const [shown, setShown] = useState<Window>(null);
  const close = (): void => setShown(null);
  const [openSettings] = useState(() => () => setShown("settings"));
  const unread = conversations?.reduce((sum, each) => sum + each.unread, 0) ?? 0;
  useTitle(unread > 0 ? `(${unread}) Plaza` : "Plaza");

  const goTo = (id: string): void => void navigate({ to: "/chat/$conversationId", params: { conversationId: id } });
  const addressError = useNumberFromAddress(to, (conversation) => void navigate({ to: "/chat/$conversationId", params: { conversationId: conversation.id }, replace: true }));

  function step(by: number): void {
    const at = conversations?.findIndex((each) => each.id === current) ?? -1;
    const next = conversations?.[at === -1 ? 0 : at + by];
    if (next) goTo(next.id);
  }

  const shortcuts: Shortcut[] = [
    { keys: "Ctrl K", what: "Go to or do anything", when: (event) => withCommand(event, "k"), run: () => setShown("palette") },
    { keys: "Alt N", what: "New conversation", when: (event) => event.altKey && event.code === "KeyN", run: () => setShown("new") },
    { keys: "Alt ↑", what: "Conversation above", when: (event) => event.altKey && event.key === "ArrowUp", run: () => step(-1) },
    { keys: "Alt ↓", what: "Conversation below", when: (event) => event.altKey && event.key === "ArrowDown", run: () => step(1) },
    { keys: "?", what: "This list", when: (event) => event.key === "?" && !isTyping(event), run: () => setShown("shortcuts") },
    { keys: "Enter", what: "Send" },
    { keys: "Shift Enter", what: "New line" },
    { keys: "↑ ↓", what: "From message to message; ↑ in an empty field changes your last one, or goes there" },
    { keys: "R", what: "Answer the message in focus" },
    { keys: "E", what: "React to it" },
    { keys: "C", what: "Copy it" },
    { keys: "F2", what: "Change it, if it is yours and not older than 15 minutes" },
    { keys: "Delete", what: "Delete it, if it is yours" },
    { keys: "Esc", what: "Close, or stop answering" },
  ];
  useShortcuts(shortcuts);

  const commands: Command[] = [
    ...(conversations ?? []).map((each) => ({
      id: each.id,
      group: "Conversations",
      label: each.title,
      detail: each.number,
      icon: <Face conversation={each} size={24} />,
      run: () => goTo(each.id),
    })),
    { id: "new", group: "Do", label: "New conversation", detail: "Alt N", icon: <SquarePen size={17} />, run: () => setShown("new") },
    { id: "keys", group: "Do", label: "Keyboard shortcuts", detail: "?", icon: <Keyboard size={17} />, run: () => setShown("shortcuts") },
    { id: "settings", group: "Do", label: "Settings", icon: <Settings size={17} />, run: () => setShown("settings") },
    { id: "light", group: "Do", label: "Light colours", icon: <Sun size={17} />, run: () => setTheme("light") },
    { id: "dark", group: "Do", label: "Dark colours", icon: <Moon size={17} />, run: () => setTheme("dark") },
    { id: "front", group: "Go to", label: "Front page", icon: <Landmark size={17} />, run: () => void navigate({ to: "/" }) },
    { id: "operator", group: "Go to", label: "Operator console", icon: <LayoutDashboard size={17} />, run: () => void navigate({ to: "/operator" }) },
  ];

  return (
    <div className="grid h-dvh grid-cols-1 grid-rows-[auto_minmax(0,1fr)] md:grid-cols-[clamp(18rem,30vw,23.75rem)_minmax(0,1fr)]">
      <div className="md:col-span-2">
        <Suspense fallback={null}>{call && <CallLayer line={call} />}</Suspense>
      </div>
      <aside aria-label="Conversation list" className={clsx("min-h-0 border-e", current !== undefined && "max-md:hidden")}>
        <ConversationList session={session} current={current} onNew={() => setShown("new")} onSettings={openSettings} />
      </aside>
      <main className={clsx("min-h-0 min-w-0", current === undefined && "max-md:hidden")}>
        {addressError !== null && current === undefined && (
          <p role="alert" className="m-4 rounded-8 bg-bad-soft px-4 py-3 text-bad">
            {addressError}
          </p>
        )}
        <OpenSettings value={openSettings}>{children}</OpenSettings>
      </main>
      <Announcer />
      <Suspense fallback={null}>
        <NewConversation
          open={shown === "new"}
          onClose={close}
          onOpened={(conversation) => {
            close();
            goTo(conversation.id);
          }}
        />
      </Suspense>
      <Suspense fallback={null}>
        {join !== undefined && <JoinDialog code={join} onClose={() => void navigate({ to: "/chat", replace: true })} onOpen={(id) => void navigate({ to: "/chat/$conversationId", params: { conversationId: id }, replace: true })} />}
        {shown === "settings" && <SettingsDialog open onClose={close} />}
      </Suspense>
      <Suspense fallback={null}>
        <Palette open={shown === "palette"} onClose={close} commands={commands} />
      </Suspense>
      <ShortcutsDialog open={shown === "shortcuts"} onClose={close} shortcuts={shortcuts} />
    </div>
  );
}
