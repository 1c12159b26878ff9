/**
 * # Plans and verification
 *
 * What a business and the operator ask about them: the same shapes below `/manager/api` and `/operator/api`.
 */
import { queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { Problem, call, download, upload } from "./http";
import { REFRESH_MS } from "./pages";

export type Term = "month" | "year";
export type Price = { term: Term | "once"; currency: string; amount_micros: number };
export type Plan = {
  key: string;
  audience: "business" | "person";
  name: string;
  summary: string;
  trial_days: number;
  grace_days: number;
  is_offered: boolean;
  prices: Price[];
  entitlements: Record<string, number | true>;
  /** Packs of stickers that it gives one by one. */
  packs: string[];
};
export type SubscriptionStatus = "trialing" | "active" | "past_due" | "paused" | "canceled" | "ended";
export type Subscription = {
  subscription_id: string;
  business_id: string;
  plan: string;
  term: Term;
  currency: string;
  price_micros: number;
  status: SubscriptionStatus;
  is_live: boolean;
  /** Days: `2026-11-28`. */
  from: string;
  to: string;
  trial_days: number;
  grace_until: string | null;
  paused_days: number | null;
  cancel_at_end: boolean;
  created_at: number;
  ended_at: number | null;
};
export type Step = { kind: string; actor: string; details: string; at: number };
export type OwnPlan = {
  plans: Plan[];
  subscription: Subscription | null;
  had_trial: boolean;
  balance: { currency: string; available_micros: number };
  steps: Step[];
  /** Public pages of its numbers, while the plan gives them. */
  pages: { name: string; path: string }[];
};
export type Quote = {
  currency: string;
  price_micros: number;
  credit_micros: number;
  charge_micros: number;
  due_micros: number;
  days: number;
  days_of_term: number;
  next_payment: string;
  is_trial: boolean;
};

export type VerificationStatus = "draft" | "pending" | "seconded" | "more_wanted" | "approved" | "rejected" | "withdrawn";
export type DocumentKind = "registration" | "tax" | "address" | "identity" | "other";
export type Document = { document_id: string; kind: DocumentKind; name: string; media_type: string; bytes: number; added_at: number };
export type Application = { legal_name: string; registration_number: string; address: string; website: string };
export type Verification = Application & {
  business_id: string;
  status: VerificationStatus;
  submitted_at: number | null;
  decided_at: number | null;
  reason: string;
  words: string;
  documents: Document[];
  missing: string[];
  shows_badge: boolean;
  steps: Step[];
};
export type Review = Verification & {
  name: string;
  country: string;
  reports: number;
  approved_by: string | null;
  subscription: Subscription | null;
  four_eyes: boolean;
  /** Who is signed in. */
  reviewer: string;
  reasons: { reason: string; what: string }[];
};
export type Waiting = { business_id: string; name: string; status: VerificationStatus; legal_name: string; submitted_at: number | null; decided_at: number | null; approved_by: string | null; reports: number };
export type Decision = "approve" | "reject" | "ask" | "withdraw" | "dismiss";
export type Subscriber = Subscription & { name: string };
export type Catalog = { data: Plan[]; unearned: { currency: string; amount_micros: number }[] };

/** Documents that the server takes. */
export const DOCUMENT_BYTES_MAX = 10 * 1024 * 1024;
export const DOCUMENT_TYPES = "application/pdf,image/png,image/jpeg";

/** A business's own. */
export function planQueries(token: string) {
  return {
    plan: () => queryOptions({ queryKey: ["manager", "plan"], queryFn: ({ signal }) => call<OwnPlan>(paths.plan(), { token, signal }), refetchInterval: REFRESH_MS }),
    quote: (plan: string, term: Term) =>
      queryOptions({ queryKey: ["manager", "plan", "quote", plan, term], queryFn: ({ signal }) => call<Quote>(paths.planQuote(plan, term), { token, signal }), staleTime: 0 }),
    verification: () => queryOptions({ queryKey: ["manager", "verification"], queryFn: ({ signal }) => call<Verification>(paths.verification(), { token, signal }), refetchInterval: REFRESH_MS }),
  };
}

export function planCalls(token: string) {
  const post = <Answer = Subscription>(path: string, body: unknown = {}) => call<Answer>(path, { method: "POST", token, body });
  return {
    start: (plan: string, term: Term, trial: boolean) => post(paths.plan(), { plan, term, trial }),
    change: (plan: string, term: Term) => post(paths.planStep("change"), { plan, term }),
    cancel: (when: "now" | "at_end") => post(paths.planStep("cancel"), { when }),
    step: (step: "keep" | "pause" | "resume" | "pay") => post(paths.planStep(step)),
    save: (application: Application) => call<Verification>(paths.verification(), { method: "PUT", token, body: application }),
    submit: () => post<Verification>(paths.submitVerification()),
    addDocument: (kind: DocumentKind, file: File) => {
      if (file.size > DOCUMENT_BYTES_MAX) throw new Problem(413, "too_large", `${file.name} is larger than 10 MB. Send a smaller scan.`, null);
      return upload<Document>(paths.addDocument(kind, file.name), { method: "POST", token, file });
    },
    removeDocument: (documentId: string) => call<unknown>(paths.document("manager", documentId), { method: "DELETE", token }),
  };
}

/** The operator's. */
export function reviewQueries(token: string) {
  return {
    waiting: (status: VerificationStatus | undefined) =>
      queryOptions({
        queryKey: ["operator", "verifications", status ?? "waiting"],
        queryFn: async ({ signal }) => (await call<{ data: Waiting[] }>(paths.verifications(status), { token, signal })).data,
        refetchInterval: REFRESH_MS,
      }),
    review: (businessId: string) => queryOptions({ queryKey: ["operator", "verifications", "one", businessId], queryFn: ({ signal }) => call<Review>(paths.review(businessId), { token, signal }) }),
    plans: () => queryOptions({ queryKey: ["operator", "plans"], queryFn: ({ signal }) => call<Catalog>(paths.plans(), { token, signal }) }),
    subscribers: () =>
      queryOptions({ queryKey: ["operator", "subscribers"], queryFn: async ({ signal }) => (await call<{ data: Subscriber[] }>(paths.subscribers(), { token, signal })).data, refetchInterval: REFRESH_MS }),
  };
}

export const decide = (token: string, businessId: string, decision: Decision, body: { reason: string; words: string }) => call<Review>(paths.decide(businessId, decision), { method: "POST", token, body });

export const openDocument = (token: string, documentId: string) => download(paths.document("operator", documentId), { token });
