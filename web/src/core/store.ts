/**
 * # The state that the screens read
 *
 * Keeps what the core has shown so far (session, connection, conversations, the loaded part of each timeline) and
 * applies its events. Snapshots are replaced, never changed, so `useSyncExternalStore` compares by identity.
 *
 * Optimistic sends: a message is drawn before the core has it, under a name of this page (`local:…`). When the core
 * answers with the real item, that takes the place of the local one and keeps its key, so the bubble does not blink.
 * A send that the core refuses stays as failed, with the reason, and can be tried again.
 */
import type { Answer, Body } from "./content";
import { FileCache } from "./files";
import { pictureKey } from "./pictures";
import { inOrder } from "./order";
import { CoreError } from "./types";
import type { Backend, BackendEvents, CallSignal, Calls, ConnectionState, ConversationView, CoreEvent, Item, Phase, Session } from "./types";

const PAGE_ITEMS = 40;

export type LoadedTimeline = {
  items: readonly Item[];
  more: boolean;
  loading: boolean;
  error: string | null;
};

export type State = {
  phase: Phase;
  session: Session | null;
  connection: ConnectionState;
  conversations: readonly ConversationView[] | null;
  timelines: ReadonlyMap<string, LoadedTimeline>;
  /** Conversations that go on under another id: two people had begun one at the same moment. */
  moved: ReadonlyMap<string, string>;
};

/** A message from somebody else that has just arrived. */
export type Arrival = { conversation: ConversationView | null; item: Item };

const EMPTY: LoadedTimeline = { items: [], more: false, loading: true, error: null };

/** A file that somebody is about to send. */
export type Outgoing = { bytes: Uint8Array<ArrayBuffer>; mimeType: string; filename: string; caption: string; preview: string; body: Body & { kind: "media" } };

/** What is known of a sticker before it is sent. */
type SentSticker = { name: string; text: string; bytes: number; is_animated: boolean };

/** A message that the core has not named yet, and how to hand it over. */
type Pending = { conversation: string; content: string; hand: () => Promise<Item>; waiting: boolean };

function reason(error: unknown): string {
  return error instanceof CoreError || error instanceof Error ? error.message : "Something went wrong.";
}

/** What makes two messages of mine the same one: the core names a file anew, its name and size stay. */
function said(item: Item): string {
  const { content } = item;
  if (content?.kind !== "media") return `${item.kind} ${item.text}`;
  return `media ${content.form} ${content.attachment?.bytes ?? 0} ${content.filename} ${content.caption}`;
}

export class CoreStore {
  #state: State = { phase: { is: "starting" }, session: null, connection: "connecting", conversations: null, timelines: new Map(), moved: new Map() };
  readonly #listeners = new Set<() => void>();
  readonly #arrivals = new Set<(arrival: Arrival) => void>();
  readonly #calls = new Set<(signal: CallSignal) => void>();
  readonly #entitlements = new Set<() => void>();
  /** Real id → the key under which the bubble was first drawn. */
  readonly #keys = new Map<string, string>();
  readonly #pending = new Map<string, Pending>();
  /** The files of messages, opened. */
  readonly files = new FileCache((...args) => this.call("media_url", ...args));
  /** Messages that have been spoken: a reaction to one of them makes it come again. */
  readonly #announced = new Set<string>();
  #backend: Backend | null = null;
  #locals = 0;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): State => this.#state;

  /** Starts once; the second call of a remounted screen does nothing. */
  start(make: (events: BackendEvents) => Backend): void {
    if (this.#backend) return;
    this.#backend = make({ onPhase: (phase) => this.#phase(phase), onEvent: (event) => this.apply(event) });
    // The browser knows sooner than a timer that the network is back.
    globalThis.addEventListener?.("online", () => this.#reconnect());
  }

  #reconnect(): void {
    if (this.#state.phase.is !== "ready" || this.#state.session?.state !== "registered" || this.#state.connection === "online") return;
    if (this.#state.conversations === null) void this.#refresh();
    else this.call("connect").catch(() => undefined);
  }

  onArrival(listener: (arrival: Arrival) => void): () => void {
    this.#arrivals.add(listener);
    return () => this.#arrivals.delete(listener);
  }

  onCall(listener: (signal: CallSignal) => void): () => void {
    this.#calls.add(listener);
    return () => this.#calls.delete(listener);
  }

  /** What the person has bought may have changed: the server said so, or there was no connection on which it could. */
  onEntitlements(listener: () => void): () => void {
    this.#entitlements.add(listener);
    return () => this.#entitlements.delete(listener);
  }

  call<Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>> {
    if (!this.#backend) return Promise.reject(new CoreError("Plaza is still starting.", "not_started"));
    return this.#backend.call(name, ...args);
  }

  takeOver(): void {
    this.#backend?.takeOver();
  }

  /** The key of a bubble: the same before and after the core has named the message. */
  keyOf(item: Item): string {
    return this.#keys.get(item.id) ?? item.id;
  }

  #set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }

  #phase(phase: Phase): void {
    this.#set({ phase });
    if (phase.is === "ready") void this.#refresh();
  }

  async #refresh(): Promise<void> {
    try {
      const session = await this.call("session");
      this.#set({ session });
      if (session.state !== "registered") return;
      this.#set({ conversations: await this.call("conversations") });
      for (const id of this.#state.timelines.keys()) void this.openTimeline(id);
      await this.call("connect");
    } catch (error) {
      if (this.#state.session === null) this.#set({ phase: { is: "broken", why: reason(error) } });
      else this.#set({ connection: "offline" });
    }
  }

  async verify(registrationId: string, code: string, name: string): Promise<void> {
    const session = await this.call("verify", registrationId, code, name);
    this.#set({ session });
    await this.#refresh();
  }

  async openNumber(number: string): Promise<ConversationView> {
    const conversation = await this.call("open_number", number);
    this.#upsertConversation(conversation);
    return conversation;
  }

  /** Loads the newest page, or again after a reconnection. */
  async openTimeline(id: string): Promise<void> {
    await this.#load(id, null);
  }

  async loadOlder(id: string): Promise<void> {
    const timeline = this.#state.timelines.get(id);
    const oldest = timeline?.items[0];
    if (timeline && oldest && timeline.more && !timeline.loading) await this.#load(id, oldest.id);
  }

  async #load(id: string, before: string | null): Promise<void> {
    this.#changeTimeline(id, (timeline) => ({ ...timeline, loading: true, error: null }));
    try {
      const page = await this.call("timeline", id, before, PAGE_ITEMS);
      this.#changeTimeline(id, (timeline) => {
        const items = new Map(timeline.items.map((item) => [item.id, item]));
        for (const item of page.items) items.set(item.id, item);
        const more = before === null && timeline.items.length > page.items.length ? timeline.more : page.more;
        return { items: inOrder(items.values()), more, loading: false, error: null };
      });
    } catch (error) {
      this.#changeTimeline(id, (timeline) => ({ ...timeline, loading: false, error: reason(error) }));
    }
  }

  #changeTimeline(id: string, change: (timeline: LoadedTimeline) => LoadedTimeline): void {
    const timelines = new Map(this.#state.timelines);
    timelines.set(id, change(timelines.get(id) ?? EMPTY));
    this.#set({ timelines });
  }

  #changeItem(conversation: string, id: string, change: (item: Item) => Item | null): void {
    this.#changeTimeline(conversation, (timeline) => ({
      ...timeline,
      items: inOrder(timeline.items.map((item) => (item.id === id ? change(item) : item)).filter((item) => item !== null)),
    }));
  }

  /** Draws the message at once, then hands it to the core. */
  async sendText(conversation: string, text: string, replyTo: string | null): Promise<void> {
    await this.#send(conversation, { kind: "text", body: text, preview_url: false }, text, replyTo, () => this.call("send_text", conversation, text, replyTo));
  }

  async sendMedia(conversation: string, file: Outgoing, replyTo: string | null): Promise<void> {
    const { bytes, mimeType, filename, caption, preview, body } = file;
    if (body.attachment) this.files.keep(body.attachment.blob_id, preview);
    await this.#send(conversation, body, caption || filename, replyTo, () => this.call("send_media", conversation, bytes, mimeType, filename, caption, replyTo, body.is_voice));
  }

  /** A sticker goes out as a file that the core fetches; here it is shown from the pack. */
  async sendSticker(conversation: string, pack: string, sticker: SentSticker, replyTo: string | null): Promise<void> {
    const { name, text, bytes, is_animated } = sticker;
    const attachment = { blob_id: pictureKey(pack, name), sha256: "", bytes, mime_type: "image/webp", width: 0, height: 0 };
    const body: Body = { kind: "media", form: "sticker", attachment, caption: text, filename: "", is_voice: false, is_animated };
    await this.#send(conversation, body, `Sticker: ${text}`, replyTo, () => this.call("send_sticker", conversation, pack, name, text, replyTo));
  }

  async #send(conversation: string, content: Body, text: string, replyTo: string | null, hand: () => Promise<Item>): Promise<void> {
    this.#locals += 1;
    const id = `local:${this.#locals}`;
    const item: Item = {
      id, kind: content.kind, mine: true, author: "", at: Date.now(), gseq: 0, ticks: "waiting", text,
      reply_to: replyTo, reactions: [], content, is_edited: false, error: null,
    };
    this.#changeTimeline(conversation, (timeline) => ({ ...timeline, items: [...timeline.items, item] }));
    this.#pending.set(id, { conversation, content: said(item), hand, waiting: true });
    await this.#hand(id);
  }

  async #hand(local: string): Promise<void> {
    const pending = this.#pending.get(local);
    if (!pending) return;
    pending.waiting = true;
    try {
      const item = await pending.hand();
      // The conversation may have moved meanwhile.
      this.#adopt(pending.conversation, local, item);
    } catch (error) {
      pending.waiting = false;
      this.#changeItem(pending.conversation, local, (item) => ({ ...item, ticks: "failed", error: reason(error) }));
    }
  }

  /** The real item takes the place of the local one, unless an event brought it before the answer did. */
  #adopt(conversation: string, local: string, item: Item): void {
    if (!this.#pending.delete(local)) return;
    this.#keys.set(item.id, local);
    this.#changeTimeline(conversation, (timeline) => {
      const drawn = timeline.items.find((each) => each.id === local);
      this.#keepFile(drawn, item);
      const known = timeline.items.some((each) => each.id === item.id);
      const rest = timeline.items.filter((each) => each.id !== local);
      return { ...timeline, items: inOrder(known ? rest : [...rest, item]) };
    });
  }

  /** What was shown before it was sent need not be fetched afterwards. */
  #keepFile(drawn: Item | undefined, item: Item): void {
    if (drawn?.content?.kind !== "media" || item.content?.kind !== "media") return;
    const address = this.files.state(drawn.content.attachment?.blob_id ?? "");
    if (item.content.attachment && address.is === "ready") this.files.keep(item.content.attachment.blob_id, address.url);
  }

  async retry(conversation: string, item: Item): Promise<void> {
    this.#changeItem(conversation, item.id, (each) => ({ ...each, ticks: "waiting", error: null }));
    if (item.id.startsWith("local:")) return this.#hand(item.id);
    try {
      await this.call("retry", item.id);
    } catch (error) {
      this.#changeItem(conversation, item.id, (each) => ({ ...each, ticks: "failed", error: reason(error) }));
    }
  }

  /** Answers a question; throws the core's words when it does not allow that. */
  async answer(conversation: string, message: string, answer: Answer): Promise<void> {
    const item = await this.call("answer", conversation, message, JSON.stringify(answer));
    this.#upsertItems(conversation, [item]);
  }

  async block(conversation: string, on: boolean): Promise<void> {
    await this.call("block", conversation, on);
    const view = this.#state.conversations?.find((each) => each.id === conversation);
    if (view) this.#upsertConversation({ ...view, is_blocked: on });
  }

  async wantMarketing(conversation: string, on: boolean): Promise<void> {
    await this.call("want_marketing", conversation, on);
    const view = this.#state.conversations?.find((each) => each.id === conversation);
    if (view) this.#upsertConversation({ ...view, wants_no_marketing: !on });
  }

  /** Takes in what the core says by itself. */
  apply(event: CoreEvent): void {
    switch (event.event) {
      case "connection":
        this.#set({ connection: event.state });
        if (event.state === "online") for (const listener of this.#entitlements) listener();
        return;
      case "entitlements":
        for (const listener of this.#entitlements) listener();
        return;
      case "session":
        if (event.session) this.#set({ session: event.session });
        else if (this.#state.phase.is === "ready") void this.call("session").then((session) => this.#set({ session }), () => undefined);
        return;
      case "conversation":
        this.#upsertConversation(event.conversation);
        return;
      case "call":
        for (const listener of this.#calls) listener(event.call);
        return;
      case "moved":
        this.#move(event.from, event.to);
        return;
      case "items":
        this.#upsertItems(event.conversation_id, event.items);
    }
  }

  #upsertConversation(conversation: ConversationView): void {
    const others = (this.#state.conversations ?? []).filter((each) => each.id !== conversation.id);
    this.#set({ conversations: [conversation, ...others].sort((a, b) => b.last_at - a.last_at) });
  }

  /** What was loaded, and what is still on its way out, goes along; old addresses keep working. */
  #move(from: string, to: string): void {
    const timelines = new Map(this.#state.timelines);
    const [old, known] = [timelines.get(from), timelines.get(to)];
    timelines.delete(from);
    if (old) timelines.set(to, { ...(known ?? old), items: inOrder([...old.items, ...(known?.items ?? [])]) });
    for (const pending of this.#pending.values()) if (pending.conversation === from) pending.conversation = to;
    const conversations = this.#state.conversations?.filter((each) => each.id !== from) ?? null;
    this.#set({ timelines, conversations, moved: new Map(this.#state.moved).set(from, to) });
  }

  #upsertItems(conversation: string, items: readonly Item[]): void {
    const known = this.#state.timelines.get(conversation);
    const before = new Set(known?.items.map((item) => item.id));
    for (const item of items) {
      if (!item.mine || before.has(item.id)) continue;
      const local = [...this.#pending].find(([, sent]) => sent.waiting && sent.conversation === conversation && sent.content === said(item));
      if (local) this.#adopt(conversation, local[0], item);
    }
    // A timeline that nobody has opened is read from the core when somebody does.
    if (known) {
      this.#changeTimeline(conversation, (timeline) => {
        const all = new Map(timeline.items.map((item) => [item.id, item]));
        for (const item of items) all.set(item.id, item);
        return { ...timeline, items: inOrder(all.values()) };
      });
    }
    this.#announce(conversation, items.filter((item) => !item.mine && !before.has(item.id)));
  }

  #announce(conversation: string, items: readonly Item[]): void {
    const view = this.#state.conversations?.find((each) => each.id === conversation) ?? null;
    for (const item of items) {
      if (this.#announced.has(item.id)) continue;
      this.#announced.add(item.id);
      for (const listener of this.#arrivals) listener({ conversation: view, item });
    }
  }
}
