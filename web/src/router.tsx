/**
 * # The pages
 *
 * The whole map of addresses on one screen. What a page shows is in its address (which conversation, which charge,
 * which period), so that Back works and an address can be sent to somebody.
 */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect, retainSearchParams } from "@tanstack/react-router";
import type { DeliveryState } from "./api/deliveries";
import type { Term } from "./api/plans";
import { INVOICE_STATES } from "./api/invoices";
import type { InvoiceStatus } from "./api/invoices";
import type { TemplateStatus } from "./api/operator";
import type { BookKind } from "./api/priceBooks";
import { PERIODS, SPLITS } from "./api/revenue";
import type { AnalyticsDays } from "./features/manager/Analytics";
import type { ExplorerSearch } from "./features/manager/Explorer";
import type { LogSearch } from "./features/manager/Messages";
import type { TemplateStatus as OwnTemplateStatus } from "./features/manager/Templates";
import type { WebhookSearch } from "./features/manager/Webhooks";
import type { DraftSearch } from "./features/operator/PriceDraft";
import type { RevenueSearch } from "./features/operator/Revenue";
import type { QueueView } from "./features/operator/Verifications";
import type { Became } from "./features/operator/prices";
import { NotFound } from "./routes/not-found";
import { Root } from "./routes/root";

function text(value: unknown): string | undefined {
  // The router reads +999… and 42 as numbers; an address means texts.
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function oneOf<const Value extends string>(value: unknown, values: readonly Value[]): Value | undefined {
  return values.find((each) => each === value);
}

/** What of these is there; an address has no empty members. */
function some<Search extends Record<string, string | undefined>>(search: Search): { [Name in keyof Search]?: Exclude<Search[Name], undefined> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as { [Name in keyof Search]?: Exclude<Search[Name], undefined> };
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const front = createRoute({ getParentRoute: () => root, path: "/", component: lazyRouteComponent(() => import("./routes/front"), "FrontPage") });

const chat = createRoute({
  getParentRoute: () => root,
  path: "/chat",
  validateSearch: (search): { to?: string; join?: string } => some({ to: text(search["to"]), join: text(search["join"]) }),
  component: lazyRouteComponent(() => import("./routes/chat"), "ChatPage"),
});
/** The invite link of a group. */
const invitation = createRoute({
  getParentRoute: () => root,
  path: "/g/$code",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/chat", search: { join: params.code }, replace: true });
  },
});
const chatHome = createRoute({ getParentRoute: () => chat, path: "/", component: lazyRouteComponent(() => import("./routes/chat-conversation"), "NoConversation") });
const conversation = createRoute({
  getParentRoute: () => chat,
  path: "$conversationId",
  component: lazyRouteComponent(() => import("./routes/chat-conversation"), "ConversationPage"),
});

const operator = createRoute({ getParentRoute: () => root, path: "/operator", component: lazyRouteComponent(() => import("./routes/operator"), "OperatorPage") });
const operatorHome = createRoute({
  getParentRoute: () => operator,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/operator/revenue", search: { period: "today", by: "category" }, replace: true });
  },
});
const revenue = createRoute({
  getParentRoute: () => operator,
  path: "revenue",
  validateSearch: (search): RevenueSearch => {
    const [from, to] = [text(search["from"]), text(search["to"])];
    const period = oneOf(search["period"], PERIODS) ?? "today";
    // Days without a first and a last one are none.
    const days = period === "days" && from !== undefined && to !== undefined ? { from, to } : {};
    return {
      period: period === "days" && !("from" in days) ? "today" : period,
      by: oneOf(search["by"], SPLITS) ?? "category",
      ...days,
      ...some({ currency: text(search["currency"]), view: oneOf(search["view"], ["table"]) }),
    };
  },
  component: lazyRouteComponent(() => import("./routes/operator-revenue"), "RevenuePage"),
});
const growth = createRoute({
  getParentRoute: () => operator,
  path: "growth",
  validateSearch: (search): { currency?: string } => some({ currency: text(search["currency"]) }),
  component: lazyRouteComponent(() => import("./routes/operator-growth"), "GrowthPage"),
});
const charges = createRoute({
  getParentRoute: () => operator,
  path: "charges",
  validateSearch: (search): { category?: string; market?: string } => {
    const category = text(search["category"]);
    const market = text(search["market"]);
    return { ...(category === undefined ? {} : { category }), ...(market === undefined ? {} : { market }) };
  },
  component: lazyRouteComponent(() => import("./routes/operator-charges"), "ChargesPage"),
});
const charge = createRoute({
  getParentRoute: () => operator,
  path: "charges/$chargeId",
  component: lazyRouteComponent(() => import("./routes/operator-charges"), "ChargePage"),
});
const invoices = createRoute({
  getParentRoute: () => operator,
  path: "invoices",
  validateSearch: (search): { status?: InvoiceStatus } => some({ status: oneOf(search["status"], INVOICE_STATES) }),
  component: lazyRouteComponent(() => import("./routes/operator-invoices"), "InvoicesPage"),
});
const invoice = createRoute({ getParentRoute: () => operator, path: "invoices/$invoiceId", component: lazyRouteComponent(() => import("./routes/operator-invoices"), "InvoicePage") });
const webhooks = createRoute({
  getParentRoute: () => operator,
  path: "webhooks",
  validateSearch: (search): { state?: DeliveryState; delivery?: string } => {
    const state = oneOf(search["state"], ["pending", "delivered", "dead"]);
    const delivery = text(search["delivery"]);
    return { ...(state === undefined ? {} : { state }), ...(delivery === undefined ? {} : { delivery }) };
  },
  component: lazyRouteComponent(() => import("./routes/operator-webhooks"), "WebhooksPage"),
});
const templates = createRoute({
  getParentRoute: () => operator,
  path: "templates",
  validateSearch: (search): { status: TemplateStatus } => ({ status: oneOf(search["status"], ["PENDING", "APPROVED", "REJECTED"]) ?? "PENDING" }),
  component: lazyRouteComponent(() => import("./routes/operator-templates"), "TemplatesPage"),
});
const verifications = createRoute({
  getParentRoute: () => operator,
  path: "verifications",
  validateSearch: (search): { view?: QueueView } => some({ view: oneOf(search["view"], ["waiting", "approved", "more_wanted", "rejected", "withdrawn"]) }),
  component: lazyRouteComponent(() => import("./routes/operator-verifications"), "VerificationsPage"),
});
const review = createRoute({
  getParentRoute: () => operator,
  path: "verifications/$businessId",
  component: lazyRouteComponent(() => import("./routes/operator-verifications"), "ReviewPage"),
});
const plans = createRoute({ getParentRoute: () => operator, path: "plans", component: lazyRouteComponent(() => import("./routes/operator-verifications"), "PlansPage") });
const BECAME = ["rose", "fell", "came", "went"] as const;
const operatorPrices = createRoute({
  getParentRoute: () => operator,
  path: "prices",
  validateSearch: (search): { kind?: BookKind } => some({ kind: oneOf(search["kind"], ["list", "calls", "contract"]) }),
  component: lazyRouteComponent(() => import("./routes/operator-prices"), "PriceBooksPage"),
});
const priceBook = createRoute({ getParentRoute: () => operator, path: "prices/$bookId", component: lazyRouteComponent(() => import("./routes/operator-prices"), "PriceBookPage") });
const priceVersion = createRoute({
  getParentRoute: () => operator,
  path: "prices/$bookId/versions/$versionId",
  validateSearch: (search): { market?: string } => some({ market: text(search["market"]) }),
  component: lazyRouteComponent(() => import("./routes/operator-prices"), "PriceVersionPage"),
});
const priceDraft = createRoute({
  getParentRoute: () => operator,
  path: "prices/$bookId/drafts/$draftId",
  validateSearch: (search): DraftSearch =>
    some({
      view: oneOf(search["view"], ["changes", "preview", "prices"]),
      show: oneOf(search["show"], BECAME),
      period: text(search["period"]),
      by: oneOf(search["by"], ["category", "market"]),
      market: text(search["market"]),
    }),
  component: lazyRouteComponent(() => import("./routes/operator-prices"), "PriceDraftPage"),
});
const priceCompare = createRoute({
  getParentRoute: () => operator,
  path: "prices/$bookId/compare",
  validateSearch: (search): { from?: string; to?: string; show?: Became } => some({ from: text(search["from"]), to: text(search["to"]), show: oneOf(search["show"], BECAME) }),
  component: lazyRouteComponent(() => import("./routes/operator-prices"), "PriceComparePage"),
});
const audit = createRoute({ getParentRoute: () => operator, path: "audit", component: lazyRouteComponent(() => import("./routes/operator-verifications"), "AuditPage") });
const unpaid = createRoute({
  getParentRoute: () => operator,
  path: "unpaid",
  validateSearch: (search): { currency?: string } => some({ currency: text(search["currency"]) }),
  component: lazyRouteComponent(() => import("./routes/operator-invoices"), "UnpaidPage"),
});
const dunning = createRoute({ getParentRoute: () => operator, path: "reminders", component: lazyRouteComponent(() => import("./routes/operator-reminders"), "RemindersPage") });
const settings = createRoute({ getParentRoute: () => operator, path: "invoice-settings", component: lazyRouteComponent(() => import("./routes/operator-invoice-settings"), "InvoiceSettingsPage") });
const stickers = createRoute({ getParentRoute: () => operator, path: "stickers", component: lazyRouteComponent(() => import("./routes/operator-stickers"), "OperatorStickersPage") });
const purchases = createRoute({ getParentRoute: () => operator, path: "purchases", component: lazyRouteComponent(() => import("./routes/operator-purchases"), "OperatorPurchasesPage") });
const operatorPayments = createRoute({ getParentRoute: () => operator, path: "payments", component: lazyRouteComponent(() => import("./routes/operator-payments"), "OperatorPaymentsPage") });
const businesses = createRoute({ getParentRoute: () => operator, path: "businesses", component: lazyRouteComponent(() => import("./routes/operator-businesses"), "BusinessesPage") });
const business = createRoute({ getParentRoute: () => operator, path: "businesses/$businessId", component: lazyRouteComponent(() => import("./routes/operator-businesses"), "BusinessPage") });
const outbox = createRoute({ getParentRoute: () => operator, path: "outbox", component: lazyRouteComponent(() => import("./routes/operator-outbox"), "OutboxPage") });

const manager = createRoute({
  getParentRoute: () => root,
  path: "/manager",
  validateSearch: (search): { account?: string } => some({ account: text(search["account"]) }),
  // Which account is looked at goes along from page to page.
  search: { middlewares: [retainSearchParams(["account"])] },
  component: lazyRouteComponent(() => import("./routes/manager"), "ManagerPage"),
});
const managerHome = createRoute({
  getParentRoute: () => manager,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/manager/numbers", replace: true });
  },
});
const numbers = createRoute({
  getParentRoute: () => manager,
  path: "numbers",
  validateSearch: (search): { number?: string } => some({ number: text(search["number"]) }),
  component: lazyRouteComponent(() => import("./routes/manager-numbers"), "NumbersPage"),
});
const ownTemplates = createRoute({
  getParentRoute: () => manager,
  path: "templates",
  validateSearch: (search): { status?: OwnTemplateStatus; name?: string } =>
    some({ status: oneOf(search["status"], ["APPROVED", "PENDING", "REJECTED", "PAUSED"]), name: text(search["name"]) }),
  component: lazyRouteComponent(() => import("./routes/manager-templates"), "TemplatesPage"),
});
const newTemplate = createRoute({ getParentRoute: () => manager, path: "templates/new", component: lazyRouteComponent(() => import("./routes/manager-templates"), "NewTemplatePage") });
const template = createRoute({ getParentRoute: () => manager, path: "templates/$templateId", component: lazyRouteComponent(() => import("./routes/manager-templates"), "TemplatePage") });
const editTemplate = createRoute({
  getParentRoute: () => manager,
  path: "templates/$templateId/edit",
  component: lazyRouteComponent(() => import("./routes/manager-templates"), "EditTemplatePage"),
});
const messages = createRoute({
  getParentRoute: () => manager,
  path: "messages",
  validateSearch: (search): LogSearch =>
    some({
      number: text(search["number"]),
      person: text(search["person"]),
      direction: oneOf(search["direction"], ["in", "out"]),
      status: oneOf(search["status"], ["received", "sent", "delivered", "read", "failed"]),
      category: text(search["category"]),
      period: oneOf(search["period"], ["day", "week", "month"]),
    }),
  component: lazyRouteComponent(() => import("./routes/manager-messages"), "MessagesPage"),
});
const message = createRoute({ getParentRoute: () => manager, path: "messages/$messageId", component: lazyRouteComponent(() => import("./routes/manager-messages"), "MessagePage") });
const ownWebhooks = createRoute({
  getParentRoute: () => manager,
  path: "webhooks",
  validateSearch: (search): WebhookSearch =>
    some({
      view: oneOf(search["view"], ["subscriptions"]),
      state: oneOf(search["state"], ["pending", "delivered", "dead"]),
      field: text(search["field"]),
      delivery: text(search["delivery"]),
    }),
  component: lazyRouteComponent(() => import("./routes/manager-webhooks"), "WebhooksPage"),
});
const ownInvoices = createRoute({
  getParentRoute: () => manager,
  path: "billing/invoices",
  validateSearch: (search): { status?: InvoiceStatus } => some({ status: oneOf(search["status"], INVOICE_STATES) }),
  component: lazyRouteComponent(() => import("./routes/manager-invoices"), "InvoicesPage"),
});
const ownInvoice = createRoute({ getParentRoute: () => manager, path: "billing/invoices/$invoiceId", component: lazyRouteComponent(() => import("./routes/manager-invoices"), "InvoicePage") });
const flows = createRoute({ getParentRoute: () => manager, path: "flows", component: lazyRouteComponent(() => import("./routes/manager-flows"), "FlowsPage") });
const flow = createRoute({ getParentRoute: () => manager, path: "flows/$flowId", component: lazyRouteComponent(() => import("./routes/manager-flows"), "FlowPage") });
const qrCodes = createRoute({
  getParentRoute: () => manager,
  path: "qr-codes",
  validateSearch: (search): { number?: string } => some({ number: text(search["number"]) }),
  component: lazyRouteComponent(() => import("./routes/manager-qr-codes"), "QrCodesPage"),
});
const groups = createRoute({
  getParentRoute: () => manager,
  path: "groups",
  validateSearch: (search): { number?: string; group?: string } => some({ number: text(search["number"]), group: text(search["group"]) }),
  component: lazyRouteComponent(() => import("./routes/manager-groups"), "GroupsPage"),
});
const analytics = createRoute({
  getParentRoute: () => manager,
  path: "analytics",
  validateSearch: (search): { days?: AnalyticsDays } => some({ days: oneOf(search["days"], ["7", "30", "90"]) }),
  component: lazyRouteComponent(() => import("./routes/manager-analytics"), "AnalyticsPage"),
});
const payments = createRoute({ getParentRoute: () => manager, path: "payments", component: lazyRouteComponent(() => import("./routes/manager-payments"), "PaymentsPage") });
const CARD_PAGE = "/manager/payments/card";
const card = createRoute({
  getParentRoute: () => manager,
  path: "payments/card",
  validateSearch: (search): { payment?: string } => some({ payment: text(search["payment"]) }),
  component: lazyRouteComponent(() => import("./routes/manager-card"), "CardPage"),
});
const keys = createRoute({ getParentRoute: () => manager, path: "keys", component: lazyRouteComponent(() => import("./routes/manager-keys"), "KeysPage") });
const ownPlan = createRoute({
  getParentRoute: () => manager,
  path: "plan",
  validateSearch: (search): { term?: Term } => some({ term: oneOf(search["term"], ["month", "year"]) }),
  component: lazyRouteComponent(() => import("./routes/manager-plan"), "PlanPage"),
});
const ownVerification = createRoute({ getParentRoute: () => manager, path: "verification", component: lazyRouteComponent(() => import("./routes/manager-plan"), "VerificationPage") });
const billing = createRoute({ getParentRoute: () => manager, path: "billing", component: lazyRouteComponent(() => import("./routes/manager-billing"), "BillingPage") });
const estimate = createRoute({ getParentRoute: () => manager, path: "billing/estimate", component: lazyRouteComponent(() => import("./routes/manager-estimate"), "EstimatePage") });
const explorer = createRoute({
  getParentRoute: () => manager,
  path: "explorer",
  validateSearch: (search): ExplorerSearch => some({ call: text(search["call"]), template: text(search["template"]) }),
  component: lazyRouteComponent(() => import("./routes/manager-explorer"), "ExplorerPage"),
});

const flowPreview = createRoute({
  getParentRoute: () => root,
  path: "/flow-preview/$flowId/$key",
  component: lazyRouteComponent(() => import("./routes/flow-preview"), "FlowPreviewPage"),
});

const tree = root.addChildren([
  front,
  flowPreview,
  chat.addChildren([chatHome, conversation]),
  invitation,
  operator.addChildren([operatorHome, revenue, growth, charges, charge, businesses, business, invoices, invoice, unpaid, operatorPayments, purchases, stickers, dunning, settings, plans, operatorPrices, priceBook, priceVersion, priceDraft, priceCompare, webhooks, templates, verifications, review, audit, outbox]),
  manager.addChildren([card, managerHome, numbers, ownTemplates, newTemplate, template, editTemplate, messages, message, analytics, ownWebhooks, flows, flow, groups, qrCodes, billing, estimate, ownInvoices, ownInvoice, payments, ownPlan, ownVerification, keys, explorer]),
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: "intent",
  scrollRestoration: true,
  // Texts stay texts: a phone number in an address is no number to compute with.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const kept = Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === "string");
    return kept.length === 0 ? "" : `?${new URLSearchParams(kept)}`;
  },
});

/**
 * The page that takes a card may alone run the provider's script, and a script lives as long as its document. So a document
 * that was loaded for it goes nowhere else: whatever leads away, a link, the palette or a redirect, loads the address anew.
 */
function keepToItself(page: string): void {
  if (window.location.pathname !== page) return;
  router.history.block({
    enableBeforeUnload: false,
    blockerFn: ({ nextLocation }) => {
      if (nextLocation.pathname === page) return false;
      window.location.assign(nextLocation.href);
      return true;
    },
  });
}
keepToItself(CARD_PAGE);

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
