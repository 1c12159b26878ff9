/** How the network earns, as the operator's API tells it: one currency, amounts in micros, spans of `span_days` full days. */
export type Traffic = { messages: number; list_micros: number; amount_micros: number };
export type Customer = { portfolio_id: string; name: string | null; amount_micros: number; before_micros: number; messages: number };
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
  days: { at: number; paid: Traffic; free: Traffic }[];
  pricing_types: (Traffic & { pricing_type: string })[];
  customers: { count: number; top: Customer[]; growing: Customer[]; shrinking: Customer[] };
  cohorts: Cohort[];
};
