/**
 * # A business's API
 *
 * What the console of a business asks: the Cloud API wherever that has words for it, as any client would, and
 * `/manager/api` for the rest (who is signed in, the log of messages, deliveries, keys).
 *
 * The Cloud API counts calls by the hour: its lists are read when they are looked at, and do not look for news.
 */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import type { Filter } from "@/lib/paths";
import { deliveryQueries } from "./deliveries";
import { invoiceQueries } from "./invoices";
import { Problem, call } from "./http";
import type { Explanation } from "./operator";
import type { DeliveryState } from "./deliveries";
import { PAGE_ROWS, REFRESH_MS, pages } from "./pages";

export type Account = { id: string; name: string };
export type Session = {
  business_id: string;
  name: string;
  app: { id: string; name: string | null };
  key_id: string;
  scopes: string[];
  expires_at: number | null;
  accounts: Account[];
  balance: { currency: string; available_micros: number; held_micros: number };
};

/** A list of the Cloud API. */
type Paging = { cursors?: { after?: string }; next?: string };
type Graph<Row> = { data: Row[]; paging?: Paging };

export type Health = { can_send_message: string; entities?: { entity_type: string; can_send_message: string; errors?: { error_description: string; possible_solution: string }[] }[] };
export type PhoneNumber = {
  id: string;
  display_phone_number: string;
  verified_name: string;
  quality_rating: string;
  status: string;
  name_status: string;
  code_verification_status: string;
  is_official_business_account: boolean;
  throughput: { level: string };
  whatsapp_business_manager_messaging_limit: string;
  webhook_configuration?: { application?: string; whatsapp_business_account?: string; phone_number?: string };
  username?: string;
  creation_time?: string;
  health_status?: Health;
};
const NUMBER_FIELDS =
  "display_phone_number,verified_name,quality_rating,status,name_status,code_verification_status,is_official_business_account,throughput,whatsapp_business_manager_messaging_limit,webhook_configuration,username,creation_time,health_status";

export type TemplateButton = { type: string; text?: string; url?: string; phone_number?: string; example?: string | string[]; flow_id?: string };
export type NamedExample = { param_name: string; example: string };
export type TemplateComponent = {
  type: string;
  format?: string;
  text?: string;
  buttons?: TemplateButton[];
  cards?: unknown[];
  example?: { header_text?: string[]; body_text?: string[][]; header_handle?: string[]; body_text_named_params?: NamedExample[]; header_text_named_params?: NamedExample[] };
  code_expiration_minutes?: number;
  add_security_recommendation?: boolean;
};
export type MessageTemplate = {
  id: string;
  name: string;
  language: string;
  status: string;
  category: string;
  parameter_format: string;
  components: TemplateComponent[];
  rejected_reason?: string;
  quality_score?: { score: string; date?: number };
};
const TEMPLATE_FIELDS = "name,language,status,category,parameter_format,components,rejected_reason,quality_score";

export type FlowRow = { id: string; name: string; status: string; categories: string[]; validation_errors: FlowFault[]; updated_at?: string; json_version?: string; data_api_version?: string; endpoint_uri?: string };
export type FlowFault = { error?: string; message: string; line_start?: number; column_start?: number };
const FLOW_FIELDS = "name,status,categories,validation_errors,updated_at,json_version,data_api_version,endpoint_uri";

export type QrCode = { code: string; prefilled_message: string; deep_link_url: string; qr_image_url: string; creation_time?: number };

export type GroupRow = { id: string; subject: string; created_at: string };
export type GroupPerson = { wa_id: string; user_id: string };
export type GroupDetails = {
  id: string;
  subject: string;
  description: string;
  suspended: boolean;
  creation_timestamp: number;
  join_approval_mode: string;
  participants: GroupPerson[];
};
export type JoinRequest = GroupPerson & { join_request_id: string; creation_timestamp: number };
export type NewGroup = { subject: string; description: string; join_approval_mode: string };

export type Subscriptions = {
  /** The app's own callback; absent: none is set. */
  app: { callback_url: string; fields: string[] } | null;
  /** The apps that hear of the account, each with the address that replaces its own. */
  account: { id: string; name: string; override: string | null }[];
};

export type MessageState = "received" | "sent" | "delivered" | "read" | "failed";
export type LoggedMessage = {
  message_id: string;
  waba_id: string;
  phone_number_id: string;
  direction: "in" | "out";
  kind: string;
  template: { id: string; name: string } | null;
  category: string | null;
  status: MessageState;
  at: number;
  person: { number: string; name: string; user_id: string } | null;
  charge: { amount_micros: number; currency: string } | null;
};
export type Told = { delivery_id: string; state: DeliveryState; attempts: number; url: string; error: string | null };
export type LifeStep = { status: MessageState; at: number; at_micros: number; webhooks: Told[] };
export type MessageLife = LoggedMessage & { steps: LifeStep[]; price: Explanation | null };

/** How much of a limit is used. What counts for each person has no `used`; what is switched off has no `max`. */
export type Limit = { name: string; used: number | null; max: number | null; window_s: number | null; code: number };
type Said = { all: number; last_day: number };
export type NumberLimits = {
  phone_number_id: string;
  quality: { rating: string; since: number | null; delivered: number; people: number; readable: number; read: number; blocks: Said; reports: Said };
  limits: Limit[];
};

export type Counts = { sent: number; delivered: number; read: number; failed: number };
export type Analytics = {
  since: number;
  until: number;
  currency: string;
  days: (Counts & { day: number })[];
  costs: { category: string; country: string; messages: number; amount_micros: number }[];
  templates: (Counts & { template_id: string; name: string; language: string; clicks: number; amount_micros: number })[];
  before: Counts & { amount_micros: number };
};

export type ApiKey = {
  key_id: string;
  name: string | null;
  ending: string | null;
  app_id: string;
  scopes: string[];
  issued_at: number;
  expires_at: number | null;
  is_delegated: boolean;
  is_own: boolean;
};

/** Everything on one page: accounts have few of these, and the Cloud API gives a hundred at a time. */
const GRAPH_ROWS_MAX = "100";

/** What belongs to this server has an address of its own here, whatever name the server calls itself by. */
export function localAddress(address: string): string {
  const url = new URL(address, location.origin);
  return url.protocol === "data:" ? address : url.pathname + url.search;
}

/** The queries of one token. */
export function managerQueries(token: string) {
  const graph = <Answer>(path: string, parameters: Record<string, string>, signal: AbortSignal) => call<Answer>(paths.graph(path, parameters), { token, signal });
  return {
    session: () => queryOptions({ queryKey: ["manager", "session", token], queryFn: ({ signal }) => call<Session>(paths.managerSession(), { token, signal }), staleTime: 30_000 }),
    numbers: (account: string) =>
      queryOptions({
        queryKey: ["manager", "numbers", account],
        queryFn: async ({ signal }) => (await graph<Graph<PhoneNumber>>(`${account}/phone_numbers`, { fields: NUMBER_FIELDS, limit: GRAPH_ROWS_MAX }, signal)).data,
      }),
    templates: (account: string, filter: { status: string | undefined; name: string | undefined }) =>
      infiniteQueryOptions({
        queryKey: ["manager", "templates", account, filter],
        queryFn: ({ pageParam, signal }) => {
          const parameters: Record<string, string> = { fields: TEMPLATE_FIELDS, limit: GRAPH_ROWS_MAX };
          if (filter.status !== undefined) parameters["status"] = filter.status;
          if (filter.name !== undefined) parameters["name_or_content"] = filter.name;
          if (pageParam !== null) parameters["after"] = pageParam;
          return graph<Graph<MessageTemplate>>(`${account}/message_templates`, parameters, signal);
        },
        initialPageParam: null as string | null,
        getNextPageParam: (page) => (page.paging?.next === undefined ? null : (page.paging.cursors?.after ?? null)),
      }),
    template: (id: string) => queryOptions({ queryKey: ["manager", "template", id], queryFn: ({ signal }) => graph<MessageTemplate>(id, { fields: TEMPLATE_FIELDS }, signal) }),
    flows: (account: string) =>
      queryOptions({
        queryKey: ["manager", "flows", account],
        queryFn: async ({ signal }) => (await graph<Graph<FlowRow>>(`${account}/flows`, { fields: FLOW_FIELDS, limit: GRAPH_ROWS_MAX }, signal)).data,
      }),
    flow: (id: string) =>
      queryOptions({
        queryKey: ["manager", "flow", id],
        queryFn: async ({ signal }) => {
          const [flow, assets] = await Promise.all([
            graph<FlowRow>(id, { fields: FLOW_FIELDS }, signal),
            graph<Graph<{ name: string; download_url: string }>>(`${id}/assets`, {}, signal),
          ]);
          const asset = assets.data[0];
          return { flow, document: asset === undefined ? null : await call<unknown>(localAddress(asset.download_url), { signal }) };
        },
      }),
    qrCodes: (phone: string) =>
      queryOptions({
        queryKey: ["manager", "qr", phone],
        queryFn: async ({ signal }) =>
          (await graph<Graph<QrCode>>(`${phone}/message_qrdls`, { fields: "code,prefilled_message,deep_link_url,creation_time,qr_image_url.format(SVG)", limit: GRAPH_ROWS_MAX }, signal)).data,
      }),
    groups: (phone: string) =>
      infiniteQueryOptions({
        queryKey: ["manager", "groups", phone],
        queryFn: ({ pageParam, signal }) =>
          graph<{ data: { groups: GroupRow[] }; paging?: Paging }>(`${phone}/groups`, { limit: GRAPH_ROWS_MAX, ...(pageParam === null ? {} : { after: pageParam }) }, signal),
        initialPageParam: null as string | null,
        getNextPageParam: (page) => (page.paging?.next === undefined ? null : (page.paging.cursors?.after ?? null)),
      }),
    group: (id: string) => queryOptions({ queryKey: ["manager", "group", id], queryFn: ({ signal }) => graph<GroupDetails>(id, {}, signal) }),
    inviteLink: (id: string) => queryOptions({ queryKey: ["manager", "invite-link", id], queryFn: async ({ signal }) => (await graph<{ invite_link: string }>(`${id}/invite_link`, {}, signal)).invite_link, retry: false }),
    joinRequests: (id: string) =>
      queryOptions({ queryKey: ["manager", "join-requests", id], queryFn: async ({ signal }) => (await graph<Graph<JoinRequest>>(`${id}/join_requests`, { limit: GRAPH_ROWS_MAX }, signal)).data }),
    subscriptions: (account: string, app: string) =>
      queryOptions({
        queryKey: ["manager", "subscriptions", account],
        queryFn: async ({ signal }): Promise<Subscriptions> => {
          type App = { whatsapp_business_api_data: { id: string; name: string }; override_callback_uri?: string };
          const [own, apps] = await Promise.all([
            graph<Graph<{ callback_url: string; fields: { name: string }[] }>>(`${app}/subscriptions`, {}, signal),
            graph<Graph<App>>(`${account}/subscribed_apps`, {}, signal),
          ]);
          const first = own.data[0];
          return {
            app: first === undefined ? null : { callback_url: first.callback_url, fields: first.fields.map((field) => field.name) },
            account: apps.data.map((each) => ({ id: each.whatsapp_business_api_data.id, name: each.whatsapp_business_api_data.name, override: each.override_callback_uri ?? null })),
          };
        },
      }),
    deliveries: deliveryQueries(token, "manager"),
    invoices: invoiceQueries(token, "manager"),
    messages: (filter: Filter) => pages<LoggedMessage>(token, ["manager", "messages", filter], (after) => paths.messages({ limit: PAGE_ROWS, after }, filter)),
    message: (id: string) => queryOptions({ queryKey: ["manager", "message", id], queryFn: ({ signal }) => call<MessageLife>(paths.message(id), { token, signal }), refetchInterval: REFRESH_MS }),
    limits: (phone: string) => queryOptions({ queryKey: ["manager", "limits", phone], queryFn: ({ signal }) => call<NumberLimits>(paths.limits(phone), { token, signal }), refetchInterval: REFRESH_MS }),
    analytics: (account: string, days: number) =>
      queryOptions({
        queryKey: ["manager", "analytics", account, days],
        queryFn: ({ signal }) => call<Analytics>(paths.analytics(account, Math.floor(Date.now() / 1000) - days * 86_400), { token, signal }),
        placeholderData: keepPreviousData,
        // It reads every message of that time: once a minute is news enough.
        refetchInterval: 60_000,
      }),
    keys: () => queryOptions({ queryKey: ["manager", "keys"], queryFn: async ({ signal }) => (await call<{ data: ApiKey[] }>(paths.keys(), { token, signal })).data }),
  };
}

export type NewTemplate = { name: string; language: string; category: string; components: TemplateComponent[]; parameter_format?: string };

/** What a business can do. */
export function managerCalls(token: string) {
  const post = <Answer = { success?: boolean }>(path: string, body: unknown = {}) => call<Answer>(paths.graph(path), { method: "POST", token, body });
  const remove = (path: string, parameters: Record<string, string> = {}) => call<unknown>(paths.graph(path, parameters), { method: "DELETE", token });
  return {
    createTemplate: (account: string, template: NewTemplate) => post<{ id: string; status: string }>(`${account}/message_templates`, template),
    editTemplate: (id: string, template: Pick<NewTemplate, "category" | "components">) => post(id, template),
    deleteTemplate: (account: string, name: string, id: string) => remove(`${account}/message_templates`, { name, hsm_id: id }),
    subscribe: (account: string, callback: { url: string; verifyToken: string } | null) =>
      post(`${account}/subscribed_apps`, callback === null ? {} : { override_callback_uri: callback.url, verify_token: callback.verifyToken }),
    unsubscribe: (account: string) => remove(`${account}/subscribed_apps`),
    createQr: (phone: string, message: string) => post<QrCode>(`${phone}/message_qrdls`, { prefilled_message: message, generate_qr_image: "SVG" }),
    deleteQr: (phone: string, code: string) => remove(`${phone}/message_qrdls/${code}`),
    createGroup: (phone: string, group: NewGroup) => post(`${phone}/groups`, { messaging_product: "whatsapp", ...group }),
    resetInviteLink: (group: string) => post<{ invite_link: string }>(`${group}/invite_link`, { messaging_product: "whatsapp" }),
    approveJoin: (group: string, request: string) => post(`${group}/join_requests`, { messaging_product: "whatsapp", join_requests: [request] }),
    rejectJoin: (group: string, request: string) =>
      call<unknown>(paths.graph(`${group}/join_requests`), { method: "DELETE", token, body: { messaging_product: "whatsapp", join_requests: [request] } }),
    createFlow: (account: string, name: string, category: string) => post<{ id: string }>(`${account}/flows`, { name, categories: [category] }),
    uploadFlow: (id: string, document: string) => post<{ validation_errors: FlowFault[] }>(`${id}/assets`, { name: "flow.json", asset_type: "FLOW_JSON", file: document }),
    publishFlow: (id: string) => post(`${id}/publish`),
    deprecateFlow: (id: string) => post(`${id}/deprecate`),
    deleteFlow: (id: string) => remove(id),
    createKey: (key: { name: string; scopes: string[]; expires_in_days?: number }) => call<{ key_id: string; access_token: string }>(paths.keys(), { method: "POST", token, body: key }),
    revokeKey: (id: string) => call<unknown>(paths.key(id), { method: "DELETE", token }),
  };
}

/** Whose token this is; throws when it opens no console. */
export function openSession(token: string): Promise<Session> {
  return call<Session>(paths.managerSession(), { token });
}

/** The demo hands out a token of its business; elsewhere there is no such page, and the answer is null. */
export const demoBusinessQuery = queryOptions({
  queryKey: ["sandbox-business"],
  queryFn: async ({ signal }): Promise<{ name: string; access_token: string } | null> => {
    try {
      return await call<{ name: string; access_token: string }>(paths.sandboxBusiness(), { signal });
    } catch (error) {
      if (error instanceof Problem) return null;
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
});
