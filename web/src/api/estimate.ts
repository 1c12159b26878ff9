/** What a send would cost, what campaigns cost, whom invoices name: `/manager/api/billing` with the business's token. */
import { queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import type { CapAction, CapPeriod, CapScope } from "./billing";
import { call } from "./http";
import { REFRESH_MS } from "./pages";

export type EstimateLine = { market: string; category: string; pricing_type: string; tier: string | null; unit_micros: number; messages: number; amount_micros: number; most_micros: number };
export type Audience = { people: number; known: number; unknown: number; own: number; in_service_window: number; in_free_entry_point: number; stopped: number; blocked: number; window_closed: number; places: number };
export type Estimate = {
  template: { id: string; name: string; language: string; status: string } | null;
  category: string;
  currency: string;
  lines: EstimateLine[];
  messages: number;
  unpriced: number;
  amount_micros: number;
  most_micros: number;
  available_micros: number;
  standing: "good" | "late" | "throttled" | "suspended";
  caps: { cap_id: string; owner: "operator" | "business"; scope: CapScope; subject: string; period: CapPeriod; action: CapAction; limit_micros: number; spent_micros: number; is_exceeded: boolean }[];
  is_affordable: boolean;
  /** Null: markets were named. */
  audience: Audience | null;
  messaging_limit: { tier: string; people: number | null; people_max: number | null };
};
export type Idea = { phone_number_id: string; template_id?: string; category?: string; to?: string[]; markets?: { market: string; messages: number }[] };

export type Campaign = { name: string | null; category: string; messages: number; billable: number; amount_micros: number };
export type Campaigns = { period: string; currency: string; amount_micros: number; data: Campaign[]; more: number; more_amount_micros: number };
export type InvoiceProfile = { name: string; street: string; postal_code: string; city: string; country: string; tax_id: string; email: string; is_tax_inclusive?: boolean };
export type BankAccount = { name: string; iban: string; bic: string; email: string };

export function estimateQueries(token: string) {
  return {
    markets: () => queryOptions({ queryKey: ["manager", "markets"], queryFn: async ({ signal }) => (await call<{ data: string[] }>(paths.markets(), { token, signal })).data, staleTime: REFRESH_MS * 60 }),
    campaigns: (period: string | undefined) =>
      queryOptions({ queryKey: ["billing", "campaigns", period ?? "now"], queryFn: ({ signal }) => call<Campaigns>(paths.campaigns(period), { token, signal }), refetchInterval: REFRESH_MS }),
    profile: () => queryOptions({ queryKey: ["billing", "profile"], queryFn: async ({ signal }) => (await call<{ profile: InvoiceProfile | null }>(paths.invoiceProfile(), { token, signal })).profile }),
    bankAccount: () => queryOptions({ queryKey: ["billing", "bank-account"], queryFn: ({ signal }) => call<BankAccount>(paths.bankAccount(), { token, signal }), retry: false }),
  };
}

export function estimateCalls(token: string) {
  return {
    estimate: (idea: Idea) => call<Estimate>(paths.estimate(), { method: "POST", token, body: idea }),
    setProfile: (profile: InvoiceProfile) => call<unknown>(paths.invoiceProfile(), { method: "POST", token, body: profile }),
  };
}
