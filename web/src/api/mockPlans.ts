/** Plans and verification in the mock, for both consoles. What is done stays until the page is loaded anew. */
import type { OperatorPurchase } from "./purchases";
import type { AuditPage, AuditRow } from "./audit";
import type { Document, OwnPlan, Plan, Quote, Review, Step, Subscriber, Subscription, Term, Verification, VerificationStatus } from "./plans";

const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
const refusal = (detail: string, status = 400): Response => json({ title: "Refused", detail, code: "invalid", status }, status);
const now = (): number => Math.floor(Date.now() / 1000);
const EUROS = 1_000_000;

const plan = (key: string, name: string, summary: string, month: number, entitlements: Plan["entitlements"], audience: Plan["audience"] = "business"): Plan => ({
  key, audience, name, summary, trial_days: audience === "business" ? 14 : 0, grace_days: 7, is_offered: true, entitlements, packs: [],
  prices: ["EUR", "USD"].flatMap((currency) => [
    { term: "month" as const, currency, amount_micros: month * EUROS },
    { term: "year" as const, currency, amount_micros: month * 10 * EUROS },
  ]),
});
const PLANS: Plan[] = [
  plan("verified", "Verified", "The badge beside your name, a page of your own, and room for a small team.", 13, { agents: 150, badge: true, landing_page: true }),
  plan("verified-plus", "Verified Plus", "For several shops: more agents, tills and terminals, and more calls of the API.", 40, { agents: 300, api_keys: 300, badge: true, landing_page: true, management_calls_per_hour: 20_000 }),
  plan("verified-max", "Verified Max", "For large teams: the most agents, tills and terminals, and the most calls of the API.", 128, { agents: 1000, api_keys: 1000, badge: true, landing_page: true, management_calls_per_hour: 100_000 }),
];
const PEOPLE = plan("plus", "Plaza Plus", "Accent colours, more pinned conversations and all sticker packs.", 2, { accent_themes: true, pinned_conversations: 20, sticker_packs: true }, "person");

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const paper = (n: number, kind: Document["kind"], name: string, media_type: string): Document => ({ document_id: `0000000${n}-0000-4000-8000-000000000000`, kind, name, media_type, bytes: 412_000 * n, added_at: now() - 7200 });

let subscription: Subscription | null = {
  subscription_id: "sub_1", business_id: "506914307656634", plan: "verified", term: "month", currency: "EUR", price_micros: 13 * EUROS, status: "active", is_live: true,
  from: "2026-11-11", to: "2026-12-11", trial_days: 14, grace_until: null, paused_days: null, cancel_at_end: false, created_at: now() - 31 * 86_400, ended_at: null,
};
const step = (kind: string, actor: string, details: string, ago: number): Step => ({ kind, actor, details, at: now() - ago });

let own: Verification = {
  business_id: "506914307656634", status: "more_wanted", legal_name: "Tulip Bakery GmbH", registration_number: "HRB 1234 B, Berlin", address: "Gartenweg 1, 10115 Berlin, Germany", website: "https://tulip.example",
  submitted_at: now() - 86_400, decided_at: now() - 3600, reason: "", words: "The extract is from 2019. Please send one of this year.", documents: [paper(1, "registration", "Extract 2019.pdf", "application/pdf")],
  missing: [], shows_badge: false, steps: [step("more_wanted", "operator", "The extract is from 2019. Please send one of this year.", 3600), step("submitted", "app:1", "Tulip Bakery GmbH", 86_400), step("document_added", "app:1", "registration: Extract 2019.pdf", 86_500)],
};

const review = (business_id: string, name: string, status: VerificationStatus, reports: number): Review => ({
  business_id, name, status, legal_name: status === "draft" ? "" : `${name} GmbH`, registration_number: status === "draft" ? "" : "HRB 77 120, Hamburg", address: status === "draft" ? "" : "Hafenstraße 9, 20459 Hamburg", website: "", country: "DE",
  submitted_at: status === "draft" ? null : now() - 5400, decided_at: null, reason: "", words: "", documents: status === "draft" ? [] : [paper(2, "registration", "Handelsregister.png", "image/png"), paper(3, "tax", "Steuerbescheid.png", "image/png")],
  missing: [], shows_badge: status === "approved", steps: status === "draft" ? [step("reported", "person", name, 1800)] : [step("submitted", "app:1", `${name} GmbH`, 5400)], reports, approved_by: status === "seconded" ? "Ada" : null,
  subscription: null, four_eyes: status === "seconded", reviewer: "operator",
  reasons: [{ reason: "UNREADABLE", what: "A document cannot be read." }, { reason: "NAME_MISMATCH", what: "The name in the documents is not the name of the business." }, { reason: "OTHER", what: "Another reason, which is given in words." }],
});
let reviews: Review[] = [review("11", "Harbour Coffee", "pending", 0), review("12", "Nordlicht Optik", "seconded", 0), review("13", "Tullip Bakery", "draft", 3), review("14", "Rose & Thorn", "approved", 0)];

function quote(key: string, term: Term): Quote {
  const price = PLANS.find((each) => each.key === key)?.prices.find((each) => each.term === term && each.currency === "EUR")?.amount_micros ?? 0;
  const days = term === "month" ? 13 : 365;
  const charge = term === "month" ? Math.round((price * 13) / 30) : price;
  const credit = 5_633_333;
  return { currency: "EUR", price_micros: price, credit_micros: credit, charge_micros: charge, due_micros: charge - credit, days, days_of_term: term === "month" ? 30 : 365, next_payment: term === "month" ? "2026-12-11" : "2027-11-28", is_trial: false };
}

/** `/manager/api/plan…` and `/manager/api/verification…`; `null`: another address. */
export function answerOwn(method: string, path: string, query: URLSearchParams, body: unknown, empty: boolean): Response | null {
  const given = (body ?? {}) as { plan?: string; term?: Term; when?: string } & Partial<Verification>;
  if (path === "plan" && method === "GET") {
    const steps = [step("renewed", "system", "paid until 2026-12-11", 17 * 86_400), step("started", "app:1", "verified by the month, with a trial", 31 * 86_400)];
    const answer: OwnPlan = { plans: PLANS, subscription: empty ? null : subscription, had_trial: !empty, balance: { currency: "EUR", available_micros: 243_180_000 }, steps: empty ? [] : steps, pages: empty ? [] : [{ name: "Tulip Bakery", path: "/b/tulip.bakery" }] };
    return json(answer);
  }
  if (path === "plan/quote") return json(quote(query.get("plan") ?? "", (query.get("term") ?? "month") as Term));
  if (path.startsWith("plan") && subscription) {
    const next = path.split("/")[1] ?? "start";
    if (next === "change" && given.plan === "verified-max" && given.term === "year") return refusal("the balance does not cover it: 1274.366667 EUR are needed, 243.18 EUR are there; top it up first", 402);
    if (next === "change" || next === "start") subscription = { ...subscription, plan: given.plan ?? "", term: given.term ?? "month", price_micros: quote(given.plan ?? "", given.term ?? "month").price_micros };
    if (next === "cancel") subscription = given.when === "now" ? { ...subscription, status: "canceled", is_live: false } : { ...subscription, cancel_at_end: true };
    if (next === "keep") subscription = { ...subscription, cancel_at_end: false };
    if (next === "pause") subscription = { ...subscription, status: "paused", paused_days: 13 };
    if (next === "resume") subscription = { ...subscription, status: "active", paused_days: null };
    return json(subscription);
  }
  if (path === "verification" && method === "GET" && empty) return json({ ...own, status: "draft", legal_name: "", registration_number: "", address: "", website: "", words: "", documents: [], missing: ["legal_name", "registration_number", "address", "document:registration"], steps: [] });
  if (path === "verification") {
    if (method === "PUT") own = { ...own, ...given };
    return json(own);
  }
  if (path === "verification/submit") {
    own = { ...own, status: "pending", words: "", steps: [step("submitted", "app:1", own.legal_name, 0), ...own.steps] };
    return json(own);
  }
  if (path.startsWith("verification/documents")) {
    if (method === "DELETE") own = { ...own, documents: own.documents.filter((each) => !path.endsWith(each.document_id)) };
    else own = { ...own, documents: [...own.documents, paper(own.documents.length + 1, (query.get("kind") ?? "other") as Document["kind"], query.get("name") ?? "", "application/pdf")] };
    return json(own.documents.at(-1) ?? {});
  }
  return null;
}

const bought = (n: number, term: OperatorPurchase["term"], state: OperatorPurchase["state"], amount: number): OperatorPurchase => ({
  purchase_id: `pur_0${n}`, store: n === 2 ? "apple" : "sandbox", plan: term === "once" ? "themes" : "plus", term, state, expires_at: term === "once" ? null : now() + n * 86_400, renews: state === "active" && term !== "once",
  is_trial: n === 3, is_family_shared: false, created_at: now() - n * 7200, can_refund: state === "active" && n !== 2,
  payments: n === 3 ? [] : [{ transaction: `t-${n}`, plan: term === "once" ? "themes" : "plus", currency: "EUR", amount_micros: amount, commission_micros: Math.round(amount * 0.15), refunded_micros: state === "revoked" ? amount : 0, at: now() - n * 7200, transfer_id: `trf_0${n}` }],
});
const BOUGHT: OperatorPurchase[] = [bought(1, "once", "active", 3_500_000), bought(2, "month", "active", 2 * EUROS), bought(3, "year", "active", 0), bought(4, "month", "grace", 2 * EUROS), bought(5, "once", "revoked", 3_500_000)];

const did = (n: number, actor: string, kind: string, subject: string, details: Record<string, unknown>, business?: string): AuditRow => ({ id: `log ${n}`, at: now() - n * 1800, actor, kind, subject, business_id: business === undefined ? null : "506914307656634", name: business ?? null, details, is_verification: false });
const ACTS: AuditRow[] = [
  did(1, "operator:Ada", "credit_line", "506914307656634", { limit_micros: 500 * EUROS, before_micros: 0, currency: "EUR" }, "Tulip Bakery"),
  did(2, "operator:operator", "refund", "pay_01", { amount_micros: 20 * EUROS, currency: "EUR", provider: "stripe", reason: "Paid twice" }, "Tulip Bakery"),
  did(3, "operator:Ada", "prices_published", "pv_01", { book: "list", currency: "EUR", effective_from: 1_798_761_600, prices: 412 }),
  did(4, "command line", "plans_imported", "reference", { offered: ["verified", "verified-plus", "plus"] }),
];

/** `/operator/api/…`; `null`: another address. */
export function answerReviews(path: string, query: URLSearchParams, body: unknown, empty: boolean): Response | null {
  const given = (body ?? {}) as { reason?: string; words?: string };
  if (path === "verifications") {
    const status = query.get("status");
    const wanted = (each: Review): boolean => (status === null ? each.reports > 0 || each.status === "pending" || each.status === "seconded" : each.status === status);
    return json({ data: empty ? [] : reviews.filter(wanted) });
  }
  const [, id = "", decision] = /^verifications\/(\w+)(?:\/(\w+))?$/.exec(path) ?? [];
  const found = reviews.find((each) => each.business_id === id);
  if (found) {
    if (decision === undefined) return json(found);
    const status = { approve: "approved", reject: "rejected", ask: "more_wanted", withdraw: "withdrawn", dismiss: found.status }[decision] as VerificationStatus;
    const next: Review = { ...found, status, reports: decision === "dismiss" ? 0 : found.reports, words: given.words ?? "", steps: [step(status, "operator:operator", [given.reason, given.words].filter((part) => part !== undefined && part !== "").join(": "), 0), ...found.steps] };
    reviews = reviews.map((each) => (each === found ? next : each));
    return json(next);
  }
  if (path.startsWith("verification/documents/")) return new Response(Uint8Array.from(atob(PNG), (letter) => letter.codePointAt(0) ?? 0), { headers: { "content-type": "image/png" } });
  if (path === "audit") {
    const steps: AuditRow[] = reviews.flatMap((each) =>
      each.steps.map((one, n) => ({ ...one, id: `${each.business_id} ${n}`, subject: each.business_id, business_id: each.business_id, name: each.name, is_verification: true })),
    );
    const is = (name: string, value: string): boolean => (query.get(name) ?? value) === value;
    const rows = [...ACTS, ...steps].filter((row) => is("kind", row.kind) && is("person", row.actor.replace("operator:", "")) && is("business_id", row.business_id ?? ""));
    return json({ data: empty ? [] : rows, next: null, acts: ACTS.map((row) => row.kind) } satisfies AuditPage);
  }
  if (path === "plans") return json({ data: empty ? [] : [...PLANS, PEOPLE], unearned: empty ? [] : [{ currency: "EUR", amount_micros: 118_420_000 }] });
  if (path === "subscriptions") {
    const rows: Subscriber[] = subscription === null ? [] : [{ ...subscription, name: "Tulip Bakery" }, { ...subscription, subscription_id: "sub_2", name: "Rose & Thorn", plan: "verified-plus", status: "past_due", grace_until: "2026-12-05", price_micros: 40 * EUROS }];
    return json({ data: empty ? [] : rows });
  }
  if (path === "purchases") {
    const [state, store] = [query.get("state"), query.get("store")];
    const found = BOUGHT.filter((each) => (state === null || each.state === state) && (store === null || each.store === store));
    const from = found.findIndex((each) => each.purchase_id === query.get("after")) + 1;
    const shown = empty ? [] : found.slice(from, from + 3);
    const last = shown.at(-1);
    return json({ data: shown, next: last === undefined || from + 3 >= found.length ? null : last.purchase_id, stores: ["apple", "google", "sandbox"], sales: empty ? [] : [{ plan: "plus", term: "month", currency: "EUR", payments: 2, amount_micros: 4 * EUROS, commission_micros: 600_000, refunded_micros: 0 }] });
  }
  return null;
}
