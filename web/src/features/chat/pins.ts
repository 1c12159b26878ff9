/**
 * # Pinned conversations
 *
 * They stand above the others. Which ones they are is kept in this browser: nobody else has to know. How many there can be
 * is the store's to say; what is above that number stays pinned and cannot be added to.
 */
import { useSyncExternalStore } from "react";

const KEY = "plaza.pins";
const listeners = new Set<() => void>();

function kept(): string {
  return localStorage.getItem(KEY) ?? "";
}

function pins(text: string): string[] {
  return text === "" ? [] : text.split(" ");
}

/** Pins a conversation, or takes it down. */
export function setPinned(conversationId: string, on: boolean): void {
  const others = pins(kept()).filter((each) => each !== conversationId);
  localStorage.setItem(KEY, (on ? [...others, conversationId] : others).join(" "));
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The ids of what is pinned. */
export function usePins(): ReadonlySet<string> {
  const text = useSyncExternalStore(subscribe, kept);
  return new Set(pins(text));
}
