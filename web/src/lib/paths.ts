/**
 * # Every address that the app calls
 *
 * In one place, so that a change of the server's surface shows as a change of one file. Page addresses belong to the
 * router, which checks them by type.
 */
const id = encodeURIComponent;

/** The version of the Cloud API that the consoles speak. */
export const GRAPH_VERSION = "v23.0";

/** A page of a list: how many rows, and the cursor of the page before. */
export type Page = { limit: number; after: string | null };

/** Whose console asks: their addresses differ in the first word. */
export type Console = "operator" | "manager";

/** What narrows a list; what is absent is left out. */
export type Filter = Record<string, string | number | undefined>;

function paged(path: string, page: Page, filter: Filter = {}): string {
  const query = new URLSearchParams({ limit: String(page.limit) });
  if (page.after !== null) query.set("after", page.after);
  for (const [name, value] of Object.entries(filter)) if (value !== undefined && value !== "") query.set(name, String(value));
  return `${path}?${query}`;
}

const invoices = (console: Console): string => (console === "operator" ? "/operator/api/invoices" : "/manager/api/billing/invoices");
const businessOf = (business: string): string => `/operator/api/businesses/${id(business)}`;
const bookOf = (book: string): string => `/operator/api/price-books/${id(book)}`;
const draftOf = (draft: string): string => `/operator/api/price-drafts/${id(draft)}`;
/** Below this the business itself, or the operator for it, changes what is capped and told. */
const moneyOf = (business: string | null): string => (business === null ? "/manager/api/billing" : businessOf(business));

export const paths = {
  world: () => "/demo/api/world",
  sandboxSession: () => "/_sandbox/session",
  overview: () => "/operator/api/overview",
  earnings: (currency: string | undefined) => `/operator/api/earnings${currency === undefined ? "" : `?currency=${currency}`}`,
  unpaid: (currency: string | undefined) => `/operator/api/unpaid${currency === undefined ? "" : `?currency=${currency}`}`,
  customer: (business: string) => businessOf(business),
  priceBooks: (after: string | null) => `/operator/api/price-books${after === null ? "" : `?after=${id(after)}`}`,
  priceBook: (book: string) => bookOf(book),
  contracts: () => "/operator/api/price-books/contracts",
  pricesOf: (book: string, version: string) => `${bookOf(book)}/versions/${id(version)}/prices`,
  exportPrices: (book: string, version: string) => `${bookOf(book)}/export?version=${id(version)}`,
  comparePrices: (book: string, from: string, to: string) => `${bookOf(book)}/compare?${new URLSearchParams({ from, to })}`,
  newDraft: (book: string) => `${bookOf(book)}/drafts`,
  priceDraft: (draft: string) => draftOf(draft),
  compareDraft: (draft: string) => `${draftOf(draft)}/compare`,
  previewDraft: (draft: string, period: string) => `${draftOf(draft)}/preview?period=${id(period)}`,
  publishDraft: (draft: string) => `${draftOf(draft)}/publish`,
  revenue: (of: Record<string, string>) => `/operator/api/revenue?${new URLSearchParams(of)}`,
  charges: (page: Page) => paged("/operator/api/charges", page),
  charge: (chargeId: string) => `/operator/api/charges/${id(chargeId)}`,
  webhookDeliveries: (console: Console, page: Page, filter: Filter) => paged(`/${console}/api/webhook-deliveries`, page, filter),
  webhookDelivery: (console: Console, deliveryId: string) => `/${console}/api/webhook-deliveries/${id(deliveryId)}`,
  resend: (console: Console, deliveryId: string) => `/${console}/api/webhook-deliveries/${id(deliveryId)}/resend`,
  invoices: (console: Console, page: Page, filter: Filter) => paged(invoices(console), page, filter),
  invoice: (console: Console, invoiceId: string) => `${invoices(console)}/${id(invoiceId)}`,
  invoiceDocument: (console: Console, invoiceId: string, document: string) => `${invoices(console)}/${id(invoiceId)}/${id(document)}`,
  outbox: () => "/operator/api/outbox",
  templates: (status: string) => `/operator/api/templates?status=${id(status)}`,
  approveTemplate: (templateId: string) => `/operator/api/templates/${id(templateId)}/approve`,
  sandboxBusiness: () => "/_sandbox/business",
  managerSession: () => "/manager/api/session",
  messages: (page: Page, filter: Filter) => paged("/manager/api/messages", page, filter),
  message: (messageId: string) => `/manager/api/messages/${id(messageId)}`,
  limits: (phone: string) => `/manager/api/numbers/${id(phone)}/limits`,
  analytics: (account: string, since: number) => `/manager/api/analytics?${new URLSearchParams({ account, since: String(since) })}`,
  operatorPayments: (page: Page, filter: Filter = {}) => paged("/operator/api/payments", page, filter),
  operatorPayment: (paymentId: string) => `/operator/api/payments/${id(paymentId)}`,
  reconciliation: () => "/operator/api/reconciliation",
  suspense: () => "/operator/api/suspense",
  exchanges: () => "/operator/api/exchanges",
  suspenseStep: (entryId: string, step: "assign" | "return" | "payout") => `/operator/api/suspense/${id(entryId)}/${step}`,
  storePayouts: () => "/operator/api/store-payouts",
  storeReports: () => "/operator/api/store-reports",
  bankStatements: () => "/operator/api/bank-statements",
  payments: (page: Page) => paged("/manager/api/payments", page),
  topUps: () => "/manager/api/payments",
  payment: (paymentId: string) => `/manager/api/payments/${id(paymentId)}`,
  paymentStep: (paymentId: string, step: "look-up" | "cancel" | "confirm") => `/manager/api/payments/${id(paymentId)}/${step}`,
  paymentMethods: () => "/manager/api/payment-methods",
  setUpMethod: () => "/manager/api/payment-methods/set-up",
  paymentMethod: (methodId: string) => `/manager/api/payment-methods/${id(methodId)}`,
  automaticTopUp: () => "/manager/api/automatic-top-up",
  businesses: (after: string | null) => `/operator/api/businesses${after === null ? "" : `?after=${id(after)}`}`,
  billing: (business: string | null) => (business === null ? "/manager/api/billing" : `${businessOf(business)}/billing`),
  caps: (business: string | null) => `${moneyOf(business)}/caps`,
  cap: (business: string | null, cap: string) => `${moneyOf(business)}/caps/${id(cap)}`,
  thresholds: (business: string | null) => `${moneyOf(business)}/thresholds`,
  creditLine: (business: string) => `${businessOf(business)}/credit-line`,
  promo: (business: string) => `${businessOf(business)}/promo`,
  estimate: () => "/manager/api/billing/estimate",
  markets: () => "/manager/api/billing/markets",
  campaigns: (period: string | undefined) => `/manager/api/billing/campaigns${period === undefined ? "" : `?period=${period}`}`,
  invoiceProfile: () => "/manager/api/billing/profile",
  bankAccount: () => "/manager/api/billing/bank-account",
  payInvoice: (invoiceId: string) => `${invoices("manager")}/${id(invoiceId)}/pay`,
  legalEntity: () => "/operator/api/legal-entity",
  taxRates: () => "/operator/api/tax-rates",
  taxRate: (jurisdiction: string, from: number) => `/operator/api/tax-rates/${id(jurisdiction)}/${from}`,
  invoiceNumbers: () => "/operator/api/invoice-numbers",
  numbersOf: (kind: string) => `/operator/api/invoice-numbers/${id(kind)}`,
  dunning: () => "/operator/api/dunning",
  dunningSteps: () => "/operator/api/dunning-steps",
  dunningHold: (business: string) => `/operator/api/dunning/${id(business)}/hold`,
  mails: () => "/operator/api/mails",
  keys: () => "/manager/api/keys",
  key: (keyId: string) => `/manager/api/keys/${id(keyId)}`,
  /** The Cloud API: a node, an edge of it, and parameters. */
  graph: (path: string, parameters: Record<string, string> = {}) => {
    const query = new URLSearchParams(parameters).toString();
    return `/${GRAPH_VERSION}/${path}${query === "" ? "" : `?${query}`}`;
  },
  plan: () => "/manager/api/plan",
  planQuote: (plan: string, term: string) => `/manager/api/plan/quote?${new URLSearchParams({ plan, term })}`,
  planStep: (step: string) => `/manager/api/plan/${step}`,
  verification: () => "/manager/api/verification",
  submitVerification: () => "/manager/api/verification/submit",
  addDocument: (kind: string, name: string) => `/manager/api/verification/documents?${new URLSearchParams({ kind, name })}`,
  document: (console: Console, documentId: string) => `/${console}/api/verification/documents/${id(documentId)}`,
  verifications: (status: string | undefined) => `/operator/api/verifications${status === undefined ? "" : `?status=${id(status)}`}`,
  review: (businessId: string) => `/operator/api/verifications/${id(businessId)}`,
  decide: (businessId: string, decision: string) => `/operator/api/verifications/${id(businessId)}/${decision}`,
  audit: (page: Page, filter: Filter) => paged("/operator/api/audit", page, filter),
  plans: () => "/operator/api/plans",
  subscribers: () => "/operator/api/subscriptions",
  purchases: (page: Page, filter: Filter) => paged("/operator/api/purchases", page, filter),
  refundPurchase: (purchaseId: string) => `/operator/api/purchases/${id(purchaseId)}/refund`,
  stickerPacks: () => "/operator/api/sticker-packs",
  stickerPack: (pack: string) => `/operator/api/sticker-packs/${id(pack)}`,
  stickerPicture: (pack: string, name: string) => `/operator/api/sticker-packs/${id(pack)}/${id(name)}`,
  rejectTemplate: (templateId: string) => `/operator/api/templates/${id(templateId)}/reject`,
} as const;
