/** The operator's side of invoices: who sends them, what is taxed, and what happens to who does not pay. */
import { queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { call } from "./http";
import { REFRESH_MS } from "./pages";

export type LegalEntity = {
  name: string;
  street: string;
  postal_code: string;
  city: string;
  country: string;
  tax_id: string;
  email: string;
  iban: string;
  bic: string;
  time_zone: string;
  grace_h: number;
  due_days: number;
};
export type TaxRate = { jurisdiction: string; effective_from: number; effective_to: number | null; ppm: number; name: string; reverse_charge: boolean };
export type NewTaxRate = { jurisdiction: string; effective_from: number; ppm: number; name: string; reverse_charge: boolean };
/** The numbers of a kind of document in a year; `next` is the one that comes next. */
export type InvoiceNumbers = { kind: "invoice" | "credit_note"; year: number; prefix: string; year_digits: number; digits: number; last: number; next: string };
export type NumberSeries = { year: number; prefix: string; year_digits: number; digits: number };
export type DunningAction = "mail" | "webhook" | "throttle" | "suspend";
export type DunningStep = { after_days: number; action: DunningAction };
export type Late = {
  business_id: string;
  name: string;
  standing: "late" | "throttled" | "suspended";
  overdue_since: number;
  steps_up_to_days: number | null;
  next: { action: DunningAction; at: number } | null;
  hold: { until: number; reason: string } | null;
};
export type Dunning = { steps: DunningStep[]; late: Late[] };
export type Mails = { is_configured: boolean; age_days_max: number; waiting: number; sent: number; failed: number; too_old: number };

const KEY = ["operator", "settings"] as const;

export function settingQueries(token: string) {
  return {
    key: KEY,
    entity: () => queryOptions({ queryKey: [...KEY, "entity"], queryFn: async ({ signal }) => (await call<{ legal_entity: LegalEntity | null }>(paths.legalEntity(), { token, signal })).legal_entity }),
    taxRates: () => queryOptions({ queryKey: [...KEY, "tax-rates"], queryFn: async ({ signal }) => (await call<{ data: TaxRate[] }>(paths.taxRates(), { token, signal })).data }),
    numbers: () => queryOptions({ queryKey: [...KEY, "numbers"], queryFn: async ({ signal }) => (await call<{ data: InvoiceNumbers[] }>(paths.invoiceNumbers(), { token, signal })).data }),
    dunning: () => queryOptions({ queryKey: [...KEY, "dunning"], queryFn: ({ signal }) => call<Dunning>(paths.dunning(), { token, signal }), refetchInterval: REFRESH_MS }),
    mails: () => queryOptions({ queryKey: [...KEY, "mails"], queryFn: ({ signal }) => call<Mails>(paths.mails(), { token, signal }), refetchInterval: REFRESH_MS }),
  };
}

export function settingCalls(token: string) {
  return {
    setEntity: (entity: LegalEntity) => call<unknown>(paths.legalEntity(), { method: "PUT", token, body: entity }),
    addTaxRate: (rate: NewTaxRate) => call<unknown>(paths.taxRates(), { method: "POST", token, body: rate }),
    takeTaxRateBack: (rate: TaxRate) => call<unknown>(paths.taxRate(rate.jurisdiction, rate.effective_from), { method: "DELETE", token }),
    setNumbers: (kind: InvoiceNumbers["kind"], series: NumberSeries) => call<unknown>(paths.numbersOf(kind), { method: "PUT", token, body: series }),
    setSteps: (steps: DunningStep[]) => call<unknown>(paths.dunningSteps(), { method: "POST", token, body: { steps } }),
    hold: (business: string, hold: { days: number; reason: string }) => call<unknown>(paths.dunningHold(business), { method: "POST", token, body: hold }),
    release: (business: string) => call<unknown>(paths.dunningHold(business), { method: "DELETE", token }),
  };
}
