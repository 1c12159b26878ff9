/** How the network earns, as the operator's API tells it: one currency, amounts in micros, spans of `span_days` full days. */
import type { Subscription } from "./plans";

export type Traffic = { messages: number; list_micros: number; amount_micros: number };
export type Customer = { portfolio_id: string; name: string | null; amount_micros: number; before_micros: number; /** Charged today, which is in neither span. */ today_micros: number; messages: number };
export type Cohort = { month: number; months: { month: number; customers: number; amount_micros: number }[] };

export type Earnings = {
  currency: string;
  currencies: string[];
  span_days: number;
  last_micros: number;
  before_micros: number;
  run_rate_micros: number;
  month_micros: number;
  forecast_micros: number;
  /** If the days to come are weak, and if they are strong. */
  forecast_low_micros: number;
  forecast_high_micros: number;
  days: { at: number; paid: Traffic; free: Traffic }[];
  pricing_types: (Traffic & { pricing_type: string })[];
  customers: { count: number; top: Customer[]; growing: Customer[]; shrinking: Customer[] };
  cohorts: Cohort[];
  /** What the customers of each plan pay; without a plan: null. */
  plans: OfPlan[];
  near_tiers: NearTier[];
};

export type OfPlan = { plan: string | null; name: string | null; customers: number; usage_micros: number; monthly_micros: number };
export type NearTier = { portfolio_id: string; name: string | null; market: string; category: string; volume: number; tier_from: number; now_micros: number; then_micros: number };

export type Late = "current" | "1-30" | "31-60" | "61-90" | "over-90";
/** Open invoices by age, and who owes most. */
export type Unpaid = {
  currency: string;
  currencies: string[];
  ageing: { late: Late; invoices: number; amount_micros: number }[];
  debtors: { portfolio_id: string; name: string | null; invoices: number; due_at: number; amount_micros: number }[];
};

/** One business, as no list has it. */
export type WholeBusiness = {
  business_id: string;
  name: string;
  country: string;
  time_zone: string;
  created_at: number;
  shows_badge: boolean;
  subscription: Subscription | null;
  numbers: { phone_number_id: string; display_phone_number: string; name: string; quality: string }[];
  price_book_id: string;
  days: (Traffic & { at: number; category: string; pricing_type: string })[];
};
