/**
 * # Paying an invoice
 *
 * With a card, at once; or by bank transfer, to the operator's account and with the invoice's number as reference. A
 * dialog has one key: sending it again, after an error or out of impatience, pays once.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { estimateQueries } from "@/api/estimate";
import type { WholeInvoice } from "@/api/invoices";
import { paymentCalls, paymentQueries } from "@/api/payments";
import type { PaymentMethod } from "@/api/payments";
import { Button } from "@/ui/Button";
import { CopyButton } from "@/ui/CopyButton";
import { Dialog } from "@/ui/Dialog";
import { minor } from "@/ui/Invoices";
import { Failed, Skeleton } from "@/ui/Problem";
import { Pair, Pairs } from "@/ui/Section";
import { Select } from "@/ui/Select";
import { BANK, OnePayment, nameOf } from "./Payments";
import { useManager } from "./session";

export function PayInvoice({ invoice }: { invoice: WholeInvoice }) {
  const { queries } = useManager();
  const client = useQueryClient();
  const [key, setKey] = useState<string | null>(null);
  if (invoice.number === null || invoice.open_minor === 0) return null;
  async function close(): Promise<void> {
    setKey(null);
    await client.invalidateQueries({ queryKey: queries.invoices.key });
  }
  return (
    <>
      <Button kind="solid" onClick={() => setKey(crypto.randomUUID())}>
        Pay {minor(invoice, invoice.open_minor)}…
      </Button>
      <Dialog open={key !== null} onClose={() => void close()} title={`Pay ${invoice.number}`} sticky>
        {key !== null && <Pay invoice={invoice} payKey={key} onDone={() => void close()} />}
      </Dialog>
    </>
  );
}

function Pay({ invoice, payKey, onDone }: { invoice: WholeInvoice; payKey: string; onDone: () => void }) {
  const { token } = useManager();
  const methods = useQuery(paymentQueries(token).methods());
  if (!methods.data) return methods.error ? <Failed error={methods.error} onRetry={() => void methods.refetch()} /> : <Skeleton rows={3} />;
  return <Form invoice={invoice} payKey={payKey} methods={methods.data.data} onDone={onDone} />;
}

function Form({ invoice, payKey, methods, onDone }: { invoice: WholeInvoice; payKey: string; methods: readonly PaymentMethod[]; onDone: () => void }) {
  const { token, queries } = useManager();
  const client = useQueryClient();
  const [by, setBy] = useState<string>(methods.find((method) => method.is_default)?.method_id ?? methods[0]?.method_id ?? BANK);
  // Another card is another attempt: the key stands for one payment with one of them.
  const pay = useMutation({
    mutationFn: () => paymentCalls(token).payInvoice(invoice.invoice_id, { key: `${payKey}-${by}`, method_id: by }),
    onSuccess: () => client.invalidateQueries({ queryKey: queries.invoices.key }),
  });
  if (pay.data) {
    return (
      <div className="grid gap-4">
        <OnePayment first={pay.data} invoice={invoice.number} />
        <div className="flex flex-wrap gap-2">
          {pay.data.state === "failed" && (
            <Button kind="solid" onClick={() => pay.reset()}>
              Try another way
            </Button>
          )}
          <Button kind="quiet" onClick={onDone}>
            Close
          </Button>
        </div>
      </div>
    );
  }
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        pay.mutate();
      }}
    >
      <Select label="Pay with" value={by} options={[...methods.map((method) => ({ value: method.method_id, label: nameOf(method) })), { value: BANK, label: "Bank transfer" }]} onChange={setBy} />
      {methods.length === 0 && (
        <p className="text-13 text-muted">
          You have no card yet. <Link to="/manager/payments" className="underline">Add one under Payments</Link>, or transfer the amount.
        </p>
      )}
      {pay.error && (
        <p role="alert" className="text-13 text-bad">
          {pay.error.message}
        </p>
      )}
      {by === BANK ? (
        <Transfer invoice={invoice} onDone={onDone} />
      ) : (
        <Button kind="solid" type="submit" disabled={pay.isPending}>
          {pay.isPending ? "Paying…" : `Pay ${minor(invoice, invoice.open_minor)}`}
        </Button>
      )}
    </form>
  );
}

function Transfer({ invoice, onDone }: { invoice: WholeInvoice; onDone: () => void }) {
  return (
    <>
      <TransferTo amount={minor(invoice, invoice.open_minor)} reference={invoice.number ?? ""} />
      <p className="text-13 text-muted">The invoice is paid when the transfer has arrived at the operator's bank; a part of the amount pays a part.</p>
      <Button onClick={onDone}>Close</Button>
    </>
  );
}

/** Where a transfer goes, line by line to be copied. */
export function TransferTo({ amount, reference }: { amount: string; reference: string }) {
  const { token } = useManager();
  const account = useQuery(estimateQueries(token).bankAccount());
  const copied = (value: string, what: string) => (
    <span className="flex items-center gap-1">
      <span className="min-w-0 break-all">{value}</span>
      <CopyButton text={value} what={what} />
    </span>
  );
  return (
    <Pairs framed>
      <Pair name="Amount">{copied(amount, "amount")}</Pair>
      <Pair name="Reference">{copied(reference, "reference")}</Pair>
      {account.data ? (
        <>
          <Pair name="To">{copied(account.data.name, "name of the account")}</Pair>
          <Pair name="IBAN">{copied(account.data.iban, "IBAN")}</Pair>
          {account.data.bic !== "" && <Pair name="BIC">{copied(account.data.bic, "BIC")}</Pair>}
        </>
      ) : (
        <Pair name="Account">{account.error ? <span className="text-attention">{account.error.message}</span> : <span className="text-muted">Looking it up…</span>}</Pair>
      )}
    </Pairs>
  );
}
