/**
 * # The line: the call of this page
 *
 * One call at a time, from the first ring to the words that say how it ended. Signals come from the core and go out
 * through it; the media is a peer's matter (`peer.ts`), which this file knows by a few methods only, so that the screens
 * can be tried without a microphone.
 *
 * Who is called by a business decides here: other devices ring too, and the first that picks up has the call. Until it
 * is picked up nothing is heard on either side, however early the media connects.
 */
import type { CoreStore } from "./store";
import type { CallOutcome, CallSignal, ConversationView } from "./types";
import { CoreError } from "./types";

/** How long it rings; the server says the same. */
const RINGS_MS = 60_000;
/** The server hears this often that the call is still there. */
const ALIVE_MS = 25_000;
/** How long the words of the end stay. */
const SHOWN_MS = 6000;

/** How the media stands. */
export type PeerState = "connecting" | "connected" | "interrupted" | "failed";

/** The media of one call. */
export type Peer = {
  /** Session description of a call that is made here. */
  offer(): Promise<string>;
  /** The other side's answer to it. */
  answered(sdp: string): Promise<void>;
  /** Session description of this side, for an offer of the other. */
  answer(offer: string): Promise<string>;
  /** Lets both sides hear each other, or only hear. */
  speak(on: boolean): void;
  listen(on: boolean): void;
  close(): void;
};

/** Makes the media of a call; asks for the microphone, and says in words why that failed. */
export type MakePeer = (iceServers: RTCIceServer[], onState: (state: PeerState) => void) => Promise<Peer>;

export type Line = {
  conversation: ConversationView;
  /** `null`: the call has no name yet. */
  callId: string | null;
  isIncoming: boolean;
  /**
   * `ringing`: at this side or the other; `starting`: the microphone is asked for, or the call is on its way; `joining`:
   * picked up, the media connects; `on`: both are heard; `over`: it has ended, and `words` say how.
   */
  phase: "ringing" | "starting" | "joining" | "on" | "over";
  /** Since when both are heard, in milliseconds. */
  since: number | null;
  isMuted: boolean;
  isInterrupted: boolean;
  /** How it ended, or what is in the way. */
  words: string | null;
};

/** What a person is told of the end of a call. */
export function endOf(outcome: CallOutcome, name: string, isFromPerson: boolean): string {
  switch (outcome) {
    case "completed":
      return "The call has ended.";
    case "unanswered":
      return isFromPerson ? "Nobody picked up." : "You did not pick up.";
    case "declined":
      return isFromPerson ? `${name} does not take the call.` : "You declined the call.";
    case "cancelled":
      return isFromPerson ? "You ended the call." : `${name} has hung up.`;
    case "busy":
      return isFromPerson ? `${name} is in another call. Try again later.` : "You are in another call.";
    case "closed":
      return `${name} takes no calls at the moment.`;
    case "lost":
      return "The connection was lost.";
    default:
      return "The call could not be put through.";
  }
}

function reason(error: unknown): string {
  return error instanceof CoreError || error instanceof Error ? error.message : "The call could not be put through.";
}

export class LineStore {
  #line: Line | null = null;
  #peer: Peer | null = null;
  #make: MakePeer | null = null;
  /** The offer of a call that rings here. */
  #offer = "";
  #isAccepted = false;
  #isConnected = false;
  #alive: ReturnType<typeof setInterval> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(readonly core: CoreStore) {
    core.onCall((signal) => this.#heard(signal));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly line = (): Line | null => this.#line;

  /** Says how the media of calls is made. */
  use(make: MakePeer): void {
    this.#make = make;
  }

  #set(line: Line | null): void {
    this.#line = line;
    for (const listener of this.#listeners) listener();
  }

  #change(change: Partial<Line>): void {
    if (this.#line) this.#set({ ...this.#line, ...change });
  }

  get #isFree(): boolean {
    return this.#line === null || this.#line.phase === "over";
  }

  /** Calls a business. `payload` is what its button wants to hear again. */
  async call(conversation: ConversationView, payload = ""): Promise<void> {
    if (!this.#isFree) return;
    this.#begin({ conversation, callId: null, isIncoming: false, phase: "starting", since: null, isMuted: false, isInterrupted: false, words: null });
    const mine = this.#line;
    try {
      if (this.core.state().connection !== "online") throw new Error("There is no connection to the server. Try again when there is one.");
      const peer = await this.#newPeer();
      if (!this.#isStill(mine)) return peer.close();
      this.#peer = peer;
      const sdp = await peer.offer();
      if (!this.#isStill(mine)) return;
      const callId = await this.core.call("signal_call", conversation.id, null, JSON.stringify({ do: "start", sdp, payload }));
      if (!this.#isStill(mine)) return void this.#say(conversation.id, callId, { do: "hang_up" });
      this.#change({ callId, phase: "ringing" });
      this.#later(RINGS_MS + 5000, () => this.#end("Nobody picked up.", "person"));
    } catch (error) {
      if (this.#isStill(mine)) this.#over(reason(error));
    }
  }

  /** Picks up. Without a microphone it goes on ringing, and the words say why. */
  async accept(): Promise<void> {
    const mine = this.#line;
    if (!mine?.isIncoming || mine.phase !== "ringing" || mine.callId === null) return;
    this.#change({ phase: "starting", words: null });
    try {
      const peer = await this.#newPeer();
      if (!this.#isStill(mine)) return peer.close();
      this.#peer = peer;
      const sdp = await peer.answer(this.#offer);
      if (!this.#isStill(mine)) return;
      this.#change({ phase: "joining" });
      await this.core.call("signal_call", mine.conversation.id, mine.callId, JSON.stringify({ do: "accept", sdp }));
    } catch (error) {
      if (!this.#isStill(mine)) return;
      this.#closePeer();
      this.#change({ phase: "ringing", words: reason(error) });
    }
  }

  /** Declines, or hangs up. */
  hangUp(): void {
    const line = this.#line;
    if (!line || line.phase === "over") return;
    this.#end(line.isIncoming && line.phase === "ringing" ? "You declined the call." : line.phase === "on" || line.phase === "joining" ? "The call has ended." : "You ended the call.", "person");
  }

  mute(on: boolean): void {
    this.#change({ isMuted: on });
    this.#sound();
  }

  /** The words of the end were read. */
  dismiss(): void {
    if (this.#line?.phase === "over") this.#set(null);
  }

  #begin(line: Line): void {
    clearTimeout(this.#timer);
    this.#isAccepted = false;
    this.#isConnected = false;
    this.#set(line);
  }

  /** Whether the call that somebody waited in is still the one of this page, and goes on. */
  #isStill(line: Line | null): boolean {
    const now = this.#line;
    return now !== null && now.phase !== "over" && now.conversation.id === line?.conversation.id && (line.callId === null || now.callId === line.callId);
  }

  async #newPeer(): Promise<Peer> {
    if (!this.#make) throw new Error("Calls are not possible on this page.");
    const servers = await this.core.call("ice_servers");
    const iceServers = servers.map(({ urls, username, credential }) => (username === "" ? { urls } : { urls, username, credential }));
    return this.#make(iceServers, (state) => this.#peerIs(state));
  }

  #say(conversation: string, callId: string, wish: Record<string, string>): void {
    this.core.call("signal_call", conversation, callId, JSON.stringify(wish)).catch(() => undefined);
  }

  #heard(signal: CallSignal): void {
    if (signal.signal === "offer") return this.#rings(signal);
    const line = this.#line;
    if (!line || line.phase === "over" || line.callId !== signal.call_id) return;
    switch (signal.signal) {
      case "answer":
        if (!line.isIncoming && !signal.mine) void this.#answered(signal.sdp);
        return;
      case "accepted":
        if (line.isIncoming && !signal.here) return this.#over("The call is taken on another of your devices.");
        this.#isAccepted = true;
        return this.#joins();
      case "ended":
        return this.#over(endOf(signal.outcome, line.conversation.title, signal.is_from_person));
      default:
    }
  }

  #rings(signal: CallSignal & { signal: "offer" }): void {
    const conversation = this.core.state().conversations?.find((each) => each.id === signal.conversation_id);
    if (!conversation) return;
    if (!this.#isFree) return this.#say(signal.conversation_id, signal.call_id, { do: "hang_up", reason: "busy" });
    this.#offer = signal.sdp;
    this.#begin({ conversation, callId: signal.call_id, isIncoming: true, phase: "ringing", since: null, isMuted: false, isInterrupted: false, words: null });
    this.#later(RINGS_MS, () => this.#over("You did not pick up."));
  }

  async #answered(sdp: string): Promise<void> {
    try {
      await this.#peer?.answered(sdp);
    } catch {
      this.#end("The call could not be put through.", "media");
    }
  }

  #peerIs(state: PeerState): void {
    const line = this.#line;
    if (!line || line.phase === "over") return;
    if (state === "failed") return this.#end("The connection was lost.", "media");
    this.#isConnected = state === "connected" || (this.#isConnected && state === "interrupted");
    this.#change({ isInterrupted: state === "interrupted" });
    this.#joins();
  }

  /** Picked up, and the media is there: both are heard. */
  #joins(): void {
    const line = this.#line;
    if (!line || line.phase === "over" || !this.#isAccepted) return;
    clearTimeout(this.#timer);
    if (!this.#alive && line.callId !== null) {
      const { conversation, callId } = line;
      this.#alive = setInterval(() => this.#say(conversation.id, callId, { do: "alive" }), ALIVE_MS);
    }
    if (this.#isConnected && line.phase !== "on") this.#change({ phase: "on", since: Date.now() });
    else if (!this.#isConnected && line.phase !== "joining") this.#change({ phase: "joining" });
    this.#sound();
  }

  #sound(): void {
    this.#peer?.speak(this.#isAccepted && this.#line?.isMuted === false);
    this.#peer?.listen(this.#isAccepted);
  }

  #later(after: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, after);
  }

  /** Ends it from this side. */
  #end(words: string, why: "person" | "media"): void {
    const line = this.#line;
    if (line?.callId) this.#say(line.conversation.id, line.callId, { do: "hang_up", reason: why });
    this.#over(words);
  }

  #over(words: string): void {
    this.#closePeer();
    clearInterval(this.#alive);
    this.#alive = undefined;
    this.#change({ phase: "over", words, isInterrupted: false });
    this.#later(SHOWN_MS, () => this.dismiss());
  }

  #closePeer(): void {
    this.#peer?.close();
    this.#peer = null;
  }
}
