/**
 * # The operator's API
 *
 * Shapes and queries of `/operator/api`. Amounts are integer micros with their currency, times are unix seconds; both
 * stay as they are until the moment they are drawn.
 */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { deliveryQueries } from "./deliveries";
import type { Earnings, Unpaid, WholeBusiness } from "./earnings";
import { invoiceQueries } from "./invoices";
import { call } from "./http";
import { PAGE_ROWS, REFRESH_MS, pages } from "./pages";
import type { Revenue, RevenueOf } from "./revenue";

export type Charge = {
  charge_id: string;
  message_id: string;
  portfolio_name: string;
  phone_number_id: string;
  market: string;
  category: string;
  pricing_type: string;
  unit_micros: number;
  amount_micros: number;
  currency: string;
  delivered_at: number;
};

export type Transfer = { transfer_id: string; kind: string; debit: string; credit: string; amount_micros: number; at: number };

export type Explanation = {
  charge: Charge;
  why: { step: string; value: string; because: string }[];
  price_version: { id: string; effective_from: number; effective_to: number | null } | null;
  transfers: Transfer[];
};

export type TemplateStatus = "PENDING" | "APPROVED" | "REJECTED";
export type Template = {
  template_id: string;
  waba_id: string;
  name: string;
  language: string;
  category: string;
  status: TemplateStatus;
  body: string;
};

export type OneTimeCode = { number: string; code: string; purpose: string; created_at: number; expires_at: number };

export type Overview = { accounts?: number; businesses?: number; messages_today?: number; connected?: number };

/** A number and the business that it belongs to. */
export type BusinessNumber = { business_id: string; waba_id: string; phone_number_id: string; display_phone_number: string; name: string; quality: string };

/** The list has no cursor of its own: the id of its last number leads on, until a page is empty. */
export function businessesQuery(token: string) {
  return infiniteQueryOptions({
    queryKey: ["operator", "businesses"],
    queryFn: ({ pageParam, signal }) => call<{ data: BusinessNumber[] }>(paths.businesses(pageParam), { token, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.data.at(-1)?.phone_number_id ?? null,
  });
}

/** The queries of one operator's token. */
export function operatorQueries(token: string) {
  return {
    overview: () =>
      queryOptions({ queryKey: ["operator", "overview"], queryFn: ({ signal }) => call<Overview>(paths.overview(), { token, signal }), refetchInterval: REFRESH_MS }),
    revenue: (of: RevenueOf) =>
      queryOptions({
        queryKey: ["operator", "revenue", of],
        queryFn: ({ signal }) => call<Revenue>(paths.revenue(of), { token, signal }),
        refetchInterval: REFRESH_MS,
        placeholderData: keepPreviousData,
      }),
    earnings: (currency: string | undefined) =>
      queryOptions({
        queryKey: ["operator", "earnings", currency],
        queryFn: ({ signal }) => call<Earnings>(paths.earnings(currency), { token, signal }),
        refetchInterval: REFRESH_MS,
        placeholderData: keepPreviousData,
      }),
    unpaid: (currency: string | undefined) =>
      queryOptions({
        queryKey: ["operator", "unpaid", currency],
        queryFn: ({ signal }) => call<Unpaid>(paths.unpaid(currency), { token, signal }),
        refetchInterval: REFRESH_MS,
        placeholderData: keepPreviousData,
      }),
    business: (id: string) => queryOptions({ queryKey: ["operator", "business", id], queryFn: ({ signal }) => call<WholeBusiness>(paths.customer(id), { token, signal }), refetchInterval: REFRESH_MS }),
    charges: () => pages<Charge>(token, ["operator", "charges"], (after) => paths.charges({ limit: PAGE_ROWS, after })),
    deliveries: deliveryQueries(token, "operator"),
    invoices: invoiceQueries(token, "operator"),
    charge: (id: string) =>
      queryOptions({ queryKey: ["operator", "charge", id], queryFn: ({ signal }) => call<Explanation>(paths.charge(id), { token, signal }) }),
    templates: (status: TemplateStatus) =>
      queryOptions({
        queryKey: ["operator", "templates", status],
        queryFn: async ({ signal }) => (await call<{ data: Template[] }>(paths.templates(status), { token, signal })).data,
        refetchInterval: REFRESH_MS,
      }),
    outbox: () =>
      queryOptions({
        queryKey: ["operator", "outbox"],
        queryFn: async ({ signal }) => (await call<{ data: OneTimeCode[] }>(paths.outbox(), { token, signal })).data,
        refetchInterval: REFRESH_MS,
      }),
  };
}

/** What an operator can do. */
export const operatorCalls = {
  approve: (token: string, templateId: string) => call<unknown>(paths.approveTemplate(templateId), { method: "POST", token }),
  reject: (token: string, templateId: string, reason: string) =>
    call<unknown>(paths.rejectTemplate(templateId), { method: "POST", token, body: { reason } }),
  /** Whether a token opens the console; throws when it does not. */
  check: (token: string) => call<Overview>(paths.overview(), { token }),
  /** The sandbox hands its token out; elsewhere there is no such page. */
  sandboxToken: () => call<{ operator_token: string }>(paths.sandboxSession()),
};
