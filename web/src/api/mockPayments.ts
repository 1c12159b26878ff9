/** The payments of the mock's bakery, from memory: a card that pays, one that is declined, one that wants a confirmation. */
import type { NewPayout, StorePayout } from "./operatorPayments";
import type { AutomaticTopUp, NewTopUp, Payment, PaymentMethod } from "./payments";

const now = (): number => Math.floor(Date.now() / 1000);
const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
const refuse = (status: number, detail: string): Response => json({ code: "invalid", detail, status }, status);

let methods: PaymentMethod[] = [{ method_id: "pmt_1", kind: "card", brand: "visa", last4: "4242", expires: "2029-12", is_default: true }];
let automatic: AutomaticTopUp = { is_enabled: false, threshold_micros: 20_000_000, amount_micros: 100_000_000, monthly_max_micros: 500_000_000, paused_until: null };
const paid = (n: number, state: Payment["state"], amount: number, more: Partial<Payment> = {}): Payment => ({
  payment_id: `pay_${n}`, provider: "sandbox", method_id: "pmt_1", cause: "top_up", currency: "EUR", amount_micros: amount * 1_000_000, refunded_micros: 0, state,
  reference: `sandbox_${n}`, action: null, invoice_id: null, failure: null, created_at: now() - n * 86_400, ...more,
});
let payments: Payment[] = [
  paid(1, "requires_action", 250, { provider: "bank", method_id: null, reference: "RF18539007547034", action: "RF18539007547034" }),
  paid(3, "succeeded", 100, { cause: "automatic" }),
  paid(9, "failed", 100, { failure: { code: "card_declined", message: "Your card was declined." } }),
  paid(12, "succeeded", 300, { refunded_micros: 50_000_000 }),
];

/** The same key is the same payment. */
export function payOnce(wish: NewTopUp, cause: Payment["cause"]): Payment {
  const known = payments.find((payment) => payment.payment_id === `pay_${wish.key}`);
  if (known) return known;
  const last4 = methods.find((method) => method.method_id === wish.method_id)?.last4;
  const made = paid(0, wish.by_bank_transfer || last4 === "3155" ? "requires_action" : last4 === "0341" ? "failed" : "succeeded", Number(wish.amount), {
    payment_id: `pay_${wish.key}`, cause,
    ...(wish.by_bank_transfer ? { provider: "bank", method_id: null, reference: "RF71000123456789", action: "RF71000123456789" } : { method_id: wish.method_id ?? null }),
    ...(last4 === "3155" ? { action: "sandbox" } : {}),
    ...(last4 === "0341" ? { failure: { code: "card_declined", message: "Your card was declined." } } : {}),
  });
  payments = [made, ...payments];
  return made;
}

function topUp(wish: NewTopUp): Response {
  return Number(wish.amount) > 0 ? json(payOnce(wish, "top_up"), 202) : refuse(400, "amount: it must be above zero");
}

function step(id: string, what: string, body: unknown): Response {
  const state = what === "cancel" ? "canceled" : what === "confirm" ? ((body as { approve: boolean }).approve ? "succeeded" : "failed") : null;
  payments = payments.map((payment) => (payment.payment_id === id && state !== null ? { ...payment, state, action: null } : payment));
  return json(payments.find((payment) => payment.payment_id === id));
}

let entries = [
  { entry_id: "bke_1", booked_at: now() - 90_000, amount_micros: 249_990_000, currency: "EUR", payer: "Tulip GmbH", remittance: "RF18539007547034", why: "the payment asked for 250.00 EUR", business_id: null, payment_id: "pay_1" },
  { entry_id: "bke_3", booked_at: now() - 40_000, amount_micros: 84_150_000, currency: "EUR", payer: "APPLE DISTRIBUTION INTL", remittance: "0001234567 SEP 2026", why: "it names no reference", business_id: null, payment_id: null },
  { entry_id: "bke_2", booked_at: now() - 190_000, amount_micros: 80_000_000, currency: "EUR", payer: "R. Rose", remittance: "Invoice 7, thank you", why: "it names no reference", business_id: null, payment_id: null },
];

const eur = (month: string, amount: number) => ({ month: Date.parse(month) / 1000, amount_micros: amount * 1_000_000 });
let owed = [
  { store: "apple", currency: "EUR", owed_micros: 331_500_000, due_at: now() - 4 * 86_400, months: [eur("2026-09-01", 84.15), eur("2026-10-01", 247.35)] },
  { store: "apple", currency: "USD", owed_micros: 67_600_000, due_at: now() + 20 * 86_400, months: [eur("2026-10-01", 67.6)] },
  { store: "google", currency: "EUR", owed_micros: 0, due_at: null, months: [] },
];
let payouts: StorePayout[] = [
  { payout_id: "bke_0", store: "google", currency: "EUR", amount_micros: 118_150_000, bank_fee_micros: 0, booked_at: now() - 12 * 86_400, parts: [{ currency: "EUR", settled_micros: 118_150_000, paid_micros: 118_150_000, withheld_micros: 0, commission_micros: 0, arrived_micros: 118_150_000 }] },
];

let exchanges = [{ exchange_id: "xch_1", business_id: "506914307656634", from_currency: "USD", from_micros: 100_000_000, to_currency: "EUR", to_micros: 92_300_000, rate: "0.923", at: now() - 2 * 86_400 }];

/** The same for the operator. */
export function answerOperatorPayments(method: string, path: string, body: unknown, empty: boolean): Response | null {
  const [area = "", id = ""] = path.replace("/operator/api/", "").split("/");
  const shown = payments.map((payment) => ({ ...payment, business_id: "506914307656634", business_name: "Tulip Bakery", fee_micros: payment.state === "succeeded" ? 1_000_000 : null }));
  if (area === "payments" && id === "") return json({ data: empty ? [] : shown, next: null, provider: "sandbox" });
  if (area === "payments" && method === "GET") return json({ ...shown.find((payment) => payment.payment_id === id), refunds: id === "pay_12" ? [{ refund_id: "rfd_1", amount_micros: 50_000_000, reason: "ordered by mistake", state: "succeeded", failure: null, created_at: now() - 86_400 }] : [] });
  if (area === "payments") return json({ ok: true });
  if (area === "reconciliation") {
    const clearing = [{ provider: "sandbox", currency: "EUR", owed_micros: empty ? 0 : 99_000_000, since: empty ? null : now() - 3 * 86_400, is_old: false }];
    return json({ clearing, stores: empty ? [] : owed, suspense: empty ? [] : [{ currency: "EUR", amount_micros: entries.reduce((sum, entry) => sum + entry.amount_micros, 0) }], open_payments: empty ? 0 : 1, open_refunds: 0, old_payments: [] });
  }
  if (area === "store-payouts") return json({ data: empty ? [] : payouts });
  if (area === "store-reports") return json({ store: "apple", from: now() - 60 * 86_400, to: now() - 32 * 86_400, parts: [{ currency: "EUR", expected_micros: 84_150_000, paid_micros: 84_150_000, arrived_micros: null }] });
  if (area === "bank-statements") return json({ matched: 1, suspense: 1, known: 3, unmatched: entries.slice(-1) });
  if (area === "exchanges") return json({ data: empty ? [] : exchanges });
  if (area !== "suspense") return null;
  if (id === "") return json({ data: empty ? [] : entries });
  const entry = entries.find((known) => known.entry_id === id);
  if (entry && path.endsWith("/payout")) {
    const told = body as NewPayout;
    const micros = (text: string): number => Math.round(Number(text === "" ? 0 : text) * 1e6);
    const parts = told.parts.map((part) => ({ currency: part.currency, settled_micros: micros(part.settled), paid_micros: micros(part.paid), withheld_micros: micros(part.withheld), commission_micros: micros(part.settled) - micros(part.paid) - micros(part.withheld), arrived_micros: micros(part.arrived) }));
    payouts = [{ payout_id: entry.entry_id, store: told.store, currency: entry.currency, amount_micros: entry.amount_micros, bank_fee_micros: micros(told.bank_fee), booked_at: entry.booked_at, parts }, ...payouts];
    owed = owed.map((one) => ({ ...one, owed_micros: one.owed_micros - parts.filter((part) => one.store === told.store && part.currency === one.currency).reduce((sum, part) => sum + part.settled_micros, 0) }));
  }
  const rate = (body as { rate?: string } | undefined)?.rate;
  if (entry && rate !== undefined) {
    exchanges = [{ exchange_id: `xch_${id}`, business_id: "506914307656634", from_currency: entry.currency, from_micros: entry.amount_micros, to_currency: "USD", to_micros: Math.round(entry.amount_micros * Number(rate)), rate, at: now() }, ...exchanges];
  }
  entries = entries.filter((known) => known.entry_id !== id);
  return json({ ok: true });
}

/** Null: the address is another's. */
export function answerPayments(method: string, path: string, body: unknown, empty: boolean): Response | null {
  const [area = "", id = "", what = ""] = path.split("/");
  if (area === "automatic-top-up") {
    if (method === "POST") {
      const wanted = body as { is_enabled: boolean; threshold: string; amount: string; monthly_max: string };
      const micros = (text: string): number => Math.round(Number(text) * 1_000_000);
      automatic = { is_enabled: wanted.is_enabled, threshold_micros: micros(wanted.threshold), amount_micros: micros(wanted.amount), monthly_max_micros: micros(wanted.monthly_max), paused_until: null };
    }
    return json(automatic);
  }
  if (area === "payments") {
    if (id === "") return method === "POST" ? topUp(body as NewTopUp) : json({ data: empty ? [] : payments, next: null, provider: "sandbox" });
    if (what !== "") return step(id, what, body);
    return json(payments.find((payment) => payment.payment_id === id));
  }
  if (area !== "payment-methods") return null;
  if (id === "" && method === "GET") return json({ data: empty ? [] : methods, provider: "sandbox", card_form: null });
  if (id === "") {
    const { token } = body as { token: string };
    const last4 = token.startsWith("card_declined") ? "0341" : token.startsWith("card_confirm") ? "3155" : "4242";
    const made = { method_id: `pmt_${methods.length + 1}`, kind: "card", brand: "visa", last4, expires: "2039-12", is_default: methods.length === 0 };
    methods = [...methods, made];
    return json(made, 201);
  }
  if (method === "DELETE") methods = methods.filter((each) => each.method_id !== id);
  else methods = methods.map((each) => ({ ...each, is_default: each.method_id === id }));
  return json({ ok: true });
}
