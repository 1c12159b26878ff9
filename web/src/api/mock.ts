/**
 * The server's answers from memory, for development and for pictures. `?mock=` chooses a state: `empty`, `error`,
 * `slow`, `plain` (not a demo, not a sandbox). It is not part of a production build.
 */
import { answerOperatorPayments } from "./mockPayments";
import type { WebhookDelivery } from "./deliveries";
import type { Customer, Earnings, Traffic, Unpaid, WholeBusiness } from "./earnings";
import type { Charge, Explanation, OneTimeCode, Template } from "./operator";

const HOUR = 3600;
const now = (): number => Math.floor(Date.now() / 1000);

const PRICES: Record<string, Record<string, number>> = {
  Germany: { marketing: 136_500, utility: 55_000, authentication: 55_000, service: 0 },
  "United Kingdom": { marketing: 52_900, utility: 22_000, authentication: 22_000, service: 0 },
  Italy: { marketing: 69_100, utility: 30_000, authentication: 30_000, service: 0 },
  Brazil: { marketing: 62_500, utility: 6800, authentication: 6800, service: 0 },
  India: { marketing: 11_800, utility: 1400, authentication: 1400, service: 0 },
  Spain: { marketing: 61_500, utility: 20_000, authentication: 20_000, service: 0 },
};
const PREFIXES: Record<string, string> = { Germany: "49", "United Kingdom": "44", Italy: "39", Brazil: "55", India: "91", Spain: "34" };
const MARKETS = Object.keys(PRICES);
const SHARES = [0.35, 0.9, 0.25, 0.6];
const UNITS = [71_000, 24_500, 23_000, 0];
const CATEGORIES = ["marketing", "utility", "authentication", "service"];

/** Numbers that look like chance and are the same at every start. */
function chance(seed: number): number {
  const value = Math.sin(seed * 127.1) * 43_758.5453;
  return value - Math.floor(value);
}

function pick<T>(list: readonly T[], seed: number): T {
  return list[Math.floor(chance(seed) * list.length)] as T;
}

function id(prefix: string, seed: number): string {
  const hex = Array.from({ length: 32 }, (_, n) => Math.floor(chance(seed * 31 + n) * 16).toString(16)).join("");
  return `${prefix}_${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function charge(n: number): Charge {
  const market = pick(MARKETS, n + 1);
  const category = pick(["utility", "utility", "marketing", "authentication", "service"], n + 2);
  const unit = PRICES[market]?.[category] ?? 0;
  return {
    charge_id: id("chg", n), message_id: id("msg", n + 500), portfolio_name: pick(["Tulip Bakery", "City Library", "Arcade Cinema"], n + 3),
    phone_number_id: "106540352242922", market, category, pricing_type: unit === 0 ? "free_customer_service" : "regular",
    unit_micros: unit, amount_micros: unit, currency: "USD", delivered_at: now() - Math.floor(n * 97 + chance(n) * 60),
  };
}

const NOTHING: Traffic = { messages: 0, list_micros: 0, amount_micros: 0 };
const CUSTOMERS = ["Tulip Bakery", "City Library", "Arcade Cinema", "North Clinic", "Harbour Ferries", "Linden Pharmacy", "Bright Energy", "Corner Books"];

/** How it goes: up from week to week, less at the weekend, in both currencies. */
function earnings(currency: string, empty: boolean): Earnings {
  const today = Math.floor(now() / (24 * HOUR)) * 24 * HOUR;
  const days = Array.from({ length: 90 }, (_, n) => {
    const at = today - (89 - n) * 24 * HOUR;
    const weekday = new Date(at * 1000).getUTCDay();
    const messages = empty ? 0 : Math.floor((9000 + n * 120) * (weekday === 0 || weekday === 6 ? 0.55 : 1) * (0.85 + chance(n) * 0.3));
    const free = Math.floor(messages * 0.38);
    return { at, paid: { messages, list_micros: messages * 41_000, amount_micros: messages * 41_000 }, free: { messages: free, list_micros: free * 24_000, amount_micros: 0 } };
  });
  const paid = (from: number, to: number): number => days.slice(from, to).reduce((sum, each) => sum + each.paid.amount_micros, 0);
  const [last, before] = [paid(59, 89), paid(29, 59)];
  const month = paid(90 - new Date().getUTCDate(), 90);
  const list: Customer[] = (empty ? [] : CUSTOMERS).map((name, n) => {
    const amount_micros = Math.floor((last / 2.2 / (n + 1.6)) * (0.7 + chance(n + 5) * 0.5));
    return { portfolio_id: String(2000 + n), name, amount_micros, before_micros: n === 6 ? 0 : Math.floor(amount_micros * (0.6 + chance(n + 40))), today_micros: Math.floor(amount_micros / 41), messages: Math.floor(amount_micros / 41_000) };
  });
  const cohorts = Array.from({ length: empty ? 0 : 6 }, (_, n) => {
    const at = (k: number): number => {
      const date = new Date(new Date().getUTCFullYear(), new Date().getUTCMonth() - 5 + k, 1);
      return date.getFullYear() * 100 + date.getMonth() + 1;
    };
    const begun = 3 + Math.floor(chance(n + 70) * 5);
    return { month: at(n), months: Array.from({ length: 6 - n }, (__, k) => ({ month: at(n + k), customers: Math.max(1, begun - Math.floor(k * chance(n + 90))), amount_micros: Math.floor(1_400_000_000 * begun * (0.5 + k * 0.2)) })) };
  });
  const change = (each: Customer): number => each.amount_micros - each.before_micros;
  const span = days.slice(59, 89);
  const free = span.reduce((sum, each) => ({ messages: sum.messages + each.free.messages, list_micros: sum.list_micros + each.free.list_micros, amount_micros: 0 }), NOTHING);
  return {
    currency, currencies: empty ? [] : ["EUR", "USD"], span_days: 30, last_micros: last, before_micros: before, run_rate_micros: Math.floor((last * 365) / 30),
    month_micros: month, forecast_micros: Math.floor(month * 1.6), forecast_low_micros: Math.floor(month * 1.45), forecast_high_micros: Math.floor(month * 1.78), days,
    pricing_types: empty ? [] : [
      { pricing_type: "regular", messages: span.reduce((sum, each) => sum + each.paid.messages, 0), list_micros: last, amount_micros: last },
      { pricing_type: "free_customer_service", ...free },
      { pricing_type: "free_entry_point", messages: Math.floor(free.messages / 9), list_micros: Math.floor(free.list_micros / 7), amount_micros: 0 },
    ],
    customers: { count: list.length, top: list, growing: list.filter((each) => change(each) > 0).sort((a, b) => change(b) - change(a)), shrinking: list.filter((each) => change(each) < 0).sort((a, b) => change(a) - change(b)) },
    cohorts,
    plans: list.length === 0 ? [] : [
      { plan: null, name: null, customers: 4, usage_micros: Math.floor(last * 0.46), monthly_micros: 0 },
      { plan: "pro", name: "Pro", customers: 3, usage_micros: Math.floor(last * 0.41), monthly_micros: 147_000_000 },
      { plan: "start", name: "Start", customers: 1, usage_micros: Math.floor(last * 0.13), monthly_micros: 19_000_000 },
    ],
    near_tiers: list.slice(0, 3).map((each, n) => ({ portfolio_id: each.portfolio_id, name: each.name, market: pick(MARKETS, n + 9), category: n === 1 ? "authentication" : "utility", volume: 94_200 - n * 15_400, tier_from: 100_000, now_micros: 20_000, then_micros: 19_000 })),
  };
}

/** Open invoices of every age. */
function unpaid(currency: string, empty: boolean): Unpaid {
  const amounts = [8_412_350_000, 2_130_000_000, 640_500_000, 0, 318_900_000];
  const LATE = ["current", "1-30", "31-60", "61-90", "over-90"] as const;
  return {
    currency, currencies: empty ? [] : ["EUR", "USD"],
    ageing: LATE.map((late, n) => ({ late, invoices: empty || amounts[n] === 0 ? 0 : 9 - n * 2, amount_micros: empty ? 0 : (amounts[n] ?? 0) })),
    debtors: empty ? [] : CUSTOMERS.slice(0, 6).map((name, n) => ({ portfolio_id: String(2000 + n), name, invoices: n === 2 ? 2 : 1, due_at: now() - ([-9, 101, 47, 21, 12, 3][n] ?? 0) * 24 * HOUR, amount_micros: 4_120_000_000 - n * 610_000_000 })),
  };
}

/** A business with its days: the same shape as that of all. */
function wholeBusiness(businessId: string, empty: boolean): WholeBusiness {
  const today = Math.floor(now() / (24 * HOUR)) * 24 * HOUR;
  const days = Array.from({ length: 90 }, (_, n) => today - (89 - n) * 24 * HOUR).flatMap((at, n) =>
    CATEGORIES.map((category, c) => {
      const messages = Math.floor((220 + n * 2) * (SHARES[c] ?? 0) * (0.7 + chance(n * 5 + c) * 0.6));
      return { at, category, pricing_type: UNITS[c] === 0 ? "free_customer_service" : "regular", messages, list_micros: messages * (UNITS[c] || 24_000), amount_micros: messages * (UNITS[c] ?? 0) };
    }),
  );
  const number = BUSINESSES[0];
  return {
    business_id: businessId, name: CUSTOMERS[Number(businessId) - 2000] ?? "Tulip Bakery", country: "DE", time_zone: "Europe/Berlin", created_at: now() - 400 * 24 * HOUR, shows_badge: true, subscription: null,
    numbers: number ? [{ phone_number_id: number.phone_number_id, display_phone_number: number.display_phone_number, name: number.name, quality: number.quality }] : [],
    price_book_id: "list-EUR", days: empty ? [] : days,
  };
}

function explanation(chargeId: string): Explanation {
  const row = Array.from({ length: 120 }, (_, n) => charge(n)).find((each) => each.charge_id === chargeId) ?? charge(3);
  return {
    charge: row,
    why: [
      { step: "Market", value: row.market, because: `the number starts with ${PREFIXES[row.market] ?? "49"}` },
      { step: "Category", value: row.category, because: `the template was approved as ${row.category.toUpperCase()} when it was sent` },
      { step: "Window", value: "closed", because: "the person's last message is 31 hours old" },
      { step: "Free allowance", value: "not used", because: "it covers service messages only" },
      { step: "Price version", value: "2026-10-01", because: "in force when the message was delivered" },
      { step: "Unit price", value: `USD ${row.unit_micros / 1e6} per delivered message`, because: `rate of ${row.market}, ${row.category}, first tier` },
      { step: "Amount", value: `USD ${row.amount_micros / 1e6}`, because: "one delivered message" },
    ],
    price_version: { id: id("prv", 1), effective_from: 1_790_812_800, effective_to: null },
    transfers: [
      { transfer_id: id("trf", 1), kind: "hold", debit: `portfolio_prepaid ${row.portfolio_name}`, credit: `revenue ${row.category}`, amount_micros: row.unit_micros, at: row.delivered_at - 2 },
      { transfer_id: id("trf", 2), kind: "post_hold", debit: `portfolio_prepaid ${row.portfolio_name}`, credit: `revenue ${row.category}`, amount_micros: row.amount_micros, at: row.delivered_at },
    ],
  };
}

function delivery(n: number): WebhookDelivery {
  const state = n === 2 || n === 9 ? "pending" : n === 13 ? "dead" : "delivered";
  return {
    delivery_id: id("whd", n), waba_id: "102290129340398", field: n % 5 === 4 ? "message_template_status_update" : "messages",
    url: "http://127.0.0.1:8099/webhook", state, attempts: state === "delivered" ? 1 : state === "pending" ? 3 : 41,
    next_attempt_at: state === "pending" ? now() + 95 : null, last_status: state === "delivered" ? 200 : state === "pending" ? 503 : null,
    last_error: state === "delivered" ? null : state === "pending" ? "the endpoint answered 503" : "connection refused", created_at: now() - n * 43,
    body: {
      object: "whatsapp_business_account",
      entry: [{ id: "102290129340398", changes: [{ field: "messages", value: { messaging_product: "whatsapp", metadata: { display_phone_number: "4930901820", phone_number_id: "106540352242922" }, statuses: [{ id: `wamid.HBg${n}`, status: "delivered", timestamp: String(now() - n * 43), recipient_id: "999000000101", pricing: { billable: true, pricing_model: "PMP", category: "utility", type: "regular" } }] } }] }],
    },
  };
}

let templates: Template[] = [
  { template_id: id("tpl", 1), waba_id: "102290129340398", name: "order_ready", language: "en", category: "UTILITY", status: "PENDING", body: "Hello {{1}}, your order {{2}} will be ready at {{3}}." },
  { template_id: id("tpl", 2), waba_id: "102290129340398", name: "spring_offer", language: "de", category: "MARKETING", status: "PENDING", body: "Frühling auf dem Platz: bis Sonntag zwei Brote zum Preis von einem. Kommen Sie vorbei!" },
  { template_id: id("tpl", 3), waba_id: "102290129340398", name: "login_code", language: "en", category: "AUTHENTICATION", status: "APPROVED", body: "{{1}} is your code." },
];

function codes(): OneTimeCode[] {
  return [
    { number: "+4915112345678", code: "482913", purpose: "registration", created_at: now() - 40, expires_at: now() + 560 },
    { number: "+447700900123", code: "105577", purpose: "registration", created_at: now() - 700, expires_at: now() - 100 },
  ];
}

const WORLD = {
  people: [
    { name: "Ben Okafor", number: "+999000000102", about: "Waits at the corner with the arcade, next to the flower stall" },
    { name: "Chiara Rossi", number: "+999000000103", about: "Plays the viola, answers between rehearsals" },
    { name: "Dimitri", number: "+999000000104", about: "Repairs clocks, and everything else that ticks" },
  ],
  businesses: [{ name: "Tulip Bakery", number: "+4930901820", about: "Bread from seven. Ask for the walnut loaf" }],
};

const BUSINESSES = [
  { business_id: "506914307656634", waba_id: "102290129340398", phone_number_id: "106540352242922", display_phone_number: "+49 30 901820", name: "Tulip Bakery", quality: "GREEN" },
  { business_id: "506914307656634", waba_id: "102290129340398", phone_number_id: "106540352242944", display_phone_number: "+49 30 901821", name: "Tulip Garden Café", quality: "YELLOW" },
  { business_id: "506914307656701", waba_id: "102290129340412", phone_number_id: "106540352243011", display_phone_number: "+44 20 7946 0018", name: "Fern & Folk", quality: "GREEN" },
];

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": status < 400 ? "application/json" : "application/problem+json" } });
}

function page<Row>(rows: Row[], query: URLSearchParams, empty: boolean): Response {
  const start = Number(query.get("after") ?? 0);
  const end = start + Number(query.get("limit") ?? 50);
  return json(empty ? { data: [], next: null } : { data: rows.slice(start, end), next: end < rows.length ? String(end) : null });
}

function decide(path: string, status: Template["status"]): Response {
  templates = templates.map((each) => (path.includes(each.template_id) ? { ...each, status } : each));
  return json({ ok: true });
}

/** A delivery with the calls that were made for it, the latest first. */
function tries(id: string): Response {
  const row = Array.from({ length: 60 }, (_, n) => delivery(n)).find((each) => each.delivery_id === id) ?? delivery(2);
  const made = Array.from({ length: Math.min(row.attempts, 4) }, (_, n) => ({
    attempt: row.attempts - n, at: row.created_at + (row.attempts - n) * 30, duration_ms: 24 + n * 11, status: row.last_status, error: row.last_error,
    answer: row.last_status === 503 ? "upstream is restarting" : null,
  }));
  return json({ ...row, tries: made });
}

async function answer(method: string, path: string, query: URLSearchParams, body: unknown, state: string): Promise<Response> {
  const empty = state === "empty";
  if (path === "/demo/api/world") return state === "plain" ? json({ title: "no demo" }, 404) : json(WORLD);
  if (path === "/_sandbox/session") return state === "plain" ? json({ title: "no sandbox" }, 404) : json({ operator_token: "mock" });
  if (path === "/_sandbox/business") return state === "plain" ? json({ title: "no sandbox" }, 404) : json({ name: "Tulip Bakery", access_token: "mock" });
  if (state === "error" && path !== "/operator/api/overview" && path !== "/manager/api/session") {
    return json({ title: "Storage is busy", detail: "The database did not answer in time. Try again.", code: "storage", instance: "req_01j9x3k2" }, 503);
  }
  if (path === "/operator/api/overview") return json({ accounts: 1284, businesses: 37, messages_today: 18_204, connected: 412 });
  if (path === "/operator/api/revenue") return json((await import("./mockRevenue")).revenue(query, empty));
  if (path === "/operator/api/earnings") return json(earnings(query.get("currency") ?? "USD", empty));
  if (path === "/operator/api/unpaid") return json(unpaid(query.get("currency") ?? "EUR", empty));
  const one = /^\/operator\/api\/businesses\/([^/]+)$/.exec(path);
  if (one) return json(wholeBusiness(one[1] ?? "", empty));
  const priced = /^\/operator\/api\/(price-.*)$/.exec(path);
  if (priced) {
    const answered = (await import("./mockPriceBooks")).answerPriceBooks(method, priced[1] ?? "", query, body, empty);
    if (answered) return answered;
  }
  if (path === "/operator/api/charges") return page(Array.from({ length: 120 }, (_, n) => charge(n)), query, empty);
  if (path.startsWith("/operator/api/charges/")) return json(explanation(decodeURIComponent(path.split("/").at(-1) ?? "")));
  if (/^\/(operator|manager)\/api\/webhook-deliveries$/.test(path)) {
    const wanted = (row: WebhookDelivery): boolean => (query.get("state") ?? row.state) === row.state;
    return page(Array.from({ length: 60 }, (_, n) => delivery(n)).filter(wanted), query, empty);
  }
  const billing = /^\/(operator|manager)\/api\/(?:billing\/)?invoices(.*)$/.exec(path);
  if (billing) return (await import("./mockInvoices")).answerInvoices(method, billing[2] ?? "", query, body, billing[1] === "manager", empty);
  if (path.endsWith("/resend")) return json({ ok: true });
  if (path.includes("/webhook-deliveries/")) return tries(decodeURIComponent(path.split("/").at(-1) ?? ""));
  const setting = /^\/operator\/api\/(.*)$/.exec(path);
  if (setting) {
    const { answerSettings } = await import("./mockSettings");
    const answered = answerSettings(method, setting[1] ?? "", body, empty);
    if (answered) return answered;
  }
  const stickers = /^\/operator\/api\/(sticker-packs.*)$/.exec(path);
  if (stickers) {
    const answered = await (await import("./mockStickers")).answerStickers(method, stickers[1] ?? "");
    if (answered) return answered;
  }
  const reviewed = /^\/operator\/api\/(.*)$/.exec(path);
  if (reviewed) {
    const { answerReviews } = await import("./mockPlans");
    const answered = answerReviews(reviewed[1] ?? "", query, body, empty);
    if (answered) return answered;
  }
  const owned = /^\/manager\/api\/((?:plan|verification).*)$/.exec(path);
  if (owned) {
    const { answerOwn } = await import("./mockPlans");
    const answered = answerOwn(method, owned[1] ?? "", query, body, empty);
    if (answered) return answered;
  }
  const business = /^\/(?:manager\/api|v\d+\.\d+)\/(.*)$/.exec(path);
  if (business) {
    const { answerGraph, answerManager } = await import("./mockManager");
    const given: [string, string, URLSearchParams, unknown, boolean] = [method, business[1] ?? "", query, body, empty];
    return path.startsWith("/manager/") ? answerManager(...given) : answerGraph(...given);
  }
  if (path.startsWith("/v1/flow-assets/")) return (await import("./mockManager")).answerFlow();
  const paid = answerOperatorPayments(method, path, body, empty);
  if (paid) return paid;
  if (path === "/operator/api/businesses") return json({ data: empty || query.has("after") ? [] : BUSINESSES });
  const ofBusiness = /^\/operator\/api\/businesses\/[^/]+\/(.+)$/.exec(path);
  if (ofBusiness) return (await import("./mockBilling")).answerBilling(method, ofBusiness[1] ?? "", body, empty, "operator");
  if (path === "/operator/api/outbox") return json({ data: empty ? [] : codes() });
  if (path === "/operator/api/templates") return json({ data: empty ? [] : templates.filter((each) => each.status === query.get("status")) });
  if (path.endsWith("/approve")) return decide(path, "APPROVED");
  if (path.endsWith("/reject")) return decide(path, "REJECTED");
  return json({ title: "Not found", code: "not_found" }, 404);
}

/** Answers like `fetch`. */
export async function mockFetch(path: string, init: RequestInit): Promise<Response> {
  const address = new URL(path, location.origin);
  const state = new URLSearchParams(location.search).get("mock") ?? sessionStorage.getItem("plaza.mock") ?? "full";
  await new Promise((resolve) => {
    setTimeout(resolve, state === "slow" ? 60_000 : 60);
  });
  init.signal?.throwIfAborted();
  const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : init.body instanceof File ? init.body : undefined;
  return answer(init.method ?? "GET", address.pathname, address.searchParams, body, state);
}
