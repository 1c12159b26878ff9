/**
 * # Spending caps
 *
 * Each with how far it is used, and when it would be reached if it goes on like so far. The operator's stand beside the
 * business's own, and only who set one takes it away.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { clsx } from "clsx";
import { Gauge, Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import type { Billing, BillingCalls, Cap, CapAction, CapPeriod, CapScope, NewCap } from "@/api/billing";
import { decimal, money } from "@/lib/money";
import { Button, IconButton } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Empty } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { Select } from "@/ui/Select";
import { Tag } from "@/ui/Tag";

/** From here on a cap is close. */
const CLOSE = 0.8;
const SCOPES: readonly { value: CapScope; label: string; what: string }[] = [
  { value: "portfolio", label: "The whole business", what: "" },
  { value: "account", label: "An account", what: "Account id" },
  { value: "number", label: "A phone number", what: "Phone number id" },
  { value: "campaign", label: "A campaign", what: "Name of the campaign or template" },
];
const PERIODS = [
  { value: "day", label: "A day" },
  { value: "month", label: "A month" },
] as const;
const ACTIONS = [
  { value: "block", label: "Refuse what goes beyond" },
  { value: "alert", label: "Only tell" },
] as const;

type Props = { billing: Billing; calls: BillingCalls; owner: Cap["owner"] };

export function Caps({ billing, calls, owner }: Props) {
  const [editing, setEditing] = useState<Cap | "new" | null>(null);
  const add = (
    <Button small onClick={() => setEditing("new")}>
      <Plus size={15} aria-hidden="true" />
      New cap
    </Button>
  );
  return (
    <Section title="Spending caps" action={add}>
      {billing.caps.length === 0 ? (
        <div className="rounded-14 border bg-surface">
          <Empty icon={<Gauge size={30} strokeWidth={1.5} />} title="No caps">
            A cap keeps a day or a month from costing more than you want: for everything, an account, a number or one campaign.
          </Empty>
        </div>
      ) : (
        <ul className="divide-y rounded-14 border bg-surface px-4">
          {billing.caps.map((cap) => (
            <Row key={cap.cap_id} cap={cap} billing={billing} calls={calls} mayChange={owner === "operator" || cap.owner === "business"} onEdit={owner === cap.owner ? () => setEditing(cap) : null} />
          ))}
        </ul>
      )}
      <Dialog open={editing !== null} onClose={() => setEditing(null)} title={editing === "new" ? "New cap" : "Change the cap"} sticky focusField>
        {editing !== null && <Form cap={editing === "new" ? null : editing} calls={calls} currency={billing.currency} onDone={() => setEditing(null)} />}
      </Dialog>
    </Section>
  );
}

export function nameOf(cap: Pick<Cap, "scope" | "subject" | "period">): string {
  const whom = cap.scope === "portfolio" ? "Whole business" : cap.scope === "account" ? `Account ${cap.subject}` : cap.scope === "number" ? `Number ${cap.subject}` : cap.subject;
  return `${whom}, ${cap.period === "day" ? "today" : "this month"}`;
}

function Row({ cap, billing, calls, mayChange, onEdit }: { cap: Cap; billing: Billing; calls: BillingCalls; mayChange: boolean; onEdit: (() => void) | null }) {
  const client = useQueryClient();
  const remove = useMutation({ mutationFn: () => calls.removeCap(cap.cap_id), onSuccess: () => client.invalidateQueries({ queryKey: ["billing"] }) });
  const { currency } = billing;
  const share = cap.limit_micros === 0 ? 1 : Math.min(1, cap.spent_micros / cap.limit_micros);
  const text = `${money(cap.spent_micros, currency)} of ${money(cap.limit_micros, currency)}`;
  const name = nameOf(cap);
  return (
    <li className="py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="min-w-0 grow font-medium break-words">{name}</span>
        {cap.owner === "operator" && <Tag>Set by the operator</Tag>}
        <span className={clsx("tabular", cap.is_full || share >= CLOSE ? "font-medium text-attention" : "text-muted")}>{text}</span>
        <span className="flex">
          {onEdit && (
            <IconButton label={`Change the cap: ${name}`} onClick={onEdit}>
              <Pencil size={15} />
            </IconButton>
          )}
          {mayChange && (
            <IconButton label={`Take away the cap: ${name}`} disabled={remove.isPending} onClick={() => remove.mutate()}>
              <Trash2 size={15} />
            </IconButton>
          )}
        </span>
      </div>
      <div role="meter" aria-label={name} aria-valuemin={0} aria-valuemax={cap.limit_micros} aria-valuenow={Math.min(cap.spent_micros, cap.limit_micros)} aria-valuetext={text} className="mt-1.5 h-1.5 overflow-hidden rounded-6 bg-sunken">
        <div className={clsx("h-full rounded-6", cap.is_full ? "bg-bad" : share >= CLOSE ? "bg-attention" : "bg-accent")} style={{ width: `${share * 100}%` }} />
      </div>
      <p className="mt-1 text-13 text-muted">{outlook(cap, billing.time_zone)}</p>
      {remove.error && (
        <p role="alert" className="mt-1 text-13 text-bad">
          {remove.error.message}
        </p>
      )}
    </li>
  );
}

function outlook(cap: Cap, timeZone: string): string {
  const format = (at: number, withTime: boolean): string => new Intl.DateTimeFormat(undefined, { timeZone, dateStyle: "medium", ...(withTime ? { timeStyle: "short" } : {}) }).format(at * 1000);
  const isDay = cap.period === "day";
  const then = cap.action === "block" ? "More is refused with 131042." : "Messages still go out; you are told.";
  if (cap.is_full) return `Reached. ${then} It begins anew on ${format(cap.ends_at, true)}.`;
  if (cap.reached_at === null) return `At this pace it is not reached ${isDay ? "today" : "this month"}. ${then}`;
  return `At this pace it is reached on ${format(cap.reached_at, isDay)}. ${then}`;
}

function Form({ cap, calls, currency, onDone }: { cap: Cap | null; calls: BillingCalls; currency: string; onDone: () => void }) {
  const client = useQueryClient();
  const [scope, setScope] = useState<CapScope>(cap?.scope ?? "portfolio");
  const [subject, setSubject] = useState(cap?.subject ?? "");
  const [period, setPeriod] = useState<CapPeriod>(cap?.period ?? "month");
  const [limit, setLimit] = useState(cap ? decimal(cap.limit_micros) : "");
  const [action, setAction] = useState<CapAction>(cap?.action ?? "block");
  const save = useMutation({
    mutationFn: () => {
      const named: NewCap = { scope, period, limit: limit.trim(), action, ...(scope === "portfolio" ? {} : { subject: subject.trim() }) };
      return calls.setCap(named);
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["billing"] });
      onDone();
    },
  });
  const of = SCOPES.find((each) => each.value === scope);
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Field label={`At most, in ${currency}`} inputMode="decimal" autoComplete="off" value={limit} placeholder="100.00" error={save.error?.message ?? null} onChange={(event) => setLimit(event.target.value)} />
      {cap === null && (
        <>
          <Select label="In" value={period} options={PERIODS} onChange={setPeriod} />
          <Select label="For" value={scope} options={SCOPES} onChange={setScope} />
          {of && of.what !== "" && <Field label={of.what} autoComplete="off" value={subject} onChange={(event) => setSubject(event.target.value)} />}
        </>
      )}
      <Select label="When it is reached" value={action} options={ACTIONS} onChange={setAction} />
      <Button kind="solid" type="submit" disabled={limit.trim() === "" || save.isPending}>
        Set the cap
      </Button>
    </form>
  );
}
