/**
 * # Reminders
 *
 * What happens so many days after an invoice was due, who stands where, and whom the operator waits for. And whether the
 * mails that tell it go out at all.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { BellOff, CircleCheck, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import type { FormEvent } from "react";
import { settingCalls, settingQueries } from "@/api/settings";
import type { DunningAction, DunningStep, Late, Mails } from "@/api/settings";
import { count } from "@/lib/money";
import { Button, IconButton } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Empty, Failed, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Select } from "@/ui/Select";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { useOperator } from "./session";

const ACTIONS: readonly { value: DunningAction; label: string; does: string }[] = [
  { value: "mail", label: "A mail", does: "The business gets a mail with the invoices." },
  { value: "webhook", label: "A webhook", does: "Its webhooks are told (account_alerts)." },
  { value: "throttle", label: "Send slowly", does: "One message a second from each number; it gets a mail and a webhook." },
  { value: "suspend", label: "Send nothing that costs", does: "What costs is refused, what is free goes out; it gets a mail and a webhook." },
];
const STANDINGS = {
  late: { tone: "plain", word: "Late" },
  throttled: { tone: "attention", word: "Sends slowly" },
  suspended: { tone: "bad", word: "Suspended" },
} as const;
const labelOf = (action: DunningAction): string => ACTIONS.find((each) => each.value === action)?.label ?? action;

export function Reminders() {
  const { token } = useOperator();
  const queries = settingQueries(token);
  const query = useQuery(queries.dunning());
  const mails = useQuery(queries.mails());
  const [editing, setEditing] = useState(false);
  const [opened, setOpened] = useState<Late | null>(null);
  const found = query.data;
  const now = opened && (found?.late.find((late) => late.business_id === opened.business_id) ?? opened);
  return (
    <>
      <PageHead title="Reminders" note="What happens to who does not pay. Whoever pays is in good standing with that payment." />
      {mails.data && <Outbox mails={mails.data} />}
      <Section
        title="Steps"
        action={
          <Button small disabled={!found} onClick={() => setEditing(true)}>
            Change
          </Button>
        }
      >
        {found ? <Steps steps={found.steps} /> : query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={4} />}
      </Section>
      <Section title="Who is late">
        <DataTable
          label="Businesses with overdue invoices"
          columns={COLUMNS}
          rows={found?.late}
          rowKey={(row) => row.business_id}
          rowLabel={(row) => `${row.name}, ${STANDINGS[row.standing].word}`}
          error={query.error}
          onRetry={() => void query.refetch()}
          onOpen={setOpened}
          empty={
            <Empty icon={<CircleCheck size={30} strokeWidth={1.5} />} title="Everybody has paid">
              Businesses with an overdue invoice stand here, with the step that comes next.
            </Empty>
          }
        />
      </Section>
      <Dialog open={editing} onClose={() => setEditing(false)} title="Steps" description="Days after the oldest open invoice was due. Each step comes later than the one before." sticky wide>
        {found && <StepsForm steps={found.steps} onDone={() => setEditing(false)} />}
      </Dialog>
      <Dialog open={now !== null} onClose={() => setOpened(null)} title={now?.name ?? ""} sticky>
        {now && <OneLate late={now} onDone={() => setOpened(null)} />}
      </Dialog>
    </>
  );
}

const COLUMNS: Column<Late>[] = [
  { head: "Business", text: (row) => row.name, cell: (row) => <span className="font-medium">{row.name === "" ? row.business_id : row.name}</span> },
  {
    head: "State",
    text: (row) => row.standing,
    cell: (row) => (
      <span className="flex gap-1.5">
        <Tag tone={STANDINGS[row.standing].tone}>{STANDINGS[row.standing].word}</Tag>
        {row.hold && <Tag icon={<BellOff size={13} aria-hidden="true" />}>Waited for</Tag>}
      </span>
    ),
  },
  { head: "Overdue since", wide: true, text: (row) => row.overdue_since, cell: (row) => <Time at={row.overdue_since} /> },
  {
    head: "Next",
    wide: true,
    text: (row) => row.next?.action ?? "",
    cell: (row) => (row.hold ? <>nothing until <Time at={row.hold.until} /></> : row.next ? <>{labelOf(row.next.action)}, <Time at={row.next.at} /></> : <span className="text-muted">nothing more</span>),
  },
];

function Steps({ steps }: { steps: readonly DunningStep[] }) {
  if (steps.length === 0) return <p className="rounded-14 border bg-surface px-4 py-3 text-muted">No steps: nothing happens to who does not pay.</p>;
  return (
    <ol className="divide-y rounded-14 border bg-surface px-4">
      {steps.map((step) => (
        <li key={step.after_days} className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5 py-2.5">
          <span className="w-28 shrink-0 text-muted tabular">after {step.after_days === 1 ? "a day" : `${step.after_days} days`}</span>
          <span className="font-medium">{labelOf(step.action)}</span>
          <span className="text-13 text-muted">{ACTIONS.find((each) => each.value === step.action)?.does}</span>
        </li>
      ))}
    </ol>
  );
}

/** Says it where mails do not go out: a reminder that nobody gets is none. */
function Outbox({ mails }: { mails: Mails }) {
  const old = mails.too_old > 0 ? ` ${count(mails.too_old)} were older than ${mails.age_days_max} days and are not sent any more.` : "";
  if (!mails.is_configured) {
    return (
      <p role="status" className="mb-6 rounded-14 border bg-attention-soft px-4 py-3 text-attention">
        No mail server is configured: {count(mails.waiting)} mails wait.{old} Invoices and reminders reach nobody until <code className="font-mono text-13">[mail]</code> is set; what is older than {mails.age_days_max} days then is not sent.
      </p>
    );
  }
  if (mails.failed === 0 && mails.too_old === 0) return null;
  return (
    <p role="status" className="mb-6 rounded-14 border bg-surface px-4 py-3 text-muted">
      {count(mails.failed)} mails could not be sent.{old}
    </p>
  );
}

type Draft = { key: number; days: string; action: DunningAction };

function StepsForm({ steps, onDone }: { steps: readonly DunningStep[]; onDone: () => void }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const [drafts, setDrafts] = useState<Draft[]>(steps.map((step, key) => ({ key, days: String(step.after_days), action: step.action })));
  const save = useMutation({
    mutationFn: () => settingCalls(token).setSteps(drafts.map((draft) => ({ after_days: Number(draft.days), action: draft.action }))),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: settingQueries(token).key });
      onDone();
    },
  });
  const change = (key: number, next: Partial<Draft>): void => setDrafts(drafts.map((draft) => (draft.key === key ? { ...draft, ...next } : draft)));
  const isWrong = (draft: Draft): boolean => !/^\d{1,3}$/.test(draft.days.trim());
  const last = drafts.at(-1);
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {drafts.map((draft, n) => (
        <div key={draft.key} className="flex items-end gap-2">
          <div className="w-28 shrink-0">
            <Field label={`Days, step ${n + 1}`} inputMode="numeric" autoComplete="off" value={draft.days} error={isWrong(draft) ? "0 to 365" : null} onChange={(event) => change(draft.key, { days: event.target.value })} />
          </div>
          <Select label={`What, step ${n + 1}`} value={draft.action} options={ACTIONS} onChange={(action) => change(draft.key, { action })} className="min-w-0 grow" />
          <IconButton label={`Take away step ${n + 1}`} onClick={() => setDrafts(drafts.filter((each) => each.key !== draft.key))}>
            <Trash2 size={15} />
          </IconButton>
        </div>
      ))}
      <div>
        <Button small onClick={() => setDrafts([...drafts, { key: (last?.key ?? 0) + 1, days: String(Number(last?.days ?? 0) + 7), action: "mail" }])}>
          <Plus size={15} aria-hidden="true" />
          Another step
        </Button>
      </div>
      {save.error && (
        <p role="alert" className="text-13 text-bad">
          {save.error.message}
        </p>
      )}
      <Button kind="solid" type="submit" disabled={save.isPending || drafts.some(isWrong)}>
        Save the steps
      </Button>
    </form>
  );
}

function OneLate({ late, onDone }: { late: Late; onDone: () => void }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const [days, setDays] = useState("7");
  const [reason, setReason] = useState("");
  const done = {
    onSuccess: async (): Promise<void> => {
      await client.invalidateQueries({ queryKey: settingQueries(token).key });
      onDone();
    },
  };
  const hold = useMutation({ mutationFn: () => settingCalls(token).hold(late.business_id, { days: Number(days), reason: reason.trim() }), ...done });
  const release = useMutation({ mutationFn: () => settingCalls(token).release(late.business_id), ...done });
  const error = hold.error ?? release.error;
  return (
    <div className="grid gap-4">
      <Pairs>
        <Pair name="State">
          <Tag tone={STANDINGS[late.standing].tone}>{STANDINGS[late.standing].word}</Tag>
        </Pair>
        <Pair name="Overdue since">
          <Time at={late.overdue_since} />
        </Pair>
        <Pair name="Taken">{late.steps_up_to_days === null ? "no step yet" : `all steps up to day ${late.steps_up_to_days}`}</Pair>
        {late.hold && (
          <Pair name="Waited for">
            until <Time at={late.hold.until} />: {late.hold.reason}
          </Pair>
        )}
      </Pairs>
      {late.hold ? (
        <>
          <p className="text-13 text-muted">When you no longer wait, the steps that are due come at the next look, within a minute.</p>
          <Button disabled={release.isPending} onClick={() => release.mutate()}>
            Wait no longer
          </Button>
        </>
      ) : (
        <form
          className="grid gap-4"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            hold.mutate();
          }}
        >
          <p className="text-13 text-muted">While you wait, no step is taken, and the business sends as usual.</p>
          <Field label="Wait for so many days" inputMode="numeric" autoComplete="off" value={days} onChange={(event) => setDays(event.target.value)} />
          <Field label="Why" autoComplete="off" maxLength={200} value={reason} placeholder="They pay on Monday" onChange={(event) => setReason(event.target.value)} />
          <Button kind="solid" type="submit" disabled={hold.isPending || reason.trim() === "" || !/^\d{1,3}$/.test(days.trim())}>
            Wait
          </Button>
        </form>
      )}
      {error && (
        <p role="alert" className="text-13 text-bad">
          {error.message}
        </p>
      )}
    </div>
  );
}
