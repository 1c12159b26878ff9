/** What a business pays with, what it paid in, and when it tops itself up: `/manager/api` with the business's token. */
import { queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { call } from "./http";
import { PAGE_ROWS, REFRESH_MS, pages } from "./pages";

export type PaymentState = "created" | "processing" | "requires_action" | "succeeded" | "failed" | "canceled";
export type Payment = {
  payment_id: string;
  provider: string;
  method_id: string | null;
  cause: "top_up" | "automatic" | "invoice";
  currency: string;
  amount_micros: number;
  refunded_micros: number;
  state: PaymentState;
  reference: string | null;
  action: string | null;
  /** What it pays, if that is an invoice. */
  invoice_id: string | null;
  failure: { code: string | null; message: string } | null;
  created_at: number;
};
export type PaymentMethod = { method_id: string; kind: string; brand: string; last4: string; expires: string; is_default: boolean };
/** `card_form`: where the provider's script is that takes cards in a page, and the key for it. */
export type PaymentMethods = { data: PaymentMethod[]; provider: string | null; card_form: { script_url: string; publishable_key: string } | null };
export type AutomaticTopUp = { is_enabled: boolean; threshold_micros: number; amount_micros: number; monthly_max_micros: number | null; paused_until: number | null };
export type NewTopUp = { amount: string; key: string; method_id?: string; by_bank_transfer?: boolean };

const KEY = ["manager", "payments"] as const;

export function paymentQueries(token: string) {
  return {
    list: () => pages<Payment>(token, [...KEY, "list"], (after) => paths.payments({ limit: PAGE_ROWS, after })),
    methods: () => queryOptions({ queryKey: [...KEY, "methods"], queryFn: ({ signal }) => call<PaymentMethods>(paths.paymentMethods(), { token, signal }) }),
    automatic: () => queryOptions({ queryKey: [...KEY, "automatic"], queryFn: ({ signal }) => call<AutomaticTopUp>(paths.automaticTopUp(), { token, signal }) }),
    /** One payment, looked at again while it is under way. */
    payment: (id: string, isOpen: boolean) =>
      queryOptions({ queryKey: [...KEY, "one", id], queryFn: ({ signal }) => call<Payment>(paths.payment(id), { token, signal }), refetchInterval: isOpen ? REFRESH_MS : false }),
  };
}

export function paymentCalls(token: string) {
  const post = <Answer>(path: string, body: unknown = {}) => call<Answer>(path, { method: "POST", token, body });
  return {
    topUp: (wish: NewTopUp) => post<Payment>(paths.topUps(), wish),
    payInvoice: (invoiceId: string, wish: { key: string; method_id?: string }) => post<Payment>(paths.payInvoice(invoiceId), wish),
    lookUp: (id: string) => post<Payment>(paths.paymentStep(id, "look-up")),
    cancel: (id: string) => post<Payment>(paths.paymentStep(id, "cancel")),
    confirm: (id: string, approve: boolean) => post<Payment>(paths.paymentStep(id, "confirm"), { approve }),
    /** Begins to add a card: what the provider's script needs. */
    setUp: () => post<{ client_secret: string }>(paths.setUpMethod()),
    addMethod: (given: string) => post<PaymentMethod>(paths.paymentMethods(), { token: given }),
    preferMethod: (id: string) => post<PaymentMethod>(`${paths.paymentMethod(id)}/default`),
    removeMethod: (id: string) => call<unknown>(paths.paymentMethod(id), { method: "DELETE", token }),
    setAutomatic: (settings: { is_enabled: boolean; threshold: string; amount: string; monthly_max: string }) => post<AutomaticTopUp>(paths.automaticTopUp(), settings),
  };
}
