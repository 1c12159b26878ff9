/**
 * # Every address that the app calls
 *
 * In one place, so that a change of the server's surface shows as a change of one file. Page addresses belong to the
 * router, which checks them by type.
 */
const id = encodeURIComponent;

/** A page of a list: how many rows, and the cursor of the page before. */
export type Page = { limit: number; after: string | null };

function paged(path: string, page: Page): string {
  const query = new URLSearchParams({ limit: String(page.limit) });
  if (page.after !== null) query.set("after", page.after);
  return `${path}?${query}`;
}

export const paths = {
  world: () => "/demo/api/world",
  sandboxSession: () => "/_sandbox/session",
  overview: () => "/operator/api/overview",
  revenue: (period: "today" | "month") => `/operator/api/revenue?period=${period}`,
  charges: (page: Page) => paged("/operator/api/charges", page),
  charge: (chargeId: string) => `/operator/api/charges/${id(chargeId)}`,
  webhookDeliveries: (page: Page) => paged("/operator/api/webhook-deliveries", page),
  resend: (deliveryId: string) => `/operator/api/webhook-deliveries/${id(deliveryId)}/resend`,
  outbox: () => "/operator/api/outbox",
  templates: (status: string) => `/operator/api/templates?status=${id(status)}`,
  approveTemplate: (templateId: string) => `/operator/api/templates/${id(templateId)}/approve`,
  rejectTemplate: (templateId: string) => `/operator/api/templates/${id(templateId)}/reject`,
} as const;
