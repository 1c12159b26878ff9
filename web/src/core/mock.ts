/**
 * # A core that answers from memory
 *
 * For development, for tests of the screens and for pictures of every state. `?mock=` in the address chooses what it
 * starts with: `new` (nobody registered), `empty` (no conversations), `offline`, `elsewhere`, `broken`, `slow`, `ringing`
 * (the bakery calls), `silent` (there is no microphone).
 * It is not part of a production build.
 */
import { answered } from "./mockAnswers";
import { friendLines, marketLines } from "./mockContent";
import type { Line } from "./mockContent";
import { MockFiles } from "./mockFiles";
import { FEEDBACK_FORM, exchange } from "./mockFlow";
import { answerShop, ownedPlans } from "./mockShop";
import { mockPacks, mockPicture } from "./mockStickers";
import type { Body, MediaForm } from "./content";
import { CoreError } from "./types";
import type { Backend, BackendEvents, CallSignal, Calls, ConversationView, GroupView, IceServer, Invitation, Item, Member, Session, Ticks } from "./types";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const BAKERY = "cnv_bakery";
const BEN = "cnv_ben";
const RINGING_CALL = "msg_call_of_the_bakery";

/** What differs between the signals of a call. */
type CallWords = CallSignal extends infer Signal ? (Signal extends CallSignal ? Omit<Signal, "conversation_id" | "call_id" | "mine" | "here" | "at"> : never) : never;
const CHIARA = "cnv_chiara";
const MARKET = "cnv_market";
const CLUB = "cnv_club";

/** What the mock starts with. */
export function scenario(): string {
  return new URLSearchParams(location.search).get("mock") ?? sessionStorage.getItem("plaza.mock") ?? "full";
}

function makeItem(id: string, gseq: number, line: Line, now: number): Item {
  const { ago, ...rest } = line;
  const kind = rest.kind ?? "text";
  const content: Body | null = kind === "text" ? { kind, body: rest.text ?? "", preview_url: false } : null;
  return {
    id, kind: "text", mine: false, author: rest.mine ? "Ana" : "Ben Okafor", at: now - ago, gseq, ticks: rest.mine ? "read" : null,
    text: "", reply_to: null, reactions: [], content, is_edited: false, error: null, ...rest,
  };
}

function benLines(): Line[] {
  const D = 24 * HOUR;
  return [
    { ago: D + 6 * HOUR, text: "Are you going to the market on Saturday?" },
    { ago: D + 6 * HOUR - 20_000, text: "They have the good olives again." },
    { ago: D + 5 * HOUR, mine: true, text: "Only if we go early. By eleven the square is so full that you cannot hear the fountain any more." },
    { ago: D + 5 * HOUR - 4 * MINUTE, text: "Nine, then. I will be at the corner with the arcade, next to the flower stall.", reactions: [{ emoji: "👍", mine: true }] },
    { ago: 3 * HOUR, mine: true, text: "Running five minutes late" },
    { ago: 3 * HOUR - 15_000, mine: true, text: "The tram stopped at the bridge and everybody got out to look at the river" },
    { ago: 3 * HOUR - 3 * MINUTE, text: "No hurry. I have coffee and a place in the sun." },
    { ago: 3 * HOUR - 4 * MINUTE, mine: true, text: "Save me the chair that looks at the clock", reply_to: "ben-6", reactions: [{ emoji: "❤️", mine: false }] },
    { ago: 40 * MINUTE, mine: true, text: "I ordered the bread for tomorrow, they deliver at eight.", ticks: "delivered" },
    { ago: 9 * MINUTE, text: "Perfect." },
    { ago: 8 * MINUTE, text: "Bring the blue basket, please, mine has lost its handle for good this time." },
  ];
}

function bakeryLines(): Line[] {
  const author = "Tulip Bakery";
  return [
    { ago: 26 * HOUR, author, kind: "notice", text: "Messages with Tulip Bakery are hosted by Plaza for the business." },
    { ago: 25 * HOUR, mine: true, text: "Hello! Do you still have the walnut loaf for Saturday?" },
    { ago: 25 * HOUR - MINUTE, author, text: "Good afternoon, Ana. Yes: two are left. Shall we keep one for you?" },
    { ago: 25 * HOUR - 2 * MINUTE, mine: true, text: "Yes please, and four rolls." },
    {
      ago: 2 * HOUR, author, kind: "template", text: "Hello Ana, your walnut loaf and four rolls will be ready at *08:00* tomorrow.",
      content: {
        kind: "template", name: "order_ready", language: "en", rich_header: null, cards: [], offer: null,
        header: "Order 1742 is in the oven",
        body: "Hello Ana, your walnut loaf and four rolls will be ready at *08:00* tomorrow. Would you like us to deliver them to Arcade Street 5?",
        footer: "Tulip Bakery, on the square since 1931",
        buttons: [
          { kind: "QUICK_REPLY", text: "Yes, deliver", value: "deliver-1742", action: null },
          { kind: "QUICK_REPLY", text: "I will come by", value: "pickup-1742", action: null },
          { kind: "URL", text: "See the order", value: "https://example.org/orders/1742", action: null },
          { kind: "COPY_CODE", text: "Copy code", value: "TULIP-1742", action: null },
        ],
      },
    },
    {
      ago: HOUR, mine: true, kind: "button_reply", text: "Yes, deliver", reply_to: "bakery-5", ticks: "read",
      content: { kind: "button_reply", text: "Yes, deliver", payload: "deliver-1742" },
    },
    { ago: 59 * MINUTE, author, text: "Thank you! Our bicycle is at your door at eight.", reactions: [{ emoji: "🙏", mine: true }] },
    {
      ago: 58 * MINUTE, author, kind: "call", text: "Voice call",
      content: { kind: "call", call_id: "msg_call_1", signal: "ended", outcome: "completed", seconds: 134, is_from_person: true },
    },
    {
      ago: 30 * MINUTE, author, kind: "call", text: "Missed voice call",
      content: { kind: "call", call_id: "msg_call_2", signal: "ended", outcome: "unanswered", seconds: 0, is_from_person: false },
    },
    { ago: 12 * MINUTE, mine: true, text: "Could you add a jar of the fig jam?", ticks: "failed", error: "The bakery's number is not reachable right now." },
  ];
}

function clubLines(): Line[] {
  return [
    { ago: 104 * HOUR, kind: "notice", text: "You joined the group." },
    { ago: 103 * HOUR, author: "Tulip Bakery", text: "Good morning, bakers. On Friday we open the ovens at six: bring your dough, we bring the heat." },
    { ago: 103 * HOUR - MINUTE, author: "Tulip Bakery", text: "There are four places left." },
    { ago: 102 * HOUR, author: "Ben Okafor", text: "I am in. Rye or wheat?" },
    { ago: 102 * HOUR - 2 * MINUTE, mine: true, text: "Rye! And I can bring seeds for everybody.", ticks: "read", reply_to: "club-4" },
    { ago: 101 * HOUR, kind: "notice", text: "Chiara Rossi joined." },
    { ago: 100 * HOUR, author: "Chiara Rossi", text: "Mine collapsed again, but the taste is right." },
  ];
}

function clubView(): GroupView {
  const member = (part: Partial<Member> & { name: string; number: string }): Member => ({ account_id: `acc_${part.number}`, is_business: false, is_manager: false, is_me: false, hosted_by: "", ...part });
  return {
    subject: "Sourdough circle",
    description: "We bake together on Fridays, in the big oven behind the shop.",
    picture: "",
    members: [
      member({ name: "Tulip Bakery", number: "+4930901820", is_business: true, is_manager: true, hosted_by: "Plaza" }),
      member({ name: "Ana", number: "+999000000101", is_me: true }),
      member({ name: "Ben Okafor", number: "+999000000102" }),
      member({ name: "Chiara Rossi", number: "+999000000103" }),
    ],
  };
}

/** What the links of the mock lead to: `open`, `ask`, `full`; anything else leads nowhere. */
function invitationOf(code: string): Invitation {
  if (!["open", "ask", "full"].includes(code)) throw new CoreError("invite link does not exist, or not for this account", "not_found");
  const { subject, description, picture } = clubView();
  return {
    conversation_id: `cnv_join_${code}`, subject: code === "ask" ? "Night bakers" : `${subject} II`, description, picture,
    manager: "Tulip Bakery", manager_number: "+4930901820", is_verified: true, hosted_by: "Plaza", participants: code === "full" ? 8 : 3, participants_max: 8,
    is_approval_required: code === "ask", is_member: false, is_requested: false,
  };
}

function conversationOf(part: Partial<ConversationView> & { id: string; title: string }): ConversationView {
  return {
    number: "+999000000102", is_business: false, is_verified: false, hosted_by: "", account_id: `acc_${part.id}`, last_text: "", last_at: 0,
    last_mine: false, last_ticks: null, unread: 0, typing: false, online: false, ...part,
  };
}

const COMMANDS = [
  { name: "hours", description: "When the doors are open" },
  { name: "help", description: "What one can ask here" },
  { name: "stop", description: "No more news" },
];

/** As the core names them; a session has no place in this list. */
type Answers = { [Name in keyof Calls]: (...args: Parameters<Calls[Name]>) => ReturnType<Calls[Name]> };

class MockBackend implements Backend, Answers {
  readonly #events: BackendEvents;
  readonly #conversations = new Map<string, ConversationView>();
  readonly #items = new Map<string, Item[]>();
  readonly #files = new MockFiles();
  /** Links of groups whose manager has not approved yet. */
  readonly #asked = new Set<string>();
  #session: Session;
  #offline = scenario() === "offline";
  #count = 100;

  constructor(events: BackendEvents) {
    this.#events = events;
    const registered = scenario() !== "new";
    this.#session = registered ? { state: "registered", account_id: "acc_ana", device_id: "dev_ana", number: "+999000000101", name: "Ana" } : { state: "none" };
    if (registered && scenario() !== "empty") this.#fill();
    if (scenario() === "slow") return;
    setTimeout(() => {
      if (scenario() === "elsewhere") this.#events.onPhase({ is: "elsewhere" });
      else if (scenario() === "broken") this.#events.onPhase({ is: "broken", why: "This browser does not let Plaza store data on this device." });
      else this.#events.onPhase({ is: "ready" });
    }, 60);
  }

  #fill(): void {
    const now = Date.now();
    const long = Array.from({ length: 120 }, (_, n): Line => ({ ago: (300 - n) * HOUR, mine: n % 3 === 0, text: `Letter number ${n + 1} from the days before.` }));
    this.#items.set(BEN, [...long, ...benLines()].map((line, n) => makeItem(n >= 120 ? `ben-${n - 119}` : `old-${n}`, n + 1, line, now)));
    this.#items.set(BAKERY, bakeryLines().map((line, n) => makeItem(`bakery-${n + 1}`, n + 1, line, now)));
    const views = [
      conversationOf({ id: BEN, title: "Ben Okafor", number: "+999000000102", unread: 2, online: true, last_at: now - 8 * MINUTE, last_text: "Bring the blue basket, please, mine has lost its handle for good this time." }),
      conversationOf({ id: BAKERY, title: "Tulip Bakery", number: "+4930901820", is_business: true, is_verified: true, hosted_by: "Plaza", takes_calls: true, shows_call_button: true, last_at: now - 12 * MINUTE, last_text: "Could you add a jar of the fig jam?", last_mine: true, last_ticks: "failed" }),
      conversationOf({ id: CHIARA, title: "Chiara Rossi", number: "+999000000103", typing: true, online: true, last_at: now - 55 * MINUTE, last_text: "The rehearsal is at six, bring the score", last_mine: false }),
      conversationOf({ id: MARKET, title: "Square Market", number: "+4930555020", is_business: true, is_verified: true, hosted_by: "Plaza", last_at: now - 70 * MINUTE, last_text: "The restaurant under the arcade has tables this evening.", commands: COMMANDS }),
      conversationOf({ id: "cnv_dimitri", title: "Dimitri", number: "+999000000104", last_at: now - 26 * HOUR, last_text: "Thank you for the ladder!", last_mine: true, last_ticks: "read" }),
      conversationOf({ id: "cnv_city", title: "City Library", number: "+4930555010", is_business: true, hosted_by: "City Library", last_at: now - 50 * HOUR, last_text: "Your book is waiting at the desk until Friday.", commands: COMMANDS, prompts: ["When are you open?", "Extend my loan", "What is new on the shelves?"] }),
      conversationOf({ id: CLUB, title: "Sourdough circle", account_id: "", number: "", last_at: now - 100 * HOUR, last_text: "Mine collapsed again, but the taste is right.", group: clubView() }),
      conversationOf({ id: "cnv_eva", title: "Eva Lindqvist", number: "+999000000105", last_at: now - 200 * HOUR, last_text: "See you in spring", last_mine: true, last_ticks: "delivered" }),
    ];
    for (const view of views) this.#conversations.set(view.id, view);
    this.#items.set(CHIARA, friendLines().map((line, n) => makeItem(`chiara-${n + 1}`, n + 1, line, now)));
    this.#items.set(MARKET, marketLines(now).map((line, n) => makeItem(`market-${n + 1}`, n + 1, line, now)));
    this.#items.set(CLUB, clubLines().map((line, n) => makeItem(`club-${n + 1}`, n + 1, line, now)));
    for (const view of views.filter((each) => !this.#items.has(each.id))) {
      this.#items.set(view.id, [makeItem(`${view.id}-1`, 1, { ago: now - view.last_at, text: view.last_text, mine: view.last_mine, ticks: view.last_ticks, author: view.title }, now)]);
    }
  }

  takeOver(): void {
    this.#events.onPhase({ is: "ready" });
  }

  async call<Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>> {
    await new Promise((resolve) => {
      setTimeout(resolve, 40);
    });
    const method = (this as Answers)[name] as (...args: Parameters<Calls[Name]>) => ReturnType<Calls[Name]>;
    return method.apply(this, args);
  }

  session(): Session {
    return this.#session;
  }

  start_registration(number: string): { registration_id: string } {
    if (number.endsWith("99")) throw new CoreError("This number has asked for too many codes. Try again in ten minutes.", "too_many_codes");
    return { registration_id: "reg_1" };
  }

  verify(_id: string, code: string, name: string): Session {
    if (code !== "000000") throw new CoreError("That is not the code. You have 4 tries left.", "wrong_code");
    this.#session = { state: "registered", account_id: "acc_ana", device_id: "dev_ana", number: "+999000000101", name };
    return this.#session;
  }

  connect(): null {
    if (scenario() === "ringing") this.#ring();
    this.#events.onEvent({ event: "connection", state: this.#offline ? "offline" : "online" });
    return null;
  }

  disconnect(): null {
    return null;
  }

  conversations(): ConversationView[] {
    return [...this.#conversations.values()].sort((a, b) => b.last_at - a.last_at);
  }

  timeline(id: string, before: string | null, limit: number): { items: Item[]; more: boolean } {
    const all = this.#items.get(id) ?? [];
    const end = before === null ? all.length : all.findIndex((item) => item.id === before);
    const start = Math.max(0, end - limit);
    return { items: all.slice(start, end), more: start > 0 };
  }

  open_number(number: string): ConversationView {
    const known = [...this.#conversations.values()].find((view) => view.number === number);
    if (known) return known;
    if (!number.startsWith("+999")) throw new CoreError("Nobody with this number is on Plaza.", "unknown_number");
    const view = conversationOf({ id: `cnv_${number}`, title: number, number, last_at: Date.now() });
    this.#conversations.set(view.id, view);
    return view;
  }

  send_text(id: string, text: string, replyTo: string | null): Item {
    return this.#add(id, { ago: 0, mine: true, text, reply_to: replyTo, ticks: "waiting" });
  }

  answer(id: string, messageId: string, answer: string): Item {
    const question = this.#items.get(id)?.find((item) => item.id === messageId);
    const { body, text } = answered(question?.content ?? null, answer);
    return this.#add(id, { ago: 0, mine: true, kind: body.kind, content: body, text, reply_to: messageId, ticks: "waiting" });
  }

  edit(id: string, messageId: string, text: string): null {
    if (text.includes("refuse")) throw new CoreError("It is too late to change this message.", "too_late");
    this.#change(id, messageId, (item) => {
      const content: Body = item.content?.kind === "media" ? { ...item.content, caption: text } : { kind: "text", body: text, preview_url: false };
      return { ...item, text, is_edited: true, content };
    });
    return null;
  }

  revoke(id: string, messageId: string): null {
    this.#change(id, messageId, (item) => ({ ...item, kind: "revoked", content: null, text: "This message was deleted", reactions: [] }));
    return null;
  }

  send_media(id: string, bytes: Uint8Array<ArrayBuffer>, mimeType: string, filename: string, caption: string, replyTo: string | null, isVoice: boolean): Item {
    const blob = `blob-${(this.#count += 1)}`;
    this.#files.add(blob, bytes, mimeType);
    const head = mimeType.split("/")[0];
    const form: MediaForm = head === "image" || head === "video" || head === "audio" ? head : "document";
    const attachment = { blob_id: blob, sha256: "", bytes: bytes.length, mime_type: mimeType, width: 0, height: 0 };
    const content: Body = { kind: "media", form, attachment, caption, filename, is_voice: isVoice, is_animated: false };
    return this.#add(id, { ago: 0, mine: true, kind: "media", content, text: caption || filename, reply_to: replyTo, ticks: "waiting" });
  }

  stickers(): { packs: unknown } {
    return { packs: mockPacks(ownedPlans()) };
  }

  sticker(pack: string, name: string): string {
    return mockPicture(pack, name);
  }

  send_sticker(id: string, pack: string, name: string, text: string, replyTo: string | null): Item {
    const { is_animated = false, bytes = 0 } = mockPacks(ownedPlans()).find((each) => each.key === pack)?.stickers.find((each) => each.name === name) ?? {};
    const attachment = { blob_id: `blob-${(this.#count += 1)}`, sha256: "", bytes, mime_type: "image/webp", width: 0, height: 0 };
    const content: Body = { kind: "media", form: "sticker", attachment, caption: text, filename: "", is_voice: false, is_animated };
    return this.#add(id, { ago: 0, mine: true, kind: "media", content, text: `Sticker: ${text}`, reply_to: replyTo, ticks: "waiting" });
  }

  send_location(id: string, latitude: number, longitude: number, name: string, replyTo: string | null): Item {
    const content: Body = { kind: "location", latitude, longitude, name, address: "", url: "" };
    return this.#add(id, { ago: 0, mine: true, kind: "location", content, text: name || "Location", reply_to: replyTo, ticks: "waiting" });
  }

  send_contact(id: string, name: string, number: string, replyTo: string | null): Item {
    const phones = [{ value: number, kind: "CELL", wa_id: number.replace("+", "") }];
    const card = { formatted_name: name, first_name: name, last_name: "", middle_name: "", prefix: "", suffix: "", birthday: "", phones, emails: [], urls: [], addresses: [], org: null };
    return this.#add(id, { ago: 0, mine: true, kind: "contacts", content: { kind: "contacts", cards: [card] }, text: name, reply_to: replyTo, ticks: "waiting" });
  }

  media_url(_id: string, _messageId: string, blobId: string): string {
    return this.#files.url(blobId);
  }

  flow_exchange(_id: string, _messageId: string, request: string): unknown {
    return exchange(JSON.parse(request) as Parameters<typeof exchange>[0]);
  }

  store(path: string, body: string | null): unknown {
    const answer = answerShop(path, body);
    if (body !== null) this.#events.onEvent({ event: "entitlements" });
    return answer;
  }

  form_file(_bytes: unknown, mimeType: string): Record<string, unknown> {
    return { id: `blob-${(this.#count += 1)}`, mime_type: mimeType };
  }

  flow_media(_messageId: string, _bytes: unknown, filename: string): Record<string, unknown> {
    return { file_name: filename, media_id: "7" };
  }

  flow_json(): unknown {
    return FEEDBACK_FORM;
  }

  /** The bakery picks up after a while; a call of its own rings with `?mock=ringing`. */
  signal_call(id: string, callId: string | null, wish: string): string {
    const { do: what } = JSON.parse(wish) as { do: string };
    const call = callId ?? `msg_call_${(this.#count += 1)}`;
    const say = (after: number, signal: CallWords): void => {
      setTimeout(() => this.#events.onEvent({ event: "call", call: { conversation_id: id, call_id: call, mine: false, here: true, at: Date.now(), ...signal } }), after);
    };
    if (what === "start") {
      say(1200, { signal: "answer", sdp: "v=0", is_early: false });
      say(1200, { signal: "accepted", device_id: "dev_ana" });
    } else if (what === "accept") say(200, { signal: "accepted", device_id: "dev_ana" });
    else if (what === "hang_up") {
      const ended = { signal: "ended", outcome: callId === RINGING_CALL ? "declined" : "completed", seconds: callId === RINGING_CALL ? 0 : 75, is_from_person: callId !== RINGING_CALL } as const;
      say(100, ended);
      setTimeout(() => this.#add(id, { ago: 0, kind: "call", author: "Tulip Bakery", text: "Voice call", content: { kind: "call", call_id: call, ...ended } }), 150);
    }
    return call;
  }

  ice_servers(): IceServer[] {
    return [];
  }

  #ring(): void {
    const call: CallSignal = { conversation_id: BAKERY, call_id: RINGING_CALL, mine: false, here: false, at: Date.now(), signal: "offer", sdp: "v=0", payload: "" };
    setTimeout(() => this.#events.onEvent({ event: "call", call }), 900);
  }

  look_at_invitation(code: string): { state: "invitation" } & Invitation {
    const is_member = this.#conversations.has(`cnv_join_${code}`);
    return { state: "invitation", ...invitationOf(code), is_member, is_requested: this.#asked.has(code) };
  }

  join_group(code: string): { state: "joined"; conversation_id: string } | { state: "requested" } {
    const { conversation_id, subject, is_approval_required } = invitationOf(code);
    if (is_approval_required) {
      this.#asked.add(code);
      return { state: "requested" };
    }
    const conversation = conversationOf({ id: conversation_id, title: subject, account_id: "", number: "", last_at: Date.now(), group: { ...clubView(), subject } });
    this.#conversations.set(conversation_id, conversation);
    this.#events.onEvent({ event: "conversation", conversation });
    this.#add(conversation_id, { ago: 0, kind: "notice", text: "You joined the group." });
    return { state: "joined", conversation_id };
  }

  cancel_join(code: string): { state: "cancelled" } {
    this.#asked.delete(code);
    return { state: "cancelled" };
  }

  leave_group(id: string): { state: "left" } {
    this.#view(id, { is_left: true });
    this.#add(id, { ago: 0, kind: "notice", text: "You are no longer in this group." });
    return { state: "left" };
  }

  block(id: string, on: boolean): null {
    this.#view(id, { is_blocked: on });
    return null;
  }

  report(): null {
    return null;
  }

  want_marketing(id: string, on: boolean): null {
    this.#view(id, { wants_no_marketing: !on });
    return null;
  }

  send_reaction(id: string, messageId: string, emoji: string): null {
    this.#change(id, messageId, (item) => ({
      ...item, reactions: [...item.reactions.filter((each) => !each.mine), ...(emoji === "" ? [] : [{ emoji, mine: true }])],
    }));
    return null;
  }

  retry(messageId: string): null {
    for (const [id, items] of this.#items) {
      if (!items.some((item) => item.id === messageId)) continue;
      this.#change(id, messageId, (item) => ({ ...item, ticks: "waiting", error: null }));
      this.#walk(id, messageId);
    }
    return null;
  }

  mark_read(id: string): null {
    this.#view(id, { unread: 0 });
    return null;
  }

  typing(): null {
    return null;
  }

  look_at(): null {
    return null;
  }

  #add(id: string, line: Line): Item {
    const items = this.#items.get(id) ?? [];
    this.#count += 1;
    const item = makeItem(`new-${this.#count}`, items.length + 1, line, Date.now());
    this.#items.set(id, [...items, item]);
    this.#view(id, { last_text: item.text, last_at: item.at, last_mine: item.mine, last_ticks: item.ticks });
    this.#events.onEvent({ event: "items", conversation_id: id, items: [item] });
    if (item.mine && !this.#offline) this.#walk(id, item.id);
    return item;
  }

  /** Sent, delivered, read, and an answer, as a friend at the other end would. */
  #walk(id: string, messageId: string): void {
    const step = (after: number, ticks: Ticks): void => {
      setTimeout(() => {
        this.#change(id, messageId, (item) => ({ ...item, ticks }));
        this.#view(id, { last_ticks: ticks });
      }, after);
    };
    step(200, "sent");
    step(700, "delivered");
    step(1500, "read");
    const title = this.#conversations.get(id)?.title ?? "";
    setTimeout(() => this.#view(id, { typing: true }), 2000);
    setTimeout(() => {
      this.#view(id, { typing: false });
      this.#add(id, { ago: 0, text: "Good, see you there.", author: title });
    }, 4000);
  }

  #view(id: string, change: Partial<ConversationView>): void {
    const view = this.#conversations.get(id);
    if (!view) return;
    const conversation = { ...view, ...change };
    this.#conversations.set(id, conversation);
    this.#events.onEvent({ event: "conversation", conversation });
  }

  #change(id: string, messageId: string, change: (item: Item) => Item): void {
    const items = this.#items.get(id) ?? [];
    const at = items.findIndex((item) => item.id === messageId);
    const old = items[at];
    if (!old) return;
    const item = change(old);
    this.#items.set(id, items.with(at, item));
    this.#events.onEvent({ event: "items", conversation_id: id, items: [item] });
  }
}

/** A back-end for one page. */
export function startMock(events: BackendEvents): Backend {
  return new MockBackend(events);
}
