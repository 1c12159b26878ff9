/** Webhook deliveries, as both consoles see them: the operator everybody's, a business its own. */
import { queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import type { Console } from "@/lib/paths";
import { call } from "./http";
import { PAGE_ROWS, REFRESH_MS, pages } from "./pages";

export type DeliveryState = "pending" | "delivered" | "dead";
export type WebhookDelivery = {
  delivery_id: string;
  waba_id: string;
  field: string;
  url: string;
  state: DeliveryState;
  attempts: number;
  next_attempt_at: number | null;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
  body: unknown;
};

/** One call of a delivery. */
export type DeliveryTry = { attempt: number; at: number; duration_ms: number; status: number | null; error: string | null; answer: string | null };
export type DeliveryWithTries = WebhookDelivery & { tries: DeliveryTry[] };

export type DeliveryFilter = { state: DeliveryState | undefined; field: string | undefined };

/** The queries and the one action of a console's token. */
export function deliveryQueries(token: string, console: Console) {
  return {
    key: [console, "webhook-deliveries"],
    list: (filter: DeliveryFilter) =>
      pages<WebhookDelivery>(token, [console, "webhook-deliveries", filter], (after) => paths.webhookDeliveries(console, { limit: PAGE_ROWS, after }, filter)),
    one: (id: string) =>
      queryOptions({
        queryKey: [console, "webhook-deliveries", "one", id],
        queryFn: ({ signal }) => call<DeliveryWithTries>(paths.webhookDelivery(console, id), { token, signal }),
        refetchInterval: REFRESH_MS,
      }),
    resend: (id: string) => call<{ ok: boolean }>(paths.resend(console, id), { method: "POST", token }),
  };
}

export type DeliveryQueries = ReturnType<typeof deliveryQueries>;
