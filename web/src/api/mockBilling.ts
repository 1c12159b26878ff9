/** A business's money from memory, for both consoles: what is set here stays until the page is loaded anew. */
import type { Billing, Cap, NewCap, NewThresholds } from "./billing";

const now = (): number => Math.floor(Date.now() / 1000);
const DAY = 86_400;
const json = (body: unknown, status = 200): Response => Response.json(body, { status });
const refusal = (detail: string, status = 400): Response => Response.json({ type: "/errors/invalid", title: "Bad Request", status, code: "invalid", detail }, { status, headers: { "content-type": "application/problem+json" } });

const cap = (n: number, more: Partial<Cap>): Cap => ({
  cap_id: `0c000000-0000-4000-8000-00000000000${n}`, owner: "business", scope: "portfolio", subject: "", period: "month", limit_micros: 600_000_000, spent_micros: 274_310_000, action: "block",
  ends_at: now() + 3 * DAY, reached_at: null, is_full: false, ...more,
});

let caps: Cap[] = [
  cap(1, { owner: "operator", limit_micros: 2_000_000_000 }),
  cap(2, { limit_micros: 300_000_000, reached_at: now() + 2 * DAY }),
  cap(3, { scope: "campaign", subject: "winter_breads", period: "day", limit_micros: 20_000_000, spent_micros: 19_980_000, is_full: true, ends_at: now() + 6 * 3600 }),
  cap(4, { scope: "number", subject: "106540352242922", action: "alert", limit_micros: 150_000_000, spent_micros: 41_200_000 }),
];
let thresholds: Billing["thresholds"] = { mail_to: "till@tulip.example", threshold_micros: 50_000_000, top_up_micros: 200_000_000 };
let credit = { limit_micros: 250_000_000, used_micros: 61_400_000, held_micros: 0 };
let grants: Billing["balance"]["grants"] = [
  { grant_id: "0a000000-0000-4000-8000-000000000001", amount_micros: 50_000_000, left_micros: 18_250_000, held_micros: 110_000, note: "Welcome", granted_at: now() - 20 * DAY, expires_at: now() + 11 * DAY },
  { grant_id: "0a000000-0000-4000-8000-000000000002", amount_micros: 25_000_000, left_micros: 25_000_000, held_micros: 0, note: "Winter fair", granted_at: now() - 2 * DAY, expires_at: now() + 60 * DAY },
];

function billing(empty: boolean): Billing {
  const none = { limit_micros: 0, used_micros: 0, held_micros: 0 };
  const prepaid = 38_640_000;
  const sum = grants.reduce((all, grant) => all + grant.left_micros - grant.held_micros, 0);
  return {
    currency: "EUR", time_zone: "Europe/Berlin", at: now(),
    balance: empty
      ? { available_micros: 0, held_micros: 0, prepaid_micros: 0, prepaid_held_micros: 0, grants: [], credit: none }
      : { available_micros: sum + prepaid - 50_000 + credit.limit_micros - credit.used_micros, held_micros: 160_000, prepaid_micros: prepaid, prepaid_held_micros: 50_000, grants, credit },
    is_empty: empty,
    spent: empty ? { today_micros: 0, month_micros: 0 } : { today_micros: 23_870_000, month_micros: 274_310_000 },
    usage: empty
      ? []
      : [
          { category: "marketing", messages: 1842, billable: 1842, amount_micros: 202_620_000 },
          { category: "utility", messages: 1190, billable: 1190, amount_micros: 59_500_000 },
          { category: "authentication", messages: 214, billable: 214, amount_micros: 10_700_000 },
          { category: "service", messages: 1026, billable: 26, amount_micros: 1_330_000 },
        ],
    caps: empty ? [] : caps,
    thresholds: empty ? { mail_to: null, threshold_micros: null, top_up_micros: null } : thresholds,
    alerts: empty
      ? []
      : [
          { alert_id: "1", kind: "cap", text: "100 % of the cap of 20.00 EUR a day for the campaign winter_breads is used (19.98 EUR). Further messages are refused: raise it under Billing in the manager, /manager/billing.", at: now() - 1800 },
          { alert_id: "2", kind: "cap", text: "80 % of the cap of 300.00 EUR a month for the business is used (241.05 EUR).", at: now() - 2 * DAY },
          { alert_id: "3", kind: "low_balance", text: "49.95 EUR can be spent, less than your threshold of 50.00 EUR. A top-up of 200.00 EUR was asked for.", at: now() - 9 * DAY },
        ],
  };
}

const micros = (text: string): number | null => (/^\d+(\.\d{1,6})?$/.test(text) ? Math.round(Number(text) * 1_000_000) : null);

/** `path` is what follows the business: `billing`, `caps`, `caps/{id}`, `thresholds`, `credit-line`, `promo`. */
export function answerBilling(method: string, path: string, body: unknown, empty: boolean, owner: Cap["owner"]): Response {
  if (path === "billing") return json(billing(empty));
  if (path === "caps") {
    const asked = body as NewCap;
    const limit = micros(asked.limit);
    if (limit === null) return refusal("limit: write an amount such as 100.00, with at most six digits after the point");
    const isSame = (each: Cap): boolean => each.owner === owner && each.scope === asked.scope && each.subject === (asked.subject ?? "") && each.period === asked.period;
    const known = caps.find(isSame);
    const before = known ?? cap(5 + caps.length, { owner, scope: asked.scope, subject: asked.subject ?? "", period: asked.period, spent_micros: 0 });
    const made = { ...before, limit_micros: limit, action: asked.action, is_full: before.spent_micros >= limit };
    caps = known ? caps.map((each) => (isSame(each) ? made : each)) : [...caps, made];
    return json(made);
  }
  if (method === "DELETE") {
    caps = caps.filter((each) => !path.endsWith(each.cap_id));
    return json({ ok: true });
  }
  if (path === "thresholds") {
    const asked = body as NewThresholds;
    if (asked.top_up !== "" && asked.threshold === "") return refusal("an automatic top-up needs a threshold that sets it off");
    thresholds = { mail_to: asked.mail_to === "" ? null : asked.mail_to, threshold_micros: micros(asked.threshold), top_up_micros: micros(asked.top_up) };
    return json(thresholds);
  }
  if (path === "credit-line") {
    const limit = micros((body as { limit: string }).limit);
    if (limit === null || limit < credit.used_micros) return refusal("the portfolio owes 61.40 EUR, holds included: the credit limit cannot be below that", 409);
    credit = { ...credit, limit_micros: limit };
    return json(credit);
  }
  const asked = body as { amount: string; days: number; note: string };
  const amount = micros(asked.amount);
  if (amount === null || amount === 0) return refusal("the amount must be above zero and fit the balance");
  grants = [...grants, { grant_id: `0a000000-0000-4000-8000-00000000000${grants.length + 1}`, amount_micros: amount, left_micros: amount, held_micros: 0, note: asked.note, granted_at: now(), expires_at: now() + asked.days * DAY }];
  return json({ grant_id: "0a", repeated: false }, 201);
}
