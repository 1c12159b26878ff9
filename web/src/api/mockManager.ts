/**
 * The business's side of the mock: the Cloud API and `/manager/api` of a bakery, from memory. What is made here stays
 * until the page is loaded anew.
 */
import type { Analytics, ApiKey, FlowRow, GroupDetails, Health, JoinRequest, LoggedMessage, MessageLife, MessageState, MessageTemplate, NumberLimits, PhoneNumber, QrCode, Session, TemplateComponent } from "./manager";
import { answerBilling } from "./mockBilling";
import type { Explanation } from "./operator";

import { answerPayments } from "./mockPayments";
import { answerOwnMoney } from "./mockSettings";

const now = (): number => Math.floor(Date.now() / 1000);
const PHONE = "106540352242922";
const ACCOUNT = "102290129340398";
const APP = "670843887433847";
const HOOK = "http://127.0.0.1:8099/webhook";

const SESSION: Session = {
  business_id: "506914307656634",
  name: "Tulip Bakery",
  app: { id: APP, name: "Tulip Bakery" },
  key_id: "a1".repeat(32),
  scopes: ["whatsapp_business_messaging", "whatsapp_business_management"],
  expires_at: null,
  accounts: [{ id: ACCOUNT, name: "Tulip Bakery" }],
  balance: { currency: "EUR", available_micros: 243_180_000, held_micros: 160_000 },
};

const health = (word: string, error?: string, solution?: string): Health => ({
  can_send_message: word,
  entities: [{ entity_type: "PHONE_NUMBER", can_send_message: word, ...(error === undefined ? {} : { errors: [{ error_description: error, possible_solution: solution ?? "" }] }) }],
});

const NUMBERS: PhoneNumber[] = [
  {
    id: PHONE, display_phone_number: "+49 30 901820", verified_name: "Tulip Bakery", quality_rating: "GREEN", status: "CONNECTED", name_status: "APPROVED", code_verification_status: "VERIFIED",
    is_official_business_account: true, throughput: { level: "STANDARD" }, whatsapp_business_manager_messaging_limit: "TIER_UNLIMITED", username: "tulip.bakery",
    webhook_configuration: { application: HOOK }, creation_time: "1790000000", health_status: health("AVAILABLE"),
  },
  {
    id: "106540352242944", display_phone_number: "+49 30 901821", verified_name: "Tulip Garden Café", quality_rating: "YELLOW", status: "UNVERIFIED", name_status: "PENDING_REVIEW", code_verification_status: "NOT_VERIFIED",
    is_official_business_account: false, throughput: { level: "NOT_APPLICABLE" }, whatsapp_business_manager_messaging_limit: "TIER_UNLIMITED", webhook_configuration: {},
    creation_time: "1794000000", health_status: health("BLOCKED", "The number is not verified.", "Ask for a code with POST /{phone}/request_code, and give it to POST /{phone}/verify_code."),
  },
];

const text = (body: string, examples: string[], more: TemplateComponent[] = []): TemplateComponent[] => [{ type: "BODY", text: body, ...(examples.length === 0 ? {} : { example: { body_text: [examples] } }) }, ...more];
const template = (n: number, name: string, status: string, category: string, components: TemplateComponent[], rejected_reason = "NONE", language = "en"): MessageTemplate => ({
  id: `20000000000000${n}`, name, language, status, category, parameter_format: "POSITIONAL", components, rejected_reason,
  quality_score: { score: ["UNKNOWN", "GREEN", "UNKNOWN", "UNKNOWN", "YELLOW"][n % 5] ?? "UNKNOWN" },
});

let templates: MessageTemplate[] = [
  template(1, "order_confirmed", "APPROVED", "UTILITY", [
    { type: "HEADER", format: "TEXT", text: "Tulip Bakery" },
    ...text("Hello {{1}}, your order {{2}} is ready at the counter from {{3}} on.", ["Ana", "T-17", "9:30"], [
      { type: "FOOTER", text: "Baked on the square" },
      { type: "BUTTONS", buttons: [{ type: "QUICK_REPLY", text: "On my way" }, { type: "QUICK_REPLY", text: "Later" }] },
    ]),
  ]),
  template(2, "winter_breads", "PENDING", "MARKETING", [
    { type: "HEADER", format: "IMAGE" },
    ...text("Winter is here, {{1}}: *walnut and fig*, until Sunday two for the price of one.", ["Ana"], [{ type: "BUTTONS", buttons: [{ type: "URL", text: "See all breads", url: "https://example.org/breads" }, { type: "COPY_CODE", example: "LOAF10" }] }]),
  ]),
  template(3, "reject_lottery", "REJECTED", "MARKETING", text("You have won, {{1}}! Write back within the hour.", ["Ana"]), "It promises a prize and presses for an answer. Say what people get, and leave them time."),
  template(4, "login_code", "APPROVED", "AUTHENTICATION", [{ type: "BODY", add_security_recommendation: true }, { type: "BUTTONS", buttons: [{ type: "OTP", text: "Copy code" }] }]),
  template(5, "order_confirmed", "APPROVED", "UTILITY", text("Hallo {{1}}, Ihre Bestellung {{2}} liegt ab {{3}} bereit.", ["Ana", "T-17", "9:30"]), "NONE", "de"),
];

const PEOPLE = [
  { number: "+999000000101", name: "Ana Duarte", user_id: "PT.482193847561029384" },
  { number: "+999000000102", name: "Ben Okafor", user_id: "GB.582193847561029311" },
  { number: "+999000000103", name: "Chiara Rossi", user_id: "IT.682193847561029322" },
  { number: "+999000000104", name: "Dimitri", user_id: "GR.782193847561029333" },
];
const STATES: MessageState[] = ["read", "received", "delivered", "read", "received", "sent", "read", "failed", "delivered", "received"];

function logged(n: number): LoggedMessage {
  const status = STATES[n % STATES.length] ?? "read";
  const incoming = status === "received";
  const isTemplate = !incoming && n % 3 === 0;
  const charged = !incoming && (status === "read" || status === "delivered");
  return {
    message_id: `wamid.${btoa(`message-${String(n).padStart(4, "0")}!`).replaceAll("=", "")}`,
    waba_id: ACCOUNT, phone_number_id: PHONE, direction: incoming ? "in" : "out", kind: isTemplate ? "template" : n % 7 === 4 ? "image" : n % 5 === 2 ? "interactive" : "text",
    template: isTemplate ? { id: "200000000000001", name: "order_confirmed" } : null,
    category: incoming ? null : isTemplate ? "utility" : "service", status, at: now() - 50 - n * 217, person: PEOPLE[(n * 7 + 1) % PEOPLE.length] ?? null,
    charge: charged ? { amount_micros: isTemplate ? 45_600 : 0, currency: "EUR" } : null,
  };
}

const price = (message: LoggedMessage): Explanation => ({
  charge: {
    charge_id: "chg_019a", message_id: "bmg_019a", portfolio_name: "Tulip Bakery", phone_number_id: PHONE, market: "Germany", category: message.category ?? "service",
    pricing_type: message.template ? "regular" : "free_customer_service", unit_micros: 45_600, amount_micros: message.charge?.amount_micros ?? 0, currency: "EUR", delivered_at: message.at + 2,
  },
  why: [
    { step: "Category", value: message.category ?? "service", because: "it was a template of this category when it was sent" },
    { step: "Market", value: "Germany", because: "the number starts with 49" },
    { step: "List price", value: "0.0456 EUR", because: "the version's price of utility in Germany" },
    { step: "Customer-service window", value: "closed", because: "it was not open when the message was sent" },
    { step: "Charged", value: `${(message.charge?.amount_micros ?? 0) / 1e6} EUR`, because: "the list price; the rest of what was held is given back" },
  ],
  price_version: { id: "pvr_019a7d", effective_from: 1_790_812_800, effective_to: null },
  transfers: [
    { transfer_id: "trf_019a01", kind: "hold", debit: "portfolio_prepaid Tulip Bakery", credit: "revenue utility", amount_micros: 45_600, at: message.at },
    { transfer_id: "trf_019a02", kind: "post_hold", debit: "portfolio_prepaid Tulip Bakery", credit: "revenue utility", amount_micros: 45_600, at: message.at + 2 },
  ],
});

function life(id: string): MessageLife {
  const message = Array.from({ length: 80 }, (_, n) => logged(n)).find((each) => each.message_id === id) ?? logged(0);
  const path: MessageState[] = message.status === "received" ? ["received"] : message.status === "failed" ? ["sent", "failed"] : (["sent", "delivered", "read"] as const).slice(0, ["sent", "delivered", "read"].indexOf(message.status) + 1);
  const late = [0, 1_840_000, 67_300_000];
  return {
    ...message,
    steps: path.map((status, n) => ({
      status, at: message.at + Math.floor((late[n] ?? 0) / 1e6), at_micros: message.at * 1_000_000 + (late[n] ?? 0),
      webhooks: [{ delivery_id: `whd_${n}`, state: status === "read" ? "pending" : "delivered", attempts: status === "read" ? 3 : 1, url: HOOK, error: status === "read" ? "the endpoint answered 503 instead of 200" : null }],
    })),
    price: message.charge ? price(message) : null,
  };
}

/** The first number is well; the second one is close to its limits, and people complain. */
function limits(phone: string): NumberLimits {
  const well = phone === PHONE;
  return {
    phone_number_id: phone,
    quality: well
      ? { rating: "GREEN", since: null, delivered: 812, people: 164, readable: 700, read: 611, blocks: { all: 1, last_day: 0 }, reports: { all: 0, last_day: 0 } }
      : { rating: "YELLOW", since: now() - 7_200, delivered: 240, people: 96, readable: 190, read: 88, blocks: { all: 4, last_day: 3 }, reports: { all: 1, last_day: 0 } },
    limits: [
      { name: "messaging_limit", used: well ? 164 : 231, max: well ? 2000 : 250, window_s: 86_400, code: 131064 },
      { name: "throughput", used: 3, max: 80, window_s: 1, code: 130429 },
      { name: "pair_rate", used: null, max: 45, window_s: 270, code: 131056 },
      { name: "marketing_per_person", used: null, max: well ? 5 : null, window_s: well ? 86_400 : null, code: 131049 },
      { name: "template_creations", used: 2, max: 100, window_s: 3600, code: 80007 },
      { name: "templates", used: 5, max: 250, window_s: null, code: 100 },
      { name: "registrations", used: well ? 1 : 10, max: 10, window_s: 259_200, code: 133016 },
      { name: "numbers", used: 2, max: 20, window_s: null, code: 100 },
      { name: "blocked_people", used: 4, max: 64_000, window_s: null, code: 139101 },
      { name: "management_calls", used: 127, max: 5000, window_s: 3600, code: 80007 },
    ],
  };
}

function analytics(since: number, empty: boolean): Analytics {
  const until = now();
  const length = Math.max(1, Math.round((until - since) / 86_400));
  const first = new Date((until - (length - 1) * 86_400) * 1000).setHours(0, 0, 0, 0) / 1000;
  const days = Array.from({ length }, (_, n) => {
    const sent = empty ? 0 : 60 + ((n * 37) % 55) + (n % 7 === 5 ? 70 : 0);
    const failed = empty ? 0 : (n * 5) % 4;
    const delivered = n === length - 1 ? Math.floor((sent - failed) * 0.8) : sent - failed;
    return { day: first + n * 86_400, sent, delivered, read: Math.floor(delivered * (0.62 + ((n * 7) % 5) * 0.04)), failed };
  });
  const cost = (category: string, country: string, messages: number, each: number): Analytics["costs"][number] => ({ category, country, messages, amount_micros: messages * each });
  return {
    since, until, currency: "EUR", days,
    costs: empty ? [] : [
      cost("marketing", "DE", 420, 113_100), cost("marketing", "PT", 96, 50_900), cost("utility", "DE", 610, 45_600), cost("marketing", "BR", 88, 52_000), cost("utility", "GB", 120, 18_200),
      cost("utility", "BR", 140, 5_600), cost("authentication", "DE", 30, 45_600), cost("service", "DE", 900, 0),
    ],
    templates: empty ? [] : [
      { template_id: "200000000000001", name: "order_confirmed", language: "en", sent: 620, delivered: 612, read: 540, failed: 8, clicks: 203, amount_micros: 27_907_200 },
      { template_id: "200000000000002", name: "winter_breads", language: "en", sent: 604, delivered: 590, read: 214, failed: 14, clicks: 31, amount_micros: 56_964_000 },
      { template_id: "200000000000004", name: "login_code", language: "en", sent: 30, delivered: 30, read: 28, failed: 0, clicks: 0, amount_micros: 1_368_000 },
    ],
    before: { sent: empty ? 0 : 2140, delivered: empty ? 0 : 2100, read: empty ? 0 : 1480, failed: empty ? 0 : 40, amount_micros: empty ? 0 : 81_300_000 },
  };
}

let keys: ApiKey[] = [
  { key_id: "b2".repeat(32), name: "Till in the shop", ending: "x9Qk", app_id: APP, scopes: ["whatsapp_business_messaging"], issued_at: now() - 86_400 * 3, expires_at: now() + 86_400 * 87, is_delegated: false, is_own: false },
  { key_id: "c3".repeat(32), name: "Delivery robot", ending: "77fa", app_id: APP, scopes: ["whatsapp_business_messaging"], issued_at: now() - 86_400 * 40, expires_at: now() - 86_400, is_delegated: false, is_own: false },
  { key_id: "a1".repeat(32), name: null, ending: null, app_id: APP, scopes: SESSION.scopes, issued_at: now() - 86_400 * 90, expires_at: null, is_delegated: false, is_own: true },
];

const flows: FlowRow[] = [
  { id: "300000000000001", name: "Table booking", status: "PUBLISHED", categories: ["APPOINTMENT_BOOKING"], validation_errors: [], json_version: "7.1", data_api_version: "3.0", endpoint_uri: "https://example.org/tables" },
  { id: "300000000000002", name: "How was it?", status: "DRAFT", categories: ["SURVEY"], validation_errors: [], json_version: "7.1" },
];
const faults = [{ message: "The screen \"PERSON\" is not reached from any other.", line_start: 14, column_start: 5 }];

const SQUARE = Array.from({ length: 441 }, (_, n) => ((n * 7919 + ((n * n) % 97)) % 5 < 2 ? `<rect x="${n % 21}" y="${Math.floor(n / 21)}" width="1" height="1"/>` : "")).join("");
const PICTURE = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 21 21" shape-rendering="crispEdges"><rect width="21" height="21" fill="#fff"/>${SQUARE}</svg>`)}`;
let codes: QrCode[] = [
  { code: "ANED2T5QRU7HG1", prefilled_message: "Hello! I would like to order bread for tomorrow.", deep_link_url: `${location.origin}/message/ANED2T5QRU7HG1`, qr_image_url: PICTURE },
  { code: "WQ3LRT7PUM2XZ5", prefilled_message: "What is in the walnut loaf?", deep_link_url: `${location.origin}/message/WQ3LRT7PUM2XZ5`, qr_image_url: PICTURE },
];

/** A group with who waits to be let into it. */
type MockGroup = GroupDetails & { link: string; waiting: JoinRequest[] };
const person = (n: number): { wa_id: string; user_id: string } => ({ wa_id: PEOPLE[n]?.number.slice(1) ?? "", user_id: PEOPLE[n]?.user_id ?? "" });
const group = (n: number, subject: string, description: string, people: number[], waiting: number[]): MockGroup => ({
  id: `cGxhemFfZ3JvdXA6Mjk0NzE4M${n}Y2`, subject, description, suspended: n === 3, creation_timestamp: now() - n * 93_600, join_approval_mode: n === 1 ? "approval_required" : "auto_approve",
  participants: people.map(person), link: `${location.origin}/g/Q7x2Lr0bZ8mXw1A${n}`,
  waiting: waiting.map((each, at) => ({ ...person(each), join_request_id: `jrq_019a${each}`, creation_timestamp: now() - 3600 + at * 900 })),
});
let groups: MockGroup[] = [
  group(1, "Bread club", "Fresh on Fridays: we say what comes out of the oven, you say what to put aside.", [0, 1], [2, 3]),
  group(2, "Wedding of Chiara and Dimitri, 12 December", "", [2, 3], []),
  group(3, "Market stall", "", [], []),
];

/** Everything below a group, and the groups of a number. `null`: it is about something else. */
function answerGroups(method: string, [id = "", edge = ""]: string[], body: unknown, empty: boolean): Response | null {
  if (edge === "groups" && method === "POST") {
    groups = [...groups, { ...group(7, member(body, "subject"), member(body, "description"), [], []), join_approval_mode: member(body, "join_approval_mode"), creation_timestamp: now() }];
    return json({ messaging_product: "whatsapp", request_id: "0192" });
  }
  if (edge === "groups") return json({ data: { groups: empty || id !== PHONE ? [] : groups.map((each) => ({ id: each.id, subject: each.subject, created_at: String(each.creation_timestamp) })) } });
  const found = groups.find((each) => each.id === id);
  if (!found) return null;
  if (edge === "invite_link") {
    if (method === "POST") found.link = `${location.origin}/g/anew${found.link.slice(-8)}`;
    return json({ messaging_product: "whatsapp", invite_link: found.link });
  }
  if (edge === "join_requests" && method !== "GET") {
    const ids = (body as { join_requests: string[] }).join_requests;
    if (method === "POST") found.participants = [...found.participants, ...found.waiting.filter((each) => ids.includes(each.join_request_id))];
    found.waiting = found.waiting.filter((each) => !ids.includes(each.join_request_id));
    return json({ messaging_product: "whatsapp", request_id: "0193" });
  }
  return json(edge === "join_requests" ? { data: found.waiting } : found);
}

let override: string | null = null;

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", "x-fb-trace-id": "AZo9fQ7mTk2" } });
}

const refusal = (message: string): Response => json({ error: { message: "(#100) Invalid parameter", type: "OAuthException", code: 100, error_data: { details: message }, fbtrace_id: "AZo9fQ7mTk2" } }, 400);

function member(body: unknown, name: string): string {
  const value = typeof body === "object" && body !== null ? (body as Record<string, unknown>)[name] : undefined;
  return typeof value === "string" ? value : "";
}

/** `/manager/api/…` without the deliveries, which are the operator's too. */
export function answerManager(method: string, path: string, query: URLSearchParams, body: unknown, empty: boolean): Response {
  if (path === "session") return json(SESSION);
  if (path === "billing") return answerBilling(method, path, body, empty, "business");
  const money = path.startsWith("billing/") ? answerOwnMoney(method, path.slice("billing/".length), query, body, empty) : null;
  if (money) return money;
  if (path.startsWith("billing/")) return answerBilling(method, path.slice("billing/".length), body, empty, "business");
  if (path === "messages") {
    const wanted = (row: LoggedMessage): boolean =>
      (query.get("direction") ?? row.direction) === row.direction && (query.get("status") ?? row.status) === row.status && (query.get("category") ?? row.category) === row.category && (query.get("person") ?? row.person?.number) === row.person?.number;
    const rows = Array.from({ length: 80 }, (_, n) => logged(n)).filter(wanted);
    const start = Number(query.get("after") ?? 0);
    const end = start + Number(query.get("limit") ?? 50);
    return json({ data: empty ? [] : rows.slice(start, end), next: end < rows.length && !empty ? String(end) : null });
  }
  if (path.startsWith("numbers/")) return json(limits(path.split("/")[1] ?? ""));
  if (path === "analytics") return json(analytics(Number(query.get("since")), empty));
  if (path.startsWith("messages/")) return json(life(decodeURIComponent(path.slice("messages/".length))));
  const paid = answerPayments(method, path, body, empty);
  if (paid) return paid;
  if (path === "keys" && method === "POST") {
    const key_id = "d4".repeat(32);
    keys = [{ key_id, name: member(body, "name"), ending: "Zz01", app_id: APP, scopes: (body as { scopes: string[] }).scopes, issued_at: now(), expires_at: null, is_delegated: false, is_own: false }, ...keys];
    return json({ key_id, access_token: "PLZ-this-is-shown-once-Zz01" }, 201);
  }
  if (path === "keys") return json({ data: empty ? [] : keys });
  keys = keys.filter((key) => !path.endsWith(key.key_id));
  return json({ ok: true });
}

/** The Cloud API. */
export async function answerGraph(method: string, path: string, query: URLSearchParams, body: unknown, empty: boolean): Promise<Response> {
  const [id = "", edge = "", word = ""] = path.split("/");
  const data = <Row>(rows: readonly Row[]): Response => json({ data: empty ? [] : rows, paging: { cursors: { before: "", after: "" } } });
  if (edge === "phone_numbers") return data(NUMBERS);
  const ofGroups = answerGroups(method, [id, edge], body, empty);
  if (ofGroups) return ofGroups;
  if (edge === "message_templates") {
    if (method === "POST") {
      const made = template(9, member(body, "name"), "APPROVED", member(body, "category"), (body as MessageTemplate).components, "NONE", member(body, "language"));
      if (templates.some((each) => each.name === made.name && each.language === made.language)) return refusal("name: there is a template of this name in this language");
      templates = [made, ...templates];
      return json({ id: made.id, status: made.status, category: made.category });
    }
    if (method === "DELETE") {
      templates = templates.filter((each) => each.id !== query.get("hsm_id"));
      return json({ success: true });
    }
    const find = (query.get("name_or_content") ?? "").toLowerCase();
    return data(templates.filter((each) => (query.get("status") ?? each.status) === each.status && JSON.stringify([each.name, each.components]).toLowerCase().includes(find)));
  }
  const found = templates.find((each) => each.id === id);
  if (found && method === "POST") {
    templates = templates.map((each) => (each === found ? { ...each, ...(body as object), status: "APPROVED" } : each));
    return json({ success: true });
  }
  if (found) return json(found);
  if (edge === "flows") return method === "POST" ? json({ id: "300000000000002", success: true, validation_errors: [] }) : data(flows);
  const flow = flows.find((each) => each.id === id);
  if (flow && edge === "assets") return method === "POST" ? json({ success: true, validation_errors: member(body, "file").includes("WRONG") ? faults : [] }) : json({ data: [{ name: "flow.json", asset_type: "FLOW_JSON", download_url: `/v1/flow-assets/${id}/mock` }] });
  if (flow && edge !== "") {
    flow.status = edge === "publish" ? "PUBLISHED" : "DEPRECATED";
    return json({ success: true });
  }
  if (flow) return json(flow);
  if (edge === "message_qrdls") {
    if (method === "POST") {
      const made = { code: `NEW${codes.length}T5QRU7HG1`, prefilled_message: member(body, "prefilled_message"), deep_link_url: `${location.origin}/message/NEW`, qr_image_url: PICTURE };
      codes = [made, ...codes];
      return json(made);
    }
    if (method === "DELETE") codes = codes.filter((each) => each.code !== word);
    return data(codes);
  }
  if (edge === "subscriptions") return data([{ object: "whatsapp_business_account", callback_url: HOOK, active: true, fields: ["messages", "message_template_status_update"].map((name) => ({ name, version: "v23.0" })) }]);
  if (edge === "subscribed_apps") {
    if (method === "POST") override = member(body, "override_callback_uri") || null;
    return data([{ whatsapp_business_api_data: { id: APP, name: "Tulip Bakery" }, ...(override === null ? {} : { override_callback_uri: override }) }]);
  }
  if (edge === "messages") return json({ messaging_product: "whatsapp", contacts: [{ input: member(body, "to"), wa_id: member(body, "to").replace("+", "") }], messages: [{ id: "wamid.QZqJ0hd1cH2Lr0bZ8mXw1A" }] });
  return json({ data: [] });
}

/** The document behind a flow's address. */
export async function answerFlow(): Promise<Response> {
  const { FEEDBACK_FORM } = await import("@/core/mockFlow");
  return json(FEEDBACK_FORM);
}
