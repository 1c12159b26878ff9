/** When a business wants to hear that its money runs out, and what is to be done then. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Billing, BillingCalls } from "@/api/billing";
import { decimal, money } from "@/lib/money";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Pair, Pairs, Section } from "@/ui/Section";

export function Thresholds({ billing, calls }: { billing: Billing; calls: BillingCalls }) {
  const [editing, setEditing] = useState(false);
  const { thresholds, currency } = billing;
  const amount = (micros: number | null): string => (micros === null ? "Off" : money(micros, currency));
  const change = (
    <Button small onClick={() => setEditing(true)}>
      Change
    </Button>
  );
  return (
    <Section title="Low balance" action={change}>
      <Pairs framed>
        <Pair name="Tell below">{amount(thresholds.threshold_micros)}</Pair>
        <Pair name="Top up by">{thresholds.top_up_micros === null ? "Off: nothing is paid in by itself" : `${amount(thresholds.top_up_micros)}, once each time the balance falls below`}</Pair>
        <Pair name="Mail to">{thresholds.mail_to ?? "Nobody"}</Pair>
      </Pairs>
      <Dialog open={editing} onClose={() => setEditing(false)} title="Low balance" sticky focusField>
        <Form billing={billing} calls={calls} onDone={() => setEditing(false)} />
      </Dialog>
    </Section>
  );
}

function Form({ billing, calls, onDone }: { billing: Billing; calls: BillingCalls; onDone: () => void }) {
  const client = useQueryClient();
  const { thresholds, currency } = billing;
  const given = (micros: number | null): string => (micros === null ? "" : decimal(micros));
  const [threshold, setThreshold] = useState(given(thresholds.threshold_micros));
  const [topUp, setTopUp] = useState(given(thresholds.top_up_micros));
  const [mail, setMail] = useState(thresholds.mail_to ?? "");
  const save = useMutation({
    mutationFn: () => calls.setThresholds({ mail_to: mail.trim(), threshold: threshold.trim(), top_up: topUp.trim() }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["billing"] });
      onDone();
    },
  });
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Field label={`Tell when less can be spent than, in ${currency}`} inputMode="decimal" autoComplete="off" value={threshold} placeholder="Off" error={save.error?.message ?? null} onChange={(event) => setThreshold(event.target.value)} />
      <Field label={`Then top up by, in ${currency}`} inputMode="decimal" autoComplete="off" value={topUp} placeholder="Off" hint="Asked of your payment method, once each time." onChange={(event) => setTopUp(event.target.value)} />
      <Field label="Mail to" type="email" autoComplete="email" value={mail} placeholder="Nobody" onChange={(event) => setMail(event.target.value)} />
      <Button kind="solid" type="submit" disabled={save.isPending}>
        Save
      </Button>
    </form>
  );
}
