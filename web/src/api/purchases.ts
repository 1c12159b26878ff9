/** What people bought, as the operator sees it: without who. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { call } from "./http";
import { PAGE_ROWS, REFRESH_MS } from "./pages";
import type { Rows } from "./pages";

export type PurchaseState = "pending" | "active" | "grace" | "expired" | "revoked" | "replaced";
export type StorePayment = { transaction: string; plan: string; currency: string; amount_micros: number; commission_micros: number; refunded_micros: number; at: number; transfer_id: string };
export type OperatorPurchase = {
  purchase_id: string;
  store: string;
  plan: string;
  term: "month" | "year" | "once";
  state: PurchaseState;
  expires_at: number | null;
  renews: boolean;
  is_trial: boolean;
  is_family_shared: boolean;
  created_at: number;
  can_refund: boolean;
  payments: StorePayment[];
};
export type Sale = { plan: string; term: string; currency: string; payments: number; amount_micros: number; commission_micros: number; refunded_micros: number };
/** `stores`: through which the network sells. */
export type PurchasePage = Rows<OperatorPurchase> & { sales: Sale[]; stores: string[] };
export type PurchaseFilter = { state?: PurchaseState; store?: string };

export function purchaseQueries(token: string) {
  return {
    list: (filter: PurchaseFilter) =>
      infiniteQueryOptions({
        queryKey: ["operator", "purchases", filter],
        queryFn: ({ pageParam, signal }) => call<PurchasePage>(paths.purchases({ limit: PAGE_ROWS, after: pageParam }, filter), { token, signal }),
        initialPageParam: null as string | null,
        getNextPageParam: (page) => page.next,
        refetchInterval: REFRESH_MS,
      }),
  };
}

export function purchaseCalls(token: string) {
  /** `amount`: so much of the last payment; empty: all of it, and the purchase ends. */
  return { refund: (id: string, amount: string) => call<unknown>(paths.refundPurchase(id), { method: "POST", token, body: amount === "" ? {} : { amount } }) };
}
