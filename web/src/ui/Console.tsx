/**
 * # The frame of a console
 *
 * Rail at the start of the line (a strip on top on narrow screens), page beside it, and for all of its pages the palette,
 * the list of keys and the colours.
 */
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import type { LinkProps } from "@tanstack/react-router";
import { Keyboard, LogOut, MessageSquareText, Moon, Sun } from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { ReactNode, RefObject } from "react";
import { setTheme } from "@/lib/theme";
import { IconButton } from "./Button";
import { Mark } from "./Mark";
import { Palette } from "./Palette";
import type { Command } from "./Palette";
import { ShortcutsDialog, isTyping, useShortcuts, withCommand } from "./Shortcuts";
import type { Shortcut } from "./Shortcuts";
import { ThemeSwitch } from "./ThemeSwitch";

type Target = NonNullable<LinkProps["to"]>;
/** A page of a console. One with tabs stands for several, each with an address of its own; its first tab is itself. */
export type ConsolePage = { to: Target; label: string; Icon: LucideIcon; tabs?: readonly { to: Target; label: string }[] };

/** The tab that a path is below: the longest address wins. */
function tabOf(pages: readonly ConsolePage[], path: string): { page: ConsolePage; to: Target } | null {
  const tabs = pages.flatMap((page) => (page.tabs ?? []).map(({ to }) => ({ page, to })));
  const fitting = tabs.filter(({ to }) => path === to || path.startsWith(`${to}/`));
  return fitting.sort((a, b) => b.to.length - a.to.length)[0] ?? null;
}

type Props = {
  title: string;
  pages: readonly ConsolePage[];
  onSignOut: () => void;
  /** Stands below the title: whose console it is. */
  about?: ReactNode;
  children: ReactNode;
};

/** A strip that may be longer than a narrow screen shows this link of it. */
function useInView(selector: string): RefObject<HTMLElement | null> {
  const strip = useRef<HTMLElement>(null);
  useEffect(() => {
    const link = strip.current?.querySelector(selector);
    if (!strip.current || !link) return undefined;
    // Anew when the screen is turned, and when the typeface comes.
    const watch = new ResizeObserver(() => link.scrollIntoView({ block: "nearest", inline: "center" }));
    watch.observe(strip.current);
    watch.observe(link);
    return () => watch.disconnect();
  }, [selector]);
  return strip;
}

export function Console({ title, pages, onSignOut, about, children }: Props) {
  const navigate = useNavigate();
  const [shown, setShown] = useState<"palette" | "shortcuts" | null>(null);
  const close = (): void => setShown(null);

  const { pathname } = useLocation();
  const tab = tabOf(pages, pathname);
  const here = tab?.page.to ?? pages.find((page) => pathname.startsWith(page.to))?.to;
  const strip = useInView(`a[href^="${here}"]`);
  const tabs = useInView(`a[href="${tab?.to}"]`);

  const shortcuts: Shortcut[] = [
    { keys: "Ctrl K", what: "Go to or do anything", when: (event) => withCommand(event, "k"), run: () => setShown("palette") },
    // The tenth has the key 0; those after it have none.
    ...pages.slice(0, 10).map((page, n): Shortcut => ({
      keys: `Alt ${(n + 1) % 10}`,
      what: page.label,
      when: (event) => event.altKey && event.code === `Digit${(n + 1) % 10}`,
      run: () => void navigate({ to: page.to }),
    })),
    { keys: "?", what: "This list", when: (event) => event.key === "?" && !isTyping(event), run: () => setShown("shortcuts") },
    { keys: "↑ ↓", what: "From row to row" },
    { keys: "Enter", what: "Open the row" },
  ];
  useShortcuts(shortcuts);

  const commands: Command[] = [
    ...pages.flatMap(({ tabs, ...page }) => tabs?.map((tab) => ({ ...tab, Icon: page.Icon })) ?? [page]).map((page) => ({ id: page.label, group: "Go to", label: page.label, icon: <page.Icon size={17} />, run: () => void navigate({ to: page.to }) })),
    { id: "chat", group: "Go to", label: "Messenger", icon: <MessageSquareText size={17} />, run: () => void navigate({ to: "/chat" }) },
    { id: "keys", group: "Do", label: "Keyboard shortcuts", detail: "?", icon: <Keyboard size={17} />, run: () => setShown("shortcuts") },
    { id: "light", group: "Do", label: "Light colours", icon: <Sun size={17} />, run: () => setTheme("light") },
    { id: "dark", group: "Do", label: "Dark colours", icon: <Moon size={17} />, run: () => setTheme("dark") },
    { id: "out", group: "Do", label: "Sign out", icon: <LogOut size={17} />, run: onSignOut },
  ];

  return (
    <div className="flex min-h-dvh flex-col md:grid md:grid-cols-[13.5rem_minmax(0,1fr)]">
      <aside className="border-line bg-surface max-md:border-b md:sticky md:top-0 md:flex md:h-dvh md:flex-col md:border-e">
        <div className="flex h-14 items-center gap-2.5 px-5">
          <Link to="/" aria-label="Plaza, front page" className="rounded-4">
            <Mark className="size-6" />
          </Link>
          <span className="grow font-semibold tracking-tight">{title}</span>
          <span className="flex items-center gap-1 md:hidden">
            <ThemeSwitch />
            <IconButton label="Sign out" onClick={onSignOut}>
              <LogOut size={17} />
            </IconButton>
          </span>
        </div>
        {about && <div className="px-5 pb-2">{about}</div>}
        <nav ref={strip} aria-label="Console" className="scroll-quiet flex gap-0.5 overflow-x-auto px-3 pb-2 md:grow md:flex-col md:pt-2">
          {pages.map(({ to, label, Icon }) => (
            <Link
              key={to}
              to={to}
              className="flex h-9 shrink-0 items-center gap-2.5 rounded-8 px-2.5 font-medium text-muted transition-colors duration-150 hover:bg-sunken hover:text-ink aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent-text"
              activeOptions={{ includeSearch: false }}
              {...(tab?.page.to === to ? { "aria-current": "page" } : {})}
            >
              <Icon size={17} strokeWidth={1.9} aria-hidden="true" />
              {label}
            </Link>
          ))}
        </nav>
        <div className="hidden items-center gap-1 border-t px-4 py-3 md:flex">
          <ThemeSwitch />
          <span className="grow" />
          <IconButton label="Keyboard shortcuts" shortcut="?" onClick={() => setShown("shortcuts")}>
            <Keyboard size={17} />
          </IconButton>
          <IconButton label="Sign out" onClick={onSignOut}>
            <LogOut size={17} />
          </IconButton>
        </div>
      </aside>
      <main className="min-w-0 px-4 pt-5 pb-10 sm:px-8 sm:pt-7">
        {tab && (
          <nav ref={tabs} aria-label={tab.page.label} className="scroll-quiet mb-5 flex gap-1 overflow-x-auto border-b">
            {tab.page.tabs?.map(({ to, label }) => (
              <Link
                key={to}
                to={to}
                activeOptions={{ exact: true, includeSearch: false }}
                {...(tab.to === to ? { "aria-current": "page" } : {})}
                className="-mb-px rounded-4 border-b-2 border-transparent px-3 pb-2 font-medium whitespace-nowrap text-muted hover:text-ink aria-[current=page]:border-accent aria-[current=page]:text-ink"
              >
                {label}
              </Link>
            ))}
          </nav>
        )}
        {children}
      </main>
      <Palette open={shown === "palette"} onClose={close} commands={commands} />
      <ShortcutsDialog open={shown === "shortcuts"} onClose={close} shortcuts={shortcuts} />
    </div>
  );
}

/** The head of a page: its name, what it is, and its actions. */
export function PageHead({ title, note, children }: { title: string; note: string; children?: ReactNode }) {
  return (
    <header className="mb-5 flex flex-wrap items-end gap-x-4 gap-y-3">
      <div className="min-w-0 grow">
        <h1 className="text-28 font-semibold tracking-tight">{title}</h1>
        <p className="mt-0.5 text-muted">{note}</p>
      </div>
      {children && <div className="flex max-w-full min-w-0 flex-wrap items-center gap-2">{children}</div>}
    </header>
  );
}
