/** Payments as the operator sees them: what came in, what is on its way, what nobody could assign. */
import { queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { call } from "./http";
import { PAGE_ROWS, REFRESH_MS, pages } from "./pages";
import type { Payment } from "./payments";

export type OperatorPayment = Payment & { business_id: string; /** In lists. */ business_name?: string | null; fee_micros: number | null };
export type Refund = { refund_id: string; amount_micros: number; reason: string; state: "created" | "processing" | "succeeded" | "failed"; failure: string | null; created_at: number };
export type Reconciliation = {
  clearing: { provider: string; currency: string; owed_micros: number; since: number | null; is_old: boolean }[];
  suspense: { currency: string; amount_micros: number }[];
  /** What app stores owe, of which months, and when the earliest of them should have been paid. */
  stores: { store: string; currency: string; owed_micros: number; due_at: number | null; months: { month: number; amount_micros: number }[] }[];
  open_payments: number;
  open_refunds: number;
  old_payments: OperatorPayment[];
};
export type BankEntry = { entry_id: string; booked_at: number; amount_micros: number; currency: string; payer: string; remittance: string; why: string; business_id: string | null; payment_id: string | null };

/** Money of one currency that was credited in another. */
export type Exchange = { exchange_id: string; business_id: string; from_currency: string; from_micros: number; to_currency: string; to_micros: number; rate: string; at: number };

/** What a payout settles of a store's account in one currency. `commission`: what the store kept beyond what was booked. */
export type PayoutPart = { currency: string; settled_micros: number; paid_micros: number; withheld_micros: number; commission_micros: number; arrived_micros: number };
export type StorePayout = { payout_id: string; store: string; currency: string; amount_micros: number; bank_fee_micros: number; booked_at: number; parts: PayoutPart[] };
/** Amounts are decimals; `arrived` is in the currency of the bank. */
export type NewPayout = { store: string; bank_fee: string; parts: { currency: string; settled: string; paid: string; withheld: string; arrived: string }[] };
/** What a store's report says, beside what is expected of its time. */
export type StoreReport = { store: string; from: number; to: number; parts: { currency: string; expected_micros: number; paid_micros: number; arrived_micros: number | null }[] };

export type ImportedStatement = { matched: number; suspense: number; known: number; /** What nobody could be found for. */ unmatched: BankEntry[] };

const KEY = ["operator", "payments"] as const;

export function operatorPaymentQueries(token: string) {
  return {
    /** Of one business, or of all. */
    list: (business_id?: string) => pages<OperatorPayment>(token, [...KEY, "list", business_id], (after) => paths.operatorPayments({ limit: PAGE_ROWS, after }, { business_id })),
    one: (id: string) => queryOptions({ queryKey: [...KEY, "one", id], queryFn: ({ signal }) => call<OperatorPayment & { refunds: Refund[] }>(paths.operatorPayment(id), { token, signal }) }),
    reconciliation: () => queryOptions({ queryKey: [...KEY, "reconciliation"], queryFn: ({ signal }) => call<Reconciliation>(paths.reconciliation(), { token, signal }), refetchInterval: REFRESH_MS }),
    exchanges: () => queryOptions({ queryKey: [...KEY, "exchanges"], queryFn: async ({ signal }) => (await call<{ data: Exchange[] }>(paths.exchanges(), { token, signal })).data }),
    payouts: () => queryOptions({ queryKey: [...KEY, "payouts"], queryFn: async ({ signal }) => (await call<{ data: StorePayout[] }>(paths.storePayouts(), { token, signal })).data }),
    suspense: () => queryOptions({ queryKey: [...KEY, "suspense"], queryFn: async ({ signal }) => (await call<{ data: BankEntry[] }>(paths.suspense(), { token, signal })).data, refetchInterval: REFRESH_MS }),
  };
}

export function operatorPaymentCalls(token: string) {
  const post = (path: string, body: unknown = {}) => call<unknown>(path, { method: "POST", token, body });
  return {
    refund: (id: string, wish: { amount: string; reason: string; key: string }) => post(`${paths.operatorPayment(id)}/refunds`, wish),
    reconcile: () => post(paths.reconciliation()),
    /** `rate`: what one unit of the entry's currency is worth in what the business pays in, if that is another one. */
    assign: (id: string, businessId: string, rate: string) => post(paths.suspenseStep(id, "assign"), rate === "" ? { business_id: businessId } : { business_id: businessId, rate }),
    sendBack: (id: string) => post(paths.suspenseStep(id, "return")),
    payout: (id: string, payout: NewPayout) => post(paths.suspenseStep(id, "payout"), payout),
    readReport: (report: string) => call<StoreReport>(paths.storeReports(), { method: "POST", token, body: { report } }),
    importStatement: (statement: string) => call<ImportedStatement>(paths.bankStatements(), { method: "POST", token, body: { statement } }),
  };
}
