/** Estimates, campaigns, addressees, and the operator's settings of invoices, from memory. */
import type { Campaigns, Estimate, EstimateLine, Idea, InvoiceProfile } from "./estimate";
import type { Dunning, DunningStep, InvoiceNumbers, Late, LegalEntity, NumberSeries, TaxRate } from "./settings";

const now = (): number => Math.floor(Date.now() / 1000);
const DAY = 86_400;
const json = (body: unknown, status = 200): Response => Response.json(body, { status });
const refuse = (status: number, code: string, detail: string): Response => Response.json({ title: "Refused", status, code, detail }, { status, headers: { "content-type": "application/problem+json" } });

const PRICES: Record<string, number> = { marketing: 110_000, utility: 50_000, authentication: 50_000, service: 50_000 };
const MARKETS: Record<string, string> = { "+49": "Germany", "+44": "United Kingdom", "+351": "Rest of Western Europe", "+999": "Other" };
const marketOf = (number: string): string => Object.entries(MARKETS).find(([prefix]) => number.startsWith(prefix))?.[1] ?? "Other";

function estimate(idea: Idea): Response {
  const category = idea.category ?? (idea.template_id === "200000000000002" ? "marketing" : "utility");
  const unit = PRICES[category] ?? 0;
  const line = (market: string, messages: number, free = false): EstimateLine => ({
    market, category, pricing_type: free ? "free_customer_service" : "regular", tier: category === "utility" && !free ? "0:100000" : null, unit_micros: unit, messages,
    amount_micros: free ? 0 : messages * unit, most_micros: messages * unit,
  });
  const wrong = (idea.to ?? []).filter((number) => !/^\+\d{7,15}$/.test(number));
  if (wrong.length > 0) return refuse(400, "invalid", `to: ${wrong.length} are no phone numbers with their country code, such as ${wrong[0]}`);
  const people = idea.to ?? [];
  const known = Math.min(people.length, 2);
  const counted = new Map<string, number>();
  for (const number of people.slice(known > 0 ? 1 : 0)) counted.set(marketOf(number), (counted.get(marketOf(number)) ?? 0) + 1);
  const lines = idea.markets ? idea.markets.map((one) => line(one.market, one.messages)) : [...counted].map(([market, messages]) => line(market, messages));
  if (known > 0) lines.push(line(marketOf(people[0] ?? ""), 1, true));
  const sum = (of: (each: EstimateLine) => number): number => lines.reduce((all, each) => all + of(each), 0);
  const most = sum((each) => each.most_micros);
  const available = 270_330_000;
  const answer: Estimate = {
    template: idea.template_id === undefined ? null : { id: idea.template_id, name: idea.template_id === "200000000000002" ? "winter_breads" : "order_confirmed", language: "en", status: idea.template_id === "200000000000002" ? "PENDING" : "APPROVED" },
    category, currency: "EUR", lines, messages: sum((each) => each.messages), unpriced: 0, amount_micros: sum((each) => each.amount_micros), most_micros: most, available_micros: available, standing: "good",
    caps: most <= 25_690_000 ? [] : [{ cap_id: "0c2", owner: "business", scope: "portfolio", subject: "", period: "month", action: "block", limit_micros: 300_000_000, spent_micros: 274_310_000, is_exceeded: true }],
    is_affordable: most <= 25_690_000,
    audience: idea.markets ? null : { people: people.length, known, unknown: people.length - known, own: 0, in_service_window: known > 0 ? 1 : 0, in_free_entry_point: 0, stopped: 0, blocked: 0, window_closed: 0, places: Math.max(0, people.length - 1) },
    messaging_limit: { tier: "TIER_250", people: 41, people_max: 250 },
  };
  return json(answer);
}

const campaigns = (empty: boolean, period: string | null): Campaigns => {
  const data = [
    { name: "winter_breads", category: "marketing", messages: 1842, billable: 1842, amount_micros: 202_620_000 },
    { name: "order_confirmed", category: "utility", messages: 1190, billable: 1190, amount_micros: 59_500_000 },
    { name: "login_code", category: "authentication", messages: 214, billable: 214, amount_micros: 10_700_000 },
    { name: null, category: "service", messages: 1026, billable: 26, amount_micros: 1_330_000 },
  ];
  const shown = empty ? [] : data;
  return { period: period ?? "2026-11", currency: "EUR", amount_micros: shown.reduce((sum, row) => sum + row.amount_micros, 0), data: shown, more: 0, more_amount_micros: 0 };
};

let profile: InvoiceProfile = { name: "Tulip Bakery GmbH", street: "Gartenweg 1", postal_code: "10115", city: "Berlin", country: "DE", tax_id: "DE123456789", email: "books@tulip.example" };

/** What is below `/manager/api/billing/` and about neither balance nor invoices. Null: the address is another's. */
export function answerOwnMoney(method: string, path: string, query: URLSearchParams, body: unknown, empty: boolean): Response | null {
  if (path === "estimate") return estimate(body as Idea);
  if (path === "markets") return json({ data: ["Germany", "India", "Rest of Western Europe", "United Kingdom"] });
  if (path === "campaigns") return json(campaigns(empty, query.get("period")));
  if (path === "bank-account") return empty ? refuse(404, "not_found", "the operator has not said yet where transfers go: ask them") : json({ name: "Plaza Networks GmbH", iban: "DE02 1203 0000 0000 2020 51", bic: "BYLADEM1001", email: "billing@plaza.example" });
  if (path !== "profile") return null;
  if (method !== "POST") return json({ profile: empty ? null : profile });
  const given = body as InvoiceProfile;
  if (given.name.trim() === "") return refuse(400, "invalid", "name: 1 to 120 characters are needed");
  if (given.country.length !== 2) return refuse(400, "invalid", "country: the two letters of ISO 3166 are needed, such as DE");
  profile = given;
  return json({ profile });
}

let entity: LegalEntity = {
  name: "Plaza Networks GmbH", street: "Platz 1", postal_code: "10117", city: "Berlin", country: "DE", tax_id: "DE811223344", email: "billing@plaza.example", iban: "DE02 1203 0000 0000 2020 51", bic: "BYLADEM1001",
  time_zone: "Europe/Berlin", grace_h: 72, due_days: 14,
};
const begin = (year: number): number => Date.UTC(year, 0, 1) / 1000;
let rates: TaxRate[] = [
  { jurisdiction: "DE", effective_from: begin(2024), effective_to: null, ppm: 190_000, name: "VAT", reverse_charge: true },
  { jurisdiction: "FR", effective_from: begin(2024), effective_to: begin(2026), ppm: 196_000, name: "TVA", reverse_charge: true },
  { jurisdiction: "FR", effective_from: begin(2026), effective_to: null, ppm: 200_000, name: "TVA", reverse_charge: true },
  { jurisdiction: "IN", effective_from: begin(2025), effective_to: null, ppm: 180_000, name: "GST", reverse_charge: false },
];
const numberOf = (of: NumberSeries, n: number): string => `${of.prefix}${String(of.year).slice(-of.year_digits)}-${String(n).padStart(of.digits, "0")}`;
const numbered = (kind: InvoiceNumbers["kind"], last: number, series: NumberSeries): InvoiceNumbers => ({ kind, last, ...series, next: numberOf(series, last + 1) });
let numbers: InvoiceNumbers[] = [2026, 2027].flatMap((year) => [
  numbered("invoice", year === 2026 ? 41 : 0, { year, prefix: "INV-", year_digits: 4, digits: 6 }),
  numbered("credit_note", 0, { year, prefix: "CN-", year_digits: 4, digits: 6 }),
]);
let steps: DunningStep[] = [
  { after_days: 1, action: "mail" },
  { after_days: 7, action: "webhook" },
  { after_days: 14, action: "throttle" },
  { after_days: 30, action: "suspend" },
];
let late: Late[] = [
  { business_id: "500000000000002", name: "Arcade Cinema", standing: "suspended", overdue_since: now() - 33 * DAY, steps_up_to_days: 30, next: null, hold: null },
  { business_id: "500000000000001", name: "City Library", standing: "throttled", overdue_since: now() - 16 * DAY, steps_up_to_days: 14, next: { action: "suspend", at: now() + 14 * DAY }, hold: null },
  { business_id: "500000000000000", name: "Tulip Bakery", standing: "late", overdue_since: now() - 9 * DAY, steps_up_to_days: 7, next: { action: "throttle", at: now() + 5 * DAY }, hold: { until: now() + 3 * DAY, reason: "They pay on Monday" } },
];

/** The operator's part. Null: the address is another's. */
export function answerSettings(method: string, path: string, body: unknown, empty: boolean): Response | null {
  if (path === "legal-entity") {
    if (method === "PUT") {
      const given = body as LegalEntity;
      if (!/^[^@\s]+@[^@\s]+\.\S+$/.test(given.email)) return refuse(400, "invalid", "email: a mail address is needed");
      entity = given;
    }
    return json({ legal_entity: empty ? null : entity });
  }
  if (path === "tax-rates") {
    if (method === "POST") {
      const rate = body as TaxRate;
      if (rates.some((each) => each.jurisdiction === rate.jurisdiction && each.effective_from >= rate.effective_from)) return refuse(409, "conflict", `a rate of ${rate.jurisdiction} that begins then or later is there already: rates are added at the end`);
      rates = [...rates.map((each) => (each.jurisdiction === rate.jurisdiction && each.effective_to === null ? { ...each, effective_to: rate.effective_from } : each)), { ...rate, effective_to: null }].sort((a, b) => a.jurisdiction.localeCompare(b.jurisdiction) || a.effective_from - b.effective_from);
    }
    return json({ data: empty ? [] : rates });
  }
  const taken = /^tax-rates\/(\w+)\/(\d+)$/.exec(path);
  if (taken && method === "DELETE") {
    const from = Number(taken[2]);
    if (from <= now()) return refuse(409, "conflict", "invoices were issued since this rate began: add a new rate from a later day instead");
    rates = rates.filter((each) => each.jurisdiction !== taken[1] || each.effective_from !== from).map((each) => (each.jurisdiction === taken[1] && each.effective_to === from ? { ...each, effective_to: null } : each));
    return json({ ok: true });
  }
  const series = /^invoice-numbers(?:\/(\w+))?$/.exec(path);
  if (series) {
    const given = body as NumberSeries;
    if (method === "PUT" && given.digits < 3) return refuse(400, "invalid", "digits: 3 to 10 are needed");
    if (method === "PUT") numbers = numbers.map((each) => (each.kind === series[1] && each.year >= given.year ? numbered(each.kind, each.last, { ...given, year: each.year }) : each));
    return json({ data: numbers });
  }
  if (path === "dunning-steps") {
    const wanted = (body as { steps: DunningStep[] }).steps;
    if (wanted.some((step, n) => step.after_days <= (wanted[n - 1]?.after_days ?? -1))) return refuse(400, "invalid", "after_days: each step comes later than the one before");
    steps = wanted;
    return json({ data: steps });
  }
  if (path === "mails") return json({ is_configured: !empty, age_days_max: 7, waiting: empty ? 3 : 0, sent: 214, failed: empty ? 0 : 2, too_old: empty ? 12 : 0 });
  const held = /^dunning\/([^/]+)\/hold$/.exec(path);
  if (held) {
    const wish = body as { days: number; reason: string } | undefined;
    const hold = method === "POST" && wish ? { until: now() + wish.days * DAY, reason: wish.reason } : null;
    late = late.map((each) => (each.business_id === held[1] ? { ...each, hold, standing: hold ? "late" : each.standing } : each));
    return json({ ok: true });
  }
  const dunning: Dunning = { steps, late: empty ? [] : late };
  return path === "dunning" ? json(dunning) : null;
}
