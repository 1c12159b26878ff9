/**
 * # Payments
 *
 * What the business pays with, what it paid in, and when it tops itself up. A top-up has a key that is made when its
 * dialog opens: sending it again, after an error or out of impatience, pays once.
 */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CreditCard, Landmark, Plus } from "lucide-react";
import { useState } from "react";
import type { FormEvent } from "react";
import { estimateQueries } from "@/api/estimate";
import { paymentCalls, paymentQueries } from "@/api/payments";
import type { AutomaticTopUp, Payment, PaymentMethod, PaymentState } from "@/api/payments";
import { decimal, money } from "@/lib/money";
import { Button, buttonLook } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { CopyButton, Id } from "@/ui/CopyButton";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { More } from "@/ui/More";
import { Empty, Failed, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { Select } from "@/ui/Select";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { useManager } from "./session";

export const BANK = "bank";
const STATES: Record<PaymentState, { tone: "good" | "attention" | "bad" | "plain"; word: string }> = {
  created: { tone: "plain", word: "Processing" },
  processing: { tone: "plain", word: "Processing" },
  requires_action: { tone: "attention", word: "Waits for you" },
  succeeded: { tone: "good", word: "Paid" },
  failed: { tone: "bad", word: "Failed" },
  canceled: { tone: "plain", word: "Called off" },
};
/** The cards of the built-in provider: what each does when it shall pay. */
const TEST_CARDS = [
  { value: "card_good", label: "A card that pays" },
  { value: "card_declined", label: "A card that is declined when it pays" },
  { value: "card_confirm", label: "A card whose bank asks for a confirmation" },
  { value: "card_slow", label: "A card that takes a while" },
  { value: "card_refused", label: "A card that is not accepted at all" },
] as const;

const isOpen = (state: PaymentState): boolean => state === "created" || state === "processing" || state === "requires_action";
export const nameOf = (method: PaymentMethod): string => `${method.brand === "" ? method.kind : method.brand[0]?.toUpperCase() + method.brand.slice(1)} ending in ${method.last4}`;
const isBank = (payment: Payment): boolean => payment.provider === BANK;

function usePayments() {
  const { token } = useManager();
  const client = useQueryClient();
  return {
    queries: paymentQueries(token),
    calls: paymentCalls(token),
    /** The lists, and the balance in the frame. */
    refresh: async (): Promise<void> => {
      await client.invalidateQueries({ queryKey: ["manager", "payments"] });
      await client.invalidateQueries({ queryKey: ["manager", "session"] });
    },
  };
}

function StateTag({ payment }: { payment: Payment }) {
  const { tone, word } = STATES[payment.state];
  return <Tag tone={tone}>{word}</Tag>;
}

function Wrong({ error }: { error: Error | null }) {
  return error ? (
    <p role="alert" className="text-13 text-bad">
      {error.message}
    </p>
  ) : null;
}

const COLUMNS: Column<Payment>[] = [
  { head: "When", text: (row) => row.created_at, cell: (row) => <Time at={row.created_at} /> },
  { head: "State", text: (row) => row.state, cell: (row) => <StateTag payment={row} /> },
  { head: "By", wide: true, text: (row) => row.provider, cell: (row) => `${isBank(row) ? "Bank transfer" : "Card"}${row.cause === "automatic" ? ", automatically" : row.cause === "invoice" ? ", for an invoice" : ""}` },
  { head: "Given back", wide: true, end: true, text: (row) => decimal(row.refunded_micros), cell: (row) => (row.refunded_micros === 0 ? "" : money(row.refunded_micros, row.currency)) },
  { head: "Amount", end: true, text: (row) => decimal(row.amount_micros), cell: (row) => <span className="font-medium tabular">{money(row.amount_micros, row.currency)}</span> },
];

export function Payments() {
  const { queries } = usePayments();
  const methods = useQuery(queries.methods());
  const list = useInfiniteQuery(queries.list());
  const [paying, setPaying] = useState<string | null>(null);
  const [adding, setAdding] = useState(false);
  const [opened, setOpened] = useState<Payment | null>(null);
  const rows = list.data?.pages.flatMap((page) => page.data);
  const provider = methods.data?.provider ?? null;
  return (
    <>
      <PageHead title="Payments" note="What you pay in is your balance: messages are paid from it when they are delivered.">
        <Button kind="solid" small disabled={!methods.data} onClick={() => setPaying(crypto.randomUUID())}>
          <Plus size={15} aria-hidden="true" />
          Top up
        </Button>
      </PageHead>
      <Section
        title="Payment methods"
        action={
          provider !== null &&
          (methods.data && methods.data.card_form !== null ? (
            <Link to="/manager/payments/card" reloadDocument className={buttonLook("quiet", true)}>
              Add a card
            </Link>
          ) : (
            <Button small onClick={() => setAdding(true)}>
              Add a method
            </Button>
          ))
        }
      >
        {methods.data ? <Methods methods={methods.data.data} provider={provider} /> : methods.error ? <Failed error={methods.error} onRetry={() => void methods.refetch()} /> : <Skeleton rows={2} />}
      </Section>
      {provider !== null && (
        <Section title="Automatic top-up">
          <Automatic />
        </Section>
      )}
      <Section title="Paid in">
        <DataTable
          label="Payments"
          columns={COLUMNS}
          rows={rows}
          rowKey={(row) => row.payment_id}
          rowLabel={(row) => `Payment of ${money(row.amount_micros, row.currency)}`}
          error={list.error}
          onRetry={() => void list.refetch()}
          onOpen={setOpened}
          empty={
            <Empty icon={<CreditCard size={30} strokeWidth={1.5} />} title="Nothing paid in yet">
              Top up by card or by bank transfer. Without a balance, messages that cost something are not sent.
            </Empty>
          }
          footer={<More list={list} />}
        />
      </Section>
      <Dialog open={paying !== null} onClose={() => setPaying(null)} title="Top up" sticky focusField>
        {paying !== null && methods.data && <TopUp payKey={paying} methods={methods.data.data} onDone={() => setPaying(null)} />}
      </Dialog>
      <Dialog open={adding} onClose={() => setAdding(false)} title="Add a payment method" sticky>
        <AddMethod provider={provider} onDone={() => setAdding(false)} />
      </Dialog>
      <Dialog open={opened !== null} onClose={() => setOpened(null)} title="Payment">
        {opened && <OnePayment first={opened} />}
      </Dialog>
    </>
  );
}

function Methods({ methods, provider }: { methods: readonly PaymentMethod[]; provider: string | null }) {
  const { calls, refresh } = usePayments();
  const prefer = useMutation({ mutationFn: (id: string) => calls.preferMethod(id), onSuccess: refresh });
  const remove = useMutation({ mutationFn: (id: string) => calls.removeMethod(id), onSuccess: refresh });
  if (provider === null) return <p className="rounded-14 border bg-surface px-4 py-3 text-muted">This network takes no cards: its operator has set up no payment provider. You can pay by bank transfer.</p>;
  if (methods.length === 0) return <p className="rounded-14 border bg-surface px-4 py-3 text-muted">No card yet. With one, you can top up at once, and automatically.</p>;
  return (
    <>
      <ul className="divide-y rounded-14 border bg-surface px-4">
        {methods.map((method) => (
          <li key={method.method_id} className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 py-2">
            <CreditCard size={18} className="text-muted" aria-hidden="true" />
            <span className="grow">
              {nameOf(method)} {method.expires !== "" && <span className="text-13 text-muted max-sm:block">until {method.expires}</span>}
            </span>
            {method.is_default ? (
              <Tag tone="good">Default</Tag>
            ) : (
              <Button small kind="bare" disabled={prefer.isPending} onClick={() => prefer.mutate(method.method_id)} aria-label={`Make ${nameOf(method)} the default`}>
                Make default
              </Button>
            )}
            <Button small kind="danger" disabled={remove.isPending} onClick={() => remove.mutate(method.method_id)} aria-label={`Remove ${nameOf(method)}`}>
              Remove
            </Button>
          </li>
        ))}
      </ul>
      <Wrong error={prefer.error ?? remove.error} />
    </>
  );
}

function AddMethod({ provider, onDone }: { provider: string | null; onDone: () => void }) {
  const { calls, refresh } = usePayments();
  const [card, setCard] = useState<string>(TEST_CARDS[0].value);
  const [token, setToken] = useState("");
  const isSandbox = provider === "sandbox";
  const add = useMutation({
    mutationFn: () => calls.addMethod(isSandbox ? `${card}_${crypto.randomUUID()}` : token.trim()),
    onSuccess: async () => {
      await refresh();
      onDone();
    },
  });
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      {isSandbox ? (
        <>
          <p className="text-13 text-muted">The sandbox takes no money. Choose what the card shall do.</p>
          <Select label="Card" value={card} options={TEST_CARDS} onChange={setCard} />
        </>
      ) : (
        <Field label="Token of the provider" value={token} placeholder="pm_…" spellCheck={false} hint="What the provider's form gave for the card. The card's number never comes here." onChange={(event) => setToken(event.target.value)} />
      )}
      <Wrong error={add.error} />
      <Button kind="solid" type="submit" disabled={add.isPending || (!isSandbox && token.trim() === "")}>
        {add.isPending ? "Asking the provider…" : "Add it"}
      </Button>
    </form>
  );
}

function TopUp({ payKey, methods, onDone }: { payKey: string; methods: readonly PaymentMethod[]; onDone: () => void }) {
  const { session } = useManager();
  const { calls, refresh } = usePayments();
  const [amount, setAmount] = useState("100.00");
  const [by, setBy] = useState<string>(methods.find((method) => method.is_default)?.method_id ?? BANK);
  const { currency } = session.balance;
  const pay = useMutation({
    mutationFn: () => calls.topUp({ amount: amount.trim().replace(",", "."), key: payKey, ...(by === BANK ? { by_bank_transfer: true } : { method_id: by }) }),
    onSuccess: refresh,
  });
  if (pay.data) {
    return (
      <div className="grid gap-4">
        <OnePayment first={pay.data} />
        <Button kind="quiet" onClick={onDone}>
          Close
        </Button>
      </div>
    );
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    pay.mutate();
  };
  return (
    <form className="grid gap-4" noValidate onSubmit={submit}>
      <Field label={`Amount in ${currency}`} inputMode="decimal" autoComplete="off" value={amount} error={pay.error?.message ?? null} onChange={(event) => setAmount(event.target.value)} />
      <Select label="Pay with" value={by} options={[...methods.map((method) => ({ value: method.method_id, label: nameOf(method) })), { value: BANK, label: "Bank transfer" }]} onChange={setBy} />
      <Button kind="solid" type="submit" disabled={pay.isPending || amount.trim() === ""}>
        {pay.isPending ? "Paying…" : by === BANK ? "Get the reference" : `Pay ${amount.trim()} ${currency}`}
      </Button>
    </form>
  );
}

/** One payment with what is to be done about it. It is looked at again while it is under way. */
export function OnePayment({ first, invoice = null }: { first: Payment; /** The number of what it pays; null: it is a top-up. */ invoice?: string | null }) {
  const { queries, calls, refresh } = usePayments();
  const query = useQuery({ ...queries.payment(first.payment_id, isOpen(first.state)), initialData: first });
  const payment = query.data;
  const done = { onSuccess: refresh };
  const methods = useQuery(queries.methods());
  const confirm = useMutation({ mutationFn: (approve: boolean) => calls.confirm(payment.payment_id, approve), ...done });
  const cancel = useMutation({ mutationFn: () => calls.cancel(payment.payment_id), ...done });
  const lookUp = useMutation({ mutationFn: () => calls.lookUp(payment.payment_id), ...done });
  const isBusy = confirm.isPending || cancel.isPending || lookUp.isPending;
  return (
    <div className="grid gap-4">
      <div className="flex items-center gap-3">
        <span className="grow text-20 font-semibold tabular">{money(payment.amount_micros, payment.currency)}</span>
        <StateTag payment={payment} />
      </div>
      <div role="status" className="grid gap-3">
        <What payment={payment} invoice={invoice} />
      </div>
      {payment.state === "requires_action" && payment.action === "sandbox" && (
        <div className="flex flex-wrap gap-2">
          <Button kind="solid" disabled={isBusy} onClick={() => confirm.mutate(true)}>
            Confirm
          </Button>
          <Button disabled={isBusy} onClick={() => confirm.mutate(false)}>
            Refuse
          </Button>
        </div>
      )}
      {payment.state === "requires_action" && payment.provider === methods.data?.provider && methods.data.card_form !== null && (
        <Link to="/manager/payments/card" search={{ payment: payment.payment_id }} reloadDocument className={buttonLook("solid")}>
          Confirm it at your bank
        </Link>
      )}
      {isOpen(payment.state) && (
        <div className="flex flex-wrap gap-2">
          {!isBank(payment) && (
            <Button small disabled={isBusy} onClick={() => lookUp.mutate()}>
              Look again
            </Button>
          )}
          <Button small kind="danger" disabled={isBusy} onClick={() => cancel.mutate()}>
            Call it off
          </Button>
        </div>
      )}
      <Wrong error={confirm.error ?? cancel.error ?? lookUp.error} />
      <Pairs>
        <Pair name="Asked for"><Time at={payment.created_at} /></Pair>
        <Pair name="By">{isBank(payment) ? "Bank transfer" : "Card"}</Pair>
        {payment.refunded_micros > 0 && <Pair name="Given back">{money(payment.refunded_micros, payment.currency)}</Pair>}
        <Pair name="Payment"><Id value={payment.payment_id} what="payment id" /></Pair>
      </Pairs>
    </div>
  );
}

function What({ payment, invoice }: { payment: Payment; invoice: string | null }) {
  if (payment.state === "succeeded") return <p>{invoice !== null ? `${invoice} is paid.` : payment.cause === "invoice" ? "The invoice is paid." : "It is on your balance."}</p>;
  if (payment.state === "canceled") return <p>No money was taken.</p>;
  if (payment.state === "failed") {
    return (
      <p>
        {payment.failure?.message ?? "The provider refused the payment."} <span className="text-muted">No money was taken. Try another card, or ask your bank{invoice === null && payment.cause !== "invoice" ? ", and top up again" : ""}.</span>
      </p>
    );
  }
  if (payment.state !== "requires_action") return <p>The provider is working on it. You can close this: it goes on by itself, and is not paid twice.</p>;
  if (!isBank(payment)) return <p>Your bank asks you to confirm this payment. It is called off after a day.</p>;
  return (
    <>
      <p className="flex items-center gap-2">
        <Landmark size={18} className="text-muted" aria-hidden="true" />
        Transfer exactly this amount, with this reference:
      </p>
      <div className="flex items-center gap-2 rounded-8 border bg-canvas px-3 py-2">
        <code className="min-w-0 grow font-mono text-16 break-all" aria-label="Reference">
          {payment.reference}
        </code>
        <CopyButton text={payment.reference ?? ""} what="reference" />
      </div>
      <TransferAccount />
      <p className="text-13 text-muted">It is on your balance when it has arrived at the operator's bank.</p>
    </>
  );
}

/** Where a top-up by transfer goes. */
function TransferAccount() {
  const { token } = useManager();
  const account = useQuery(estimateQueries(token).bankAccount());
  if (!account.data) return account.error ? <p className="text-13 text-attention">{account.error.message}</p> : null;
  return (
    <Pairs>
      <Pair name="To">{account.data.name}</Pair>
      <Pair name="IBAN">
        <span className="flex items-center gap-1">
          {account.data.iban}
          <CopyButton text={account.data.iban} what="IBAN" />
        </span>
      </Pair>
      {account.data.bic !== "" && <Pair name="BIC">{account.data.bic}</Pair>}
    </Pairs>
  );
}

function Automatic() {
  const { queries } = usePayments();
  const query = useQuery(queries.automatic());
  if (!query.data) return query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={1} />;
  return <AutomaticForm key={JSON.stringify(query.data)} settings={query.data} />;
}

function AutomaticForm({ settings }: { settings: AutomaticTopUp }) {
  const { session } = useManager();
  const { calls, refresh } = usePayments();
  const { currency } = session.balance;
  const [enabled, setEnabled] = useState(settings.is_enabled);
  const given = (micros: number | null, fallback: string): string => (micros === null || micros === 0 ? fallback : decimal(micros));
  const [threshold, setThreshold] = useState(given(settings.threshold_micros, "20"));
  const [amount, setAmount] = useState(given(settings.amount_micros, "100"));
  const [monthlyMax, setMonthlyMax] = useState(given(settings.monthly_max_micros, "500"));
  const save = useMutation({ mutationFn: () => calls.setAutomatic({ is_enabled: enabled, threshold: threshold.trim(), amount: amount.trim(), monthly_max: monthlyMax.trim() }), onSuccess: refresh });
  return (
    <form
      className="grid gap-4 rounded-14 border bg-surface px-4 py-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <label className="flex min-h-6 items-start gap-2.5">
        <input type="checkbox" className="mt-0.5 size-4 accent-[var(--accent)]" checked={enabled} onChange={(event) => setEnabled(event.target.checked)} />
        <span>
          Pay in by the default method when little is left: <span className="text-muted">nothing stops while you are away.</span>
        </span>
      </label>
      {enabled && (
        <div className="grid gap-4 sm:grid-cols-3">
          <Field label={`When less is left than (${currency})`} inputMode="decimal" value={threshold} onChange={(event) => setThreshold(event.target.value)} />
          <Field label={`Pay in (${currency})`} inputMode="decimal" value={amount} onChange={(event) => setAmount(event.target.value)} />
          <Field label={`At most in a month (${currency})`} inputMode="decimal" value={monthlyMax} onChange={(event) => setMonthlyMax(event.target.value)} />
        </div>
      )}
      {settings.paused_until !== null && (
        <p className="text-13 text-attention">
          The last one failed. The next is tried <Time at={settings.paused_until} />, or when you save this again.
        </p>
      )}
      <Wrong error={save.error} />
      <div>
        <Button type="submit" small disabled={save.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}
