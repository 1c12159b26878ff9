/**
 * # What a message says
 *
 * The bodies of `plaza_protocol::content`, as they serialise for a view. Ids have their prefix, keys are not here. What
 * a business writes in them is untrusted: the screens show texts as texts, and open nothing but web addresses.
 */

import type { CallOutcome } from "./types";

export type Attachment = {
  blob_id: string;
  sha256: string;
  bytes: number;
  mime_type: string;
  /** Pixels; 0: not known. */
  width: number;
  height: number;
};

export type MediaForm = "unknown" | "image" | "video" | "audio" | "document" | "sticker" | "gif";

export type Media = {
  form: MediaForm;
  attachment: Attachment | null;
  caption: string;
  filename: string;
  is_voice: boolean;
  is_animated: boolean;
};

export type Place = { latitude: number; longitude: number; name: string; address: string; url: string };

export type CardEntry = { value: string; kind: string; wa_id: string };

export type CardAddress = { street: string; city: string; state: string; zip: string; country: string; country_code: string; kind: string };

export type ContactCard = {
  formatted_name: string;
  first_name: string;
  last_name: string;
  middle_name: string;
  prefix: string;
  suffix: string;
  birthday: string;
  phones: CardEntry[];
  emails: CardEntry[];
  urls: CardEntry[];
  addresses: CardAddress[];
  org: { company: string; department: string; title: string } | null;
};

export type Product = {
  catalog_id: string;
  retailer_id: string;
  name: string;
  description: string;
  price_micros: number;
  currency: string;
  image_url: string;
};

/** Absent members of an untagged kind that this version does not know. */
type Unknown = { type?: undefined };

export type Header = { type: "text"; text: string } | ({ type: "media" } & Media) | ({ type: "location" } & Place) | ({ type: "product" } & Product) | Unknown;

export type Choice = { id: string; title: string; description: string };

export type ListAction = { type: "list"; button: string; sections: { title: string; rows: Choice[] }[] };

export type FlowAction = {
  type: "flow";
  flow_id: string;
  text: string;
  token: string;
  /** `navigate`, or `data_exchange`: the business's endpoint is asked for the first screen. */
  action: string;
  screen: string;
  /** JSON; empty: none. */
  data: string;
  is_draft: boolean;
  flow_json: string;
  has_endpoint: boolean;
};

export type ShopAction =
  | { type: "product"; product: Product | null }
  | { type: "product_list"; catalog_id: string; sections: { title: string; products: Product[] }[] }
  | { type: "catalog"; catalog_id: string; thumbnail_retailer_id: string; products: Product[] };

/** The members are JSON as the business wrote them; empty: not given. */
export type AddressAction = { type: "address"; country: string; values: string; saved_addresses: string; validation_errors: string };

export type OrderDetailsAction = { type: "order_details"; reference_id: string; currency: string; total_micros: number; details: string };

export type OrderStatusAction = { type: "order_status"; reference_id: string; status: string; description: string };

export type VoiceCallAction = { type: "voice_call"; text: string; expires_at: number; payload: string };

export type Action =
  | { type: "buttons"; buttons: Choice[] }
  | ListAction
  | { type: "link"; text: string; url: string }
  | FlowAction
  | ShopAction
  | { type: "location_request" }
  | AddressAction
  | OrderDetailsAction
  | OrderStatusAction
  | { type: "call_permission" }
  | VoiceCallAction
  | Unknown;

/** A button below a template or a card: `QUICK_REPLY`, `URL`, `PHONE_NUMBER`, `COPY_CODE`, `FLOW`, … */
export type TemplateButton = { kind: string; text: string; value: string; action: Action | null };

export type Card = { header: Header | null; body: string; buttons: TemplateButton[] };

export type Template = {
  name: string;
  language: string;
  header: string;
  body: string;
  footer: string;
  buttons: TemplateButton[];
  rich_header: Header | null;
  cards: Card[];
  offer: { text: string; expires_at: number } | null;
};

export type Interactive = { header: Header | null; body: string; footer: string; action: Action | null; cards: Card[] };

export type InteractiveReply =
  | ({ type: "button" } & Choice)
  | ({ type: "row" } & Choice)
  | { type: "form"; name: string; text: string; response_json: string }
  | { type: "call_permission"; is_accepted: boolean; is_permanent: boolean; expires_at: number }
  | Unknown;

export type OrderItem = { retailer_id: string; quantity: number; price_micros: number; currency: string; name: string };

export type Order = { catalog_id: string; text: string; items: OrderItem[] };

export type Body =
  | { kind: "text"; body: string; preview_url: boolean }
  | ({ kind: "template" } & Template)
  | { kind: "reaction"; message_id: string; emoji: string }
  | { kind: "button_reply"; text: string; payload: string }
  | ({ kind: "media" } & Media)
  | ({ kind: "location" } & Place)
  | { kind: "contacts"; cards: ContactCard[] }
  | ({ kind: "interactive" } & Interactive)
  | ({ kind: "interactive_reply" } & InteractiveReply)
  | ({ kind: "order" } & Order)
  | { kind: "pin"; message_id: string; is_pinned: boolean; expiration_days: number }
  | { kind: "edit"; message_id: string; text: string }
  | { kind: "revoke"; message_id: string }
  | CallEnded;

/** A call that is over: of all that is said about a call, the only thing that stays. */
export type CallEnded = { kind: "call"; call_id: string; signal: "ended"; outcome: CallOutcome; seconds: number; is_from_person: boolean };

/** What a person does with a question. The core makes the message of it, and only if the question allows it. */
export type Answer =
  | { do: "button"; index: number; card?: number }
  | { do: "row"; id: string }
  | { do: "form"; response: Record<string, unknown> }
  | { do: "location"; latitude: number; longitude: number; name: string; address: string }
  | { do: "calls"; accepted: boolean; permanent: boolean; now: number }
  | { do: "order"; text: string; items: { retailer_id: string; quantity: number }[] };
