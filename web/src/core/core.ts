/**
 * The core of this page, and the hooks through which screens read it.
 *
 * Only this folder knows the worker. A build for development answers from memory instead; a production build does not
 * contain that code.
 */
import { useSyncExternalStore } from "react";
import { startWorker } from "./backend";
import type { FileState } from "./files";
import { LineStore } from "./line";
import type { Line } from "./line";
import { CoreStore } from "./store";
import type { LoadedTimeline } from "./store";
import type { ConnectionState, ConversationView, Phase, Session } from "./types";

export const core = new CoreStore();

/** The call of this page. */
export const line = new LineStore(core);

/** Starts the core; the messenger's route calls it, so that the other pages load no keys. */
export async function startCore(): Promise<void> {
  if (__MOCK__) {
    const [{ startMock }, { mockPeer }] = await Promise.all([import("./mock"), import("./mockPeer")]);
    line.use(mockPeer);
    core.start(startMock);
  } else {
    // What a call needs is loaded with the first one.
    line.use(async (...args) => (await import("./peer")).makePeer(...args));
    core.start(startWorker);
  }
}

export function usePhase(): Phase {
  return useSyncExternalStore(core.subscribe, () => core.state().phase);
}

export function useSession(): Session | null {
  return useSyncExternalStore(core.subscribe, () => core.state().session);
}

export function useConnection(): ConnectionState {
  return useSyncExternalStore(core.subscribe, () => core.state().connection);
}

export function useLine(): Line | null {
  return useSyncExternalStore(line.subscribe, line.line);
}

export function useConversations(): readonly ConversationView[] | null {
  return useSyncExternalStore(core.subscribe, () => core.state().conversations);
}

export function useConversation(id: string | undefined): ConversationView | undefined {
  return useSyncExternalStore(core.subscribe, () => {
    const { conversations, moved } = core.state();
    const now = id === undefined ? undefined : (moved.get(id) ?? id);
    return conversations?.find((each) => each.id === now);
  });
}

export function useTimeline(id: string): LoadedTimeline | undefined {
  return useSyncExternalStore(core.subscribe, () => core.state().timelines.get(id));
}

/** How far a file of a message has come. */
export function useFile(blobId: string): FileState {
  return useSyncExternalStore(core.files.subscribe, () => core.files.state(blobId));
}
