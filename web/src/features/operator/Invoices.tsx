/**
 * # Invoices
 *
 * Every month of every business. A draft may be issued before its time; what is final is credited with a reason, and a
 * bank transfer that came in is noted with its reference.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import type { FormEvent } from "react";
import { invoiceCalls } from "@/api/invoices";
import type { InvoiceStatus, WholeInvoice } from "@/api/invoices";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { InvoiceList, InvoiceView, minor } from "@/ui/Invoices";
import { useOperator } from "./session";

export function Invoices({ status }: { status: InvoiceStatus | undefined }) {
  const { queries } = useOperator();
  const navigate = useNavigate();
  return (
    <InvoiceList
      isOperator
      queries={queries.invoices}
      status={status}
      note="A month becomes a draft when it has ended, and is issued when late receipts have had their time."
      onStatus={(next) => void navigate({ to: "/operator/invoices", search: next === undefined ? {} : { status: next } })}
      onOpen={(invoiceId) => void navigate({ to: "/operator/invoices/$invoiceId", params: { invoiceId } })}
    />
  );
}

export function OneInvoice({ invoiceId }: { invoiceId: string }) {
  const { queries } = useOperator();
  return (
    <div className="max-w-4xl">
      <Link to="/operator/invoices" className="mb-4 inline-flex h-7 items-center gap-1.5 text-13 text-muted hover:text-ink">
        <ArrowLeft size={15} className="rtl:rotate-180" aria-hidden="true" />
        Invoices
      </Link>
      <InvoiceView queries={queries.invoices} invoiceId={invoiceId} Actions={Actions} />
    </div>
  );
}

type Asked = "issue" | "credit" | "pay";

function Actions({ invoice }: { invoice: WholeInvoice }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = (): void => setAsked(null);
  return (
    <>
      {invoice.status === "draft" && (
        <Button kind="solid" onClick={() => setAsked("issue")}>
          Issue now…
        </Button>
      )}
      {invoice.open_minor > 0 && invoice.number !== null && (
        <Button kind="solid" onClick={() => setAsked("pay")}>
          Note a bank transfer…
        </Button>
      )}
      {invoice.number !== null && invoice.creditable_minor > 0 && <Button onClick={() => setAsked("credit")}>Credit…</Button>}
      {asked === "issue" && <Issue invoice={invoice} onClose={close} />}
      {asked === "pay" && <Pay invoice={invoice} onClose={close} />}
      {asked === "credit" && <Credit invoice={invoice} onClose={close} />}
    </>
  );
}

type Part = { invoice: WholeInvoice; onClose: () => void };

/** Runs an action, brings lists and page up to date, and closes. */
function useAction<Input>(act: (calls: ReturnType<typeof invoiceCalls>, input: Input) => Promise<WholeInvoice>, onClose: () => void) {
  const { token, queries } = useOperator();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => act(invoiceCalls(token), input),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: queries.invoices.key });
      onClose();
    },
  });
}

function Issue({ invoice, onClose }: Part) {
  const issue = useAction<null>((calls) => calls.issue(invoice.invoice_id), onClose);
  return (
    <Dialog open onClose={onClose} title="Issue this invoice now?" description="It gets the next number and can be changed by credit notes only. What is reported late goes to the next invoice.">
      {issue.error && (
        <p role="alert" className="mb-3 text-13 text-bad">
          {issue.error.message}
        </p>
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="solid" disabled={issue.isPending} onClick={() => issue.mutate(null)}>
          Issue
        </Button>
      </div>
    </Dialog>
  );
}

/** What somebody typed, in minor units; `null`: not an amount of this currency. */
function parse(text: string, digits: number): number | null {
  const match = /^(\d{1,12})(?:[.,](\d+))?$/.exec(text.trim());
  if (!match || (match[2] ?? "").length > digits) return null;
  return Number(`${match[1]}${(match[2] ?? "").padEnd(digits, "0")}`);
}

function shown(amount: number, digits: number): string {
  const text = String(amount).padStart(digits + 1, "0");
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

function Form({ invoice, onClose, title, description, most, words, wordsHint, verb, error, busy, onSend }: Part & { title: string; description: string; most: number; words: string; wordsHint: string; verb: string; error: Error | null; busy: boolean; onSend: (amount: number, words: string) => void }) {
  const [amount, setAmount] = useState(shown(most, invoice.minor_digits));
  const [text, setText] = useState("");
  const [tried, setTried] = useState(false);
  const minorAmount = parse(amount, invoice.minor_digits);
  const wrongAmount = minorAmount === null || minorAmount === 0 ? `An amount in ${invoice.currency} is needed.` : minorAmount > most ? `At most ${minor(invoice, most)} is left.` : null;
  const wrongText = text.trim() === "" ? `${words} is needed.` : null;

  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (minorAmount !== null && wrongAmount === null && wrongText === null) onSend(minorAmount, text.trim());
  }

  return (
    <Dialog open sticky focusField onClose={onClose} title={title} description={description}>
      <form className="grid gap-4" noValidate onSubmit={submit}>
        <Field label={`Amount, ${invoice.currency}`} inputMode="decimal" autoComplete="off" value={amount} error={tried ? wrongAmount : null} onChange={(event) => setAmount(event.target.value)} className="tabular" />
        <Field label={words} hint={wordsHint} autoComplete="off" maxLength={200} value={text} error={tried ? wrongText : null} onChange={(event) => setText(event.target.value)} />
        {error && (
          <p role="alert" className="text-13 text-bad">
            {error.message}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="solid" type="submit" disabled={busy}>
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Pay({ invoice, onClose }: Part) {
  const pay = useAction<{ amount_minor: number; reference: string }>((calls, input) => calls.pay(invoice.invoice_id, { ...input, key: input.reference }), onClose);
  return (
    <Form
      invoice={invoice}
      onClose={onClose}
      title="Note a bank transfer"
      description="The same reference counts once, however often it is noted."
      most={invoice.open_minor}
      words="Reference"
      wordsHint="What the bank statement calls it."
      verb="Note"
      error={pay.error}
      busy={pay.isPending}
      onSend={(amount_minor, reference) => pay.mutate({ amount_minor, reference })}
    />
  );
}

function Credit({ invoice, onClose }: Part) {
  // One dialog, one credit note: sending it again after a lost answer credits once.
  const [key] = useState(() => crypto.randomUUID());
  const credit = useAction<{ amount_minor: number; reason: string }>((calls, input) => calls.credit(invoice.invoice_id, { ...input, key }), onClose);
  return (
    <Form
      invoice={invoice}
      onClose={onClose}
      title="Write a credit note"
      description="It takes from what is open; what was paid goes to the balance of the business."
      most={invoice.creditable_minor}
      words="Reason"
      wordsHint="Stands on the credit note."
      verb="Write"
      error={credit.error}
      busy={credit.isPending}
      onSend={(amount_minor, reason) => credit.mutate({ amount_minor, reason })}
    />
  );
}
