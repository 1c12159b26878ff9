/** Words and small parts of plans and verification, the same in both consoles. */
import type { DocumentKind, Plan, Step, Subscription, SubscriptionStatus, VerificationStatus } from "@/api/plans";
import { money } from "@/lib/money";
import { Tag } from "./Tag";
import { Time } from "./Time";
import { words } from "./categories";

const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

/** A day such as `2026-11-28`, as people write it. */
export function dayName(text: string): string {
  const date = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? text : day.format(date);
}

const GIVES: Record<string, (value: number | true) => string> = {
  badge: () => "The badge beside your name",
  agents: (value) => `Up to ${Number(value).toLocaleString()} agents`,
  management_calls_per_hour: (value) => `${Number(value).toLocaleString()} API calls an hour`,
  api_keys: (value) => `Up to ${Number(value).toLocaleString()} API keys, for tills and terminals`,
  landing_page: () => "A public page of your business",
  accent_themes: () => "Accent colours",
  pinned_conversations: (value) => `${Number(value)} pinned conversations`,
  sticker_packs: () => "All sticker packs",
};

/** What a plan gives, in words; the badge first. */
export function gives(plan: Plan): string[] {
  const order = Object.keys(GIVES);
  return Object.entries(plan.entitlements)
    .toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    .map(([name, value]) => GIVES[name]?.(value) ?? words(name))
    .concat(plan.packs.map((pack) => `Sticker pack ${pack}`));
}

export function priceOf(plan: Plan, term: string, currency: string): string | null {
  const price = plan.prices.find((each) => each.term === term && each.currency === currency);
  return price === undefined ? null : money(price.amount_micros, price.currency);
}

const SUBSCRIPTION: Record<SubscriptionStatus, { label: string; tone: "good" | "attention" | "bad" | "plain" }> = {
  trialing: { label: "Trial", tone: "good" },
  active: { label: "Active", tone: "good" },
  past_due: { label: "Not paid", tone: "bad" },
  paused: { label: "Paused", tone: "attention" },
  canceled: { label: "Canceled", tone: "plain" },
  ended: { label: "Ended", tone: "plain" },
};

export function SubscriptionState({ subscription }: { subscription: Subscription }) {
  const { label, tone } = SUBSCRIPTION[subscription.status];
  if (subscription.is_live && subscription.cancel_at_end) return <Tag tone="attention">Ends on {dayName(subscription.to)}</Tag>;
  return <Tag tone={tone}>{label}</Tag>;
}

const VERIFICATION: Record<VerificationStatus, { label: string; tone: "good" | "attention" | "bad" | "plain" }> = {
  draft: { label: "Not applied", tone: "plain" },
  pending: { label: "In review", tone: "attention" },
  seconded: { label: "One of two approved", tone: "attention" },
  more_wanted: { label: "More wanted", tone: "attention" },
  approved: { label: "Verified", tone: "good" },
  rejected: { label: "Rejected", tone: "bad" },
  withdrawn: { label: "Withdrawn", tone: "bad" },
};

export function VerificationState({ status }: { status: VerificationStatus }) {
  const { label, tone } = VERIFICATION[status];
  return <Tag tone={tone}>{label}</Tag>;
}

export const DOCUMENT_KINDS: readonly { value: DocumentKind; label: string }[] = [
  { value: "registration", label: "Proof of registration" },
  { value: "tax", label: "Tax document" },
  { value: "address", label: "Proof of address" },
  { value: "identity", label: "Proof that you may act for it" },
  { value: "other", label: "Something else" },
];

export function kindOf(kind: DocumentKind): string {
  return DOCUMENT_KINDS.find((each) => each.value === kind)?.label ?? kind;
}

export function size(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${(bytes / 1024 / 1024).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1024))} KB`;
}

const STEPS: Record<string, string> = {
  document_added: "Document added",
  document_removed: "Document taken away",
  submitted: "Sent in",
  seconded: "Approved by the first of two",
  approved: "Approved",
  rejected: "Rejected",
  more_wanted: "Asked for more",
  withdrawn: "Withdrawn",
  reported: "Reported by a person",
  reports_dismissed: "Reports dismissed",
  started: "Started",
  renewed: "Paid",
  changed: "Changed",
  past_due: "Not paid",
  paused: "Paused",
  resumed: "Resumed",
  cancel_at_end: "Canceled at its end",
  kept: "Cancellation taken back",
  canceled: "Canceled",
  ended: "Ended",
};

export function stepName(kind: string): string {
  return STEPS[kind] ?? words(kind);
}

/** Who it was: `operator:Ada` is Ada. */
export function actorName(actor: string): string {
  const [kind = "", name = ""] = actor.split(":");
  if (kind === "app") return "The business";
  if (kind === "person") return "Somebody";
  if (kind === "system") return "By itself";
  if (kind === "command line") return "The command line";
  return name === "" ? "The operator" : name;
}

/** What happened, the latest first. */
export function Steps({ steps }: { steps: readonly Step[] }) {
  return (
    <ol className="divide-y rounded-14 border bg-surface">
      {steps.map((step, n) => (
        // oxlint-disable-next-line react/no-array-index-key -- steps have no id, and only grow at the front
        <li key={`${step.at} ${step.kind} ${steps.length - n}`} className="flex flex-wrap items-baseline gap-x-3 px-4 py-2.5">
          <span className="font-medium">{stepName(step.kind)}</span>
          <span className="min-w-0 grow text-13 break-words text-muted">{step.details}</span>
          <span className="text-13 text-muted">
            {actorName(step.actor)}, <Time at={step.at} />
          </span>
        </li>
      ))}
    </ol>
  );
}
