/**
 * # What the core shows to the screens
 *
 * View models, made by the Rust client core inside the worker. The screens draw them and send back intentions; they
 * never see a key, a group or an envelope. Times are milliseconds.
 */

import type { Body } from "./content";

/** How far a message of mine has come. It only moves forward. */
export type Ticks = "waiting" | "sent" | "delivered" | "read" | "failed";

export type Session = {
  state: "none" | "registered";
  account_id?: string;
  device_id?: string;
  number?: string;
  name?: string;
};

export type ConnectionState = "connecting" | "online" | "offline";

export type ConversationView = {
  id: string;
  title: string;
  number: string;
  is_business: boolean;
  is_verified: boolean;
  /** Who holds the keys of a business number; empty for people. */
  hosted_by: string;
  account_id: string;
  last_text: string;
  last_at: number;
  last_mine: boolean;
  last_ticks: Ticks | null;
  unread: number;
  typing: boolean;
  online: boolean;
  is_blocked?: boolean;
  /** Of a business: whether it takes calls… */
  takes_calls?: boolean;
  /** …and wants a button for it to be shown. */
  shows_call_button?: boolean;
  /** Of a business: this person has stopped its advertising. */
  wants_no_marketing?: boolean;
  /** One is in it no more: nothing can be said. */
  is_left?: boolean;
  /** None: a conversation of two. */
  group?: GroupView | null;
  /** Of a business: what one may ask it first. */
  prompts?: string[];
  /** Of a business: what it understands after a "/". */
  commands?: Command[];
};

/** What a group has beside other conversations. */
export type GroupView = { subject: string; description: string; /** Below this server's address; empty: none. */ picture: string; members: Member[] };

export type Member = { account_id: string; name: string; number: string; is_business: boolean; is_manager: boolean; is_me: boolean; hosted_by: string };

/** A group, as somebody who has its link sees it. */
export type Invitation = {
  conversation_id: string;
  subject: string;
  description: string;
  picture: string;
  manager: string;
  manager_number: string;
  is_verified: boolean;
  hosted_by: string;
  participants: number;
  participants_max: number;
  is_approval_required: boolean;
  is_member: boolean;
  is_requested: boolean;
};

export type Command = { name: string; description: string };

export type Item = {
  id: string;
  kind: Body["kind"] | "notice" | "revoked" | "unsupported";
  mine: boolean;
  author: string;
  at: number;
  /** The place in the conversation that all members agree on; 0 until the server has given one. */
  gseq: number;
  ticks: Ticks | null;
  /** One line about it. */
  text: string;
  reply_to: string | null;
  reactions: { emoji: string; mine: boolean }[];
  /** All that it says; none: a notice, a message that was taken back, or a kind that the core does not know. */
  content: Body | null;
  is_edited: boolean;
  error: string | null;
};

export type Timeline = { items: Item[]; more: boolean };

/** How a call ended. */
export type CallOutcome = "unknown" | "completed" | "unanswered" | "declined" | "cancelled" | "busy" | "lost" | "closed" | "failed";

/** Something that a side of a call says. `mine`: another device of this person; `here`: this device has the call. */
export type CallSignal = { conversation_id: string; call_id: string; mine: boolean; here: boolean; at: number } & (
  | { signal: "offer"; sdp: string; payload: string }
  | { signal: "ringing" }
  | { signal: "answer"; sdp: string; is_early: boolean }
  | { signal: "accepted"; device_id: string }
  | { signal: "hang_up"; reason: string }
  | { signal: "alive" }
  | { signal: "ended"; outcome: CallOutcome; seconds: number; is_from_person: boolean }
);

export type IceServer = { urls: string[]; username: string; credential: string };

/** What the core says by itself. Items are upserts by id. */
export type CoreEvent =
  | { event: "session"; session?: Session }
  | { event: "connection"; state: ConnectionState }
  | { event: "conversation"; conversation: ConversationView }
  | { event: "items"; conversation_id: string; items: Item[] }
  | { event: "call"; call: CallSignal }
  /** What the person has bought changed, here or on another device. */
  | { event: "entitlements" }
  | { event: "moved"; from: string; to: string };

/** The calls of the core: the same names as on the wasm class. `before` is the id of the oldest item that is shown. */
export type Calls = {
  session: () => Session;
  start_registration: (number: string) => { registration_id: string; expires_at?: number };
  verify: (registrationId: string, code: string, name: string) => Session;
  connect: () => null;
  disconnect: () => null;
  conversations: () => ConversationView[];
  timeline: (conversationId: string, before: string | null, limit: number) => Timeline;
  open_number: (number: string) => ConversationView;
  send_text: (conversationId: string, text: string, replyTo: string | null) => Item;
  send_reaction: (conversationId: string, messageId: string, emoji: string) => null;
  /** What the person did with a question, as JSON of an [`Answer`]. */
  answer: (conversationId: string, messageId: string, answer: string) => Item;
  edit: (conversationId: string, messageId: string, text: string) => null;
  revoke: (conversationId: string, messageId: string) => null;
  send_media: (conversationId: string, bytes: Uint8Array<ArrayBuffer>, mimeType: string, filename: string, caption: string, replyTo: string | null, isVoice: boolean) => Item;
  /** Which packs of stickers there are, and from which one may send. */
  stickers: () => unknown;
  /** A blob: address of a sticker's picture. */
  sticker: (pack: string, name: string) => string;
  send_sticker: (conversationId: string, pack: string, name: string, text: string, replyTo: string | null) => Item;
  send_location: (conversationId: string, latitude: number, longitude: number, name: string, replyTo: string | null) => Item;
  send_contact: (conversationId: string, name: string, number: string, replyTo: string | null) => Item;
  /** A blob: address of the file, decrypted. */
  media_url: (conversationId: string, messageId: string, blobId: string) => string;
  /** Asks the business's endpoint of a form; JSON in and out. */
  flow_exchange: (conversationId: string, messageId: string, request: string) => unknown;
  /** Uploads a file that goes out with a form: what stands for it in the answer. */
  form_file: (bytes: Uint8Array<ArrayBuffer>, mimeType: string) => Record<string, unknown>;
  /** Uploads a file for the endpoint of a form: what stands for it in what the endpoint is asked. */
  flow_media: (messageId: string, bytes: Uint8Array<ArrayBuffer>, filename: string) => Record<string, unknown>;
  /** The form, where the message carries none. */
  flow_json: (conversationId: string, messageId: string) => unknown;
  /** Does something about a call, as JSON: `{"do":"start","sdp":…}`, `accept`, `hang_up`, `alive`. Its id. */
  signal_call: (conversationId: string, callId: string | null, wish: string) => string;
  ice_servers: () => IceServer[];
  /** Asks about what there is to buy, at an address below /v1/store; with a body (JSON) it does something. */
  store: (path: string, body: string | null) => unknown;
  block: (conversationId: string, on: boolean) => null;
  /** Tells the host of a business that its messages are spam or worse. */
  report: (conversationId: string, impersonates: boolean) => null;
  want_marketing: (conversationId: string, on: boolean) => null;
  /** What the link of a group leads to; its code is the last part. */
  look_at_invitation: (code: string) => { state: "invitation" } & Invitation;
  join_group: (code: string) => { state: "joined"; conversation_id: string } | { state: "requested" };
  /** Waits no longer to be let in. */
  cancel_join: (code: string) => { state: "cancelled" };
  leave_group: (conversationId: string) => { state: "left" };
  retry: (messageId: string) => null;
  mark_read: (conversationId: string) => null;
  typing: (conversationId: string, on: boolean) => null;
  look_at: (conversationId: string | null) => null;
};

/** Where this tab stands: one tab at a time holds the device. */
export type Phase = { is: "starting" } | { is: "elsewhere" } | { is: "ready" } | { is: "broken"; why: string };

/** A refusal of the core, in words for the person. */
export class CoreError extends Error {
  override name = "CoreError";
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

/** Something that answers the calls: the worker, or the mock. */
export type Backend = {
  call<Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>>;
  /** Takes the device over from the tab that holds it. */
  takeOver(): void;
};

export type BackendEvents = { onPhase(phase: Phase): void; onEvent(event: CoreEvent): void };
