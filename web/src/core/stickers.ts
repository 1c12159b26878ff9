/**
 * # Packs of stickers
 *
 * The server says which packs there are and from which somebody may send. It is asked when the picker or the settings
 * open, and when what somebody bought changes. Pictures come one by one, as they are seen.
 */
import { useEffect, useSyncExternalStore } from "react";
import { core } from "./core";

export type Sticker = {
  name: string;
  emoji: string;
  /** What is seen on it. */
  text: string;
  is_animated: boolean;
  bytes: number;
};
export type Pack = {
  key: string;
  title: string;
  access: "free" | "plus" | "once";
  may_use: boolean;
  /** The plans that give it. */
  plans: string[];
  /** The first is the cover. */
  stickers: Sticker[];
};
type State = { packs: readonly Pack[] | null; error: string | null };

const listeners = new Set<() => void>();
let state: State = { packs: null, error: null };
let isWanted = false;

function set(next: State): void {
  state = next;
  for (const listener of listeners) listener();
}

export async function loadStickers(): Promise<void> {
  isWanted = true;
  try {
    const { packs } = (await core.call("stickers")) as { packs: Pack[] };
    set({ packs, error: null });
  } catch (error) {
    set({ packs: state.packs, error: error instanceof Error ? error.message : "The stickers cannot be reached." });
  }
}

/** The same again, if anybody has asked for them. */
export async function refreshStickers(): Promise<void> {
  if (isWanted) await loadStickers();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The packs, asked for anew when the screen appears. */
export function useStickers(): State {
  useEffect(() => {
    void loadStickers();
  }, []);
  return useSyncExternalStore(subscribe, () => state);
}
