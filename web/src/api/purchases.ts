/** What people bought, as the operator sees it: without who. */
import { queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { call } from "./http";
import { REFRESH_MS } from "./pages";

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
export type PurchasePage = { data: OperatorPurchase[]; sales: Sale[] };

export function purchaseQueries(token: string) {
  return {
    list: (state: PurchaseState | undefined) =>
      queryOptions({ queryKey: ["operator", "purchases", state ?? "all"], queryFn: ({ signal }) => call<PurchasePage>(paths.purchases(state), { token, signal }), refetchInterval: REFRESH_MS }),
  };
}

export function purchaseCalls(token: string) {
  return { refund: (id: string) => call<unknown>(paths.refundPurchase(id), { method: "POST", token, body: {} }) };
}
