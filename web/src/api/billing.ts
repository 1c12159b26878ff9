/**
 * # A business's money
 *
 * What it has to pay from, what it spends, its caps and what it was told: the same view for the business and for the
 * operator. What each may change is decided by the server.
 */
import { queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { call } from "./http";
import { REFRESH_MS } from "./pages";

export type Grant = { grant_id: string; amount_micros: number; left_micros: number; held_micros: number; note: string; granted_at: number; expires_at: number };
export type CapScope = "portfolio" | "account" | "number" | "campaign";
export type CapPeriod = "day" | "month";
export type CapAction = "block" | "alert";
export type Cap = {
  cap_id: string;
  owner: "operator" | "business";
  scope: CapScope;
  subject: string;
  period: CapPeriod;
  limit_micros: number;
  spent_micros: number;
  action: CapAction;
  ends_at: number;
  /** When it is reached if it goes on like so far; null: not in this period. */
  reached_at: number | null;
  /** A message like the last ones costs more than it leaves. */
  is_full: boolean;
};
export type Thresholds = { mail_to: string | null; threshold_micros: number | null; top_up_micros: number | null };
export type BillingAlert = { alert_id: string; kind: string; text: string; at: number };
export type Billing = {
  currency: string;
  time_zone: string;
  at: number;
  balance: {
    available_micros: number;
    held_micros: number;
    prepaid_micros: number;
    prepaid_held_micros: number;
    grants: Grant[];
    credit: { limit_micros: number; used_micros: number; held_micros: number };
  };
  /** It does not pay for a message like the last ones. */
  is_empty: boolean;
  spent: { today_micros: number; month_micros: number };
  usage: { category: string; messages: number; billable: number; amount_micros: number }[];
  caps: Cap[];
  thresholds: Thresholds;
  alerts: BillingAlert[];
};

export type NewCap = { scope: CapScope; subject?: string; period: CapPeriod; limit: string; action: CapAction };
export type NewThresholds = { mail_to: string; threshold: string; top_up: string };

/** `business`: the operator looks at this one; null: the business looks at itself. */
export function billingQuery(token: string, business: string | null) {
  return queryOptions({
    queryKey: ["billing", business ?? "own"],
    queryFn: ({ signal }) => call<Billing>(paths.billing(business), { token, signal }),
    refetchInterval: REFRESH_MS,
  });
}

export type BillingCalls = ReturnType<typeof billingCalls>;

export function billingCalls(token: string, business: string | null) {
  return {
    setCap: (cap: NewCap) => call<Cap>(paths.caps(business), { method: "POST", token, body: cap }),
    removeCap: (id: string) => call<unknown>(paths.cap(business, id), { method: "DELETE", token }),
    setThresholds: (thresholds: NewThresholds) => call<Thresholds>(paths.thresholds(business), { method: "POST", token, body: thresholds }),
  };
}

/** What only the operator does. The key is made once for each form: sending it again changes nothing more. */
export function creditCalls(token: string, business: string) {
  return {
    setLine: (limit: string, key: string) => call<unknown>(paths.creditLine(business), { method: "POST", token, body: { limit, key } }),
    grant: (grant: { amount: string; days: number; note: string; key: string }) => call<unknown>(paths.promo(business), { method: "POST", token, body: grant }),
  };
}
