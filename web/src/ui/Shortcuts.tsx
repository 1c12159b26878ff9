/**
 * # Keyboard shortcuts
 *
 * A page names its keys once; the same list drives them and fills the window that `?` opens. Single letters do nothing
 * while somebody types.
 */
import { useEffect, useEffectEvent } from "react";
import { Dialog } from "./Dialog";

export type Shortcut = {
  /** As people read it: "Ctrl K", "Alt ↓", "?". */
  keys: string;
  what: string;
  /** Whether a key press is this one; none: the key works elsewhere, and is only listed. */
  when?: (event: KeyboardEvent) => boolean;
  run?: () => void;
};

/** Ctrl on most keyboards, ⌘ on a Mac's. */
export function withCommand(event: KeyboardEvent, key: string): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === key;
}

/** Whether a press is a letter for a text. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Listens for a page's keys as long as the page is there. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const hit = shortcuts.find((each) => each.when?.(event));
    if (!hit?.run) return;
    event.preventDefault();
    hit.run();
  });
  useEffect(() => {
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

export function ShortcutsDialog({ open, onClose, shortcuts }: { open: boolean; onClose: () => void; shortcuts: readonly Shortcut[] }) {
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard shortcuts">
      <dl className="divide-y">
        {shortcuts.map((each) => (
          <div key={each.keys} className="flex items-center justify-between gap-4 py-2">
            <dt className="text-14 text-muted">{each.what}</dt>
            <dd className="flex shrink-0 gap-1">
              {each.keys.split(" ").map((key) => (
                <kbd key={key} className="min-w-6 rounded-4 border bg-raised px-1.5 py-0.5 text-center font-sans text-12 text-muted">
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
