/**
 * # Businesses
 *
 * All numbers with the business that they belong to, and the money of one, which is a part of its page: what it has to pay from, its credit line,
 * promotional credit, caps and alerts.
 */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Store } from "lucide-react";
import { useState } from "react";
import type { FormEvent, ReactNode } from "react";
import { billingCalls, billingQuery, creditCalls } from "@/api/billing";
import type { Billing } from "@/api/billing";
import { businessesQuery } from "@/api/operator";
import type { BusinessNumber } from "@/api/operator";
import { Alerts, Balance } from "@/features/billing/Balance";
import { Caps } from "@/features/billing/Caps";
import { Thresholds } from "@/features/billing/Thresholds";
import { Spent, Usage } from "@/features/billing/Usage";
import { decimal, money } from "@/lib/money";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Empty, Failed, Skeleton } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { useOperator } from "./session";

const COLUMNS: Column<BusinessNumber>[] = [
  { head: "Business", text: (row) => row.name, cell: (row) => <span className="font-medium">{row.name}</span> },
  { head: "Number", text: (row) => row.display_phone_number, cell: (row) => <span className="tabular">{row.display_phone_number}</span> },
  { head: "Business id", wide: true, text: (row) => row.business_id, cell: (row) => <span className="font-mono text-12 text-muted">{row.business_id}</span> },
];

export function Businesses() {
  const { token } = useOperator();
  const navigate = useNavigate();
  const query = useInfiniteQuery(businessesQuery(token));
  return (
    <>
      <PageHead title="Businesses" note="Each number and whose it is. Open one for all about its business." />
      <DataTable
        label="Businesses"
        columns={COLUMNS}
        rows={query.data?.pages.flatMap((page) => page.data)}
        rowKey={(row) => row.phone_number_id}
        rowLabel={(row) => `Business ${row.name}`}
        error={query.error}
        onRetry={() => void query.refetch()}
        onOpen={(row) => void navigate({ to: "/operator/businesses/$businessId", params: { businessId: row.business_id } })}
        empty={
          <Empty icon={<Store size={30} strokeWidth={1.5} />} title="No businesses">
            <code className="font-mono text-12">plaza business create</code> opens the first one.
          </Empty>
        }
      />
      {query.hasNextPage && (
        <div className="mt-3 flex justify-center">
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Load more
          </Button>
        </div>
      )}
    </>
  );
}

export function BusinessMoney({ businessId }: { businessId: string }) {
  const { token } = useOperator();
  const query = useQuery(billingQuery(token, businessId));
  const [doing, setDoing] = useState<"line" | "promo" | null>(null);
  const billing = query.data;
  if (!billing) return query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={8} />;
  const calls = billingCalls(token, businessId);
  const actions = (
    <span className="flex gap-2">
      <Button small onClick={() => setDoing("line")}>
        Credit line
      </Button>
      <Button small onClick={() => setDoing("promo")}>
        Give credit
      </Button>
    </span>
  );
  return (
    <>
      <Section title="Balance" action={actions}>
        <Balance billing={billing} />
      </Section>
      <Section title="Usage">
        <div className="grid gap-4">
          <Spent billing={billing} />
          <Usage billing={billing} />
        </div>
      </Section>
      <Caps billing={billing} calls={calls} owner="operator" />
      <Thresholds billing={billing} calls={calls} />
      <Section title="Alerts">
        <Alerts billing={billing} />
      </Section>
      <Dialog open={doing === "line"} onClose={() => setDoing(null)} title="Credit line" sticky focusField>
        <CreditLine billing={billing} businessId={businessId} onDone={() => setDoing(null)} />
      </Dialog>
      <Dialog open={doing === "promo"} onClose={() => setDoing(null)} title="Give promotional credit" sticky focusField>
        <Promo billing={billing} businessId={businessId} onDone={() => setDoing(null)} />
      </Dialog>
    </>
  );
}

/** A form whose key is made once: sent again after a broken answer, it does nothing twice. */
function useKeyed(send: (key: string) => Promise<unknown>, onDone: () => void) {
  const client = useQueryClient();
  const [key, setKey] = useState(() => crypto.randomUUID());
  return useMutation({
    mutationFn: () => send(key),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["billing"] });
      onDone();
    },
    // A refusal changed nothing: what is sent next is something else.
    onError: () => setKey(crypto.randomUUID()),
  });
}

function Form({ onSubmit, children }: { onSubmit: () => void; children: ReactNode }) {
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form className="grid gap-4" noValidate onSubmit={submit}>
      {children}
    </form>
  );
}

type FormProps = { billing: Billing; businessId: string; onDone: () => void };

function CreditLine({ billing, businessId, onDone }: FormProps) {
  const { token } = useOperator();
  const { credit } = billing.balance;
  const [limit, setLimit] = useState(decimal(credit.limit_micros));
  const save = useKeyed((key) => creditCalls(token, businessId).setLine(limit.trim(), key), onDone);
  return (
    <Form onSubmit={() => save.mutate()}>
      <Field
        label={`It may owe, in ${billing.currency}`}
        inputMode="decimal"
        autoComplete="off"
        value={limit}
        hint={`It owes ${money(credit.used_micros, billing.currency)} now. 0 ends the credit.`}
        error={save.error?.message ?? null}
        onChange={(event) => setLimit(event.target.value)}
      />
      <Button kind="solid" type="submit" disabled={limit.trim() === "" || save.isPending}>
        Set the credit line
      </Button>
    </Form>
  );
}

function Promo({ billing, businessId, onDone }: FormProps) {
  const { token } = useOperator();
  const [amount, setAmount] = useState("");
  const [days, setDays] = useState("90");
  const [note, setNote] = useState("");
  const save = useKeyed((key) => creditCalls(token, businessId).grant({ amount: amount.trim(), days: Number(days), note: note.trim(), key }), onDone);
  return (
    <Form onSubmit={() => save.mutate()}>
      <Field label={`Amount, in ${billing.currency}`} inputMode="decimal" autoComplete="off" value={amount} placeholder="20.00" error={save.error?.message ?? null} onChange={(event) => setAmount(event.target.value)} />
      <Field label="Ends after days" type="number" min={1} max={3660} value={days} onChange={(event) => setDays(event.target.value)} />
      <Field label="What for" value={note} maxLength={200} placeholder="Welcome" hint="The business reads it." onChange={(event) => setNote(event.target.value)} />
      <Button kind="solid" type="submit" disabled={amount.trim() === "" || save.isPending}>
        Give it
      </Button>
    </Form>
  );
}
