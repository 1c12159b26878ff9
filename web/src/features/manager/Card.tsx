/**
 * # A card, at the provider
 *
 * The provider's own script takes the card in a field of its own and asks for what the bank wants confirmed: a number of a
 * card never comes to Plaza. The script is loaded when this page opens, from the address that the operator has configured,
 * and the server lets this page alone do that. So one comes here by loading anew, and the router leaves so too: nothing else
 * of the app ever runs beside the script.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Lock } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import { paymentCalls, paymentQueries } from "@/api/payments";
import type { Payment } from "@/api/payments";
import { loadStripe } from "@/lib/stripe";
import type { CardElement, Stripe } from "@/lib/stripe";
import { money } from "@/lib/money";
import { Button, buttonLook } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { Failed, Skeleton } from "@/ui/Problem";
import { useManager } from "./session";

/** The provider's script, once it is there. */
function useStripe() {
  const { token } = useManager();
  const methods = useQuery(paymentQueries(token).methods());
  const form = methods.data?.card_form ?? null;
  const script = useQuery({
    queryKey: ["stripe", form?.script_url],
    queryFn: () => loadStripe(form?.script_url ?? "", form?.publishable_key ?? ""),
    enabled: form !== null,
    retry: false,
    staleTime: Infinity,
    gcTime: Infinity,
  });
  return { hasNone: methods.isSuccess && form === null, stripe: script.data, error: methods.error ?? script.error, retry: () => void (methods.error ? methods.refetch() : script.refetch()) };
}

function Frame({ title, note, children }: { title: string; note: string; children: ReactNode }) {
  return (
    <>
      <PageHead title={title} note={note} />
      <div className="grid max-w-lg gap-4 rounded-14 border bg-surface p-4 sm:p-6">{children}</div>
    </>
  );
}

function BackToPayments({ children }: { children: string }) {
  return (
    <Link to="/manager/payments" reloadDocument className={buttonLook("quiet")}>
      {children}
    </Link>
  );
}

function Waiting({ of }: { of: ReturnType<typeof useStripe> }) {
  if (of.hasNone) return <p className="text-muted">This network takes no cards in a form. Add a method under Payments, or pay by bank transfer.</p>;
  if (of.error) return <Failed error={of.error} onRetry={of.retry} />;
  return <Skeleton rows={2} />;
}

function Wrong({ error }: { error: Error | null }) {
  return error ? (
    <p role="alert" className="text-13 text-bad">
      {error.message}
    </p>
  ) : null;
}

export function TakeCard() {
  const provider = useStripe();
  return (
    <Frame title="Add a card" note="The provider takes the card. Its number never comes to this network.">
      {provider.stripe ? <CardForm stripe={provider.stripe} /> : <Waiting of={provider} />}
      <BackToPayments>Back to payments</BackToPayments>
    </Frame>
  );
}

function CardForm({ stripe }: { stripe: Stripe }) {
  const { token } = useManager();
  const calls = paymentCalls(token);
  const place = useRef<HTMLDivElement>(null);
  const [element] = useState<CardElement>(() => stripe.elements().create("card", { style: { base: { color: getComputedStyle(document.body).color, fontSize: "16px" } } }));
  // The field is the provider's: it lives outside of React.
  useEffect(() => {
    if (place.current) element.mount(place.current);
    return () => element.unmount();
  }, [element]);
  const add = useMutation({
    mutationFn: async () => {
      const { client_secret } = await calls.setUp();
      const { error, setupIntent } = await stripe.confirmCardSetup(client_secret, { payment_method: { card: element } });
      if (error) throw new Error(error.message ?? "The provider did not take the card. Try another one.");
      const method = setupIntent?.payment_method ?? "";
      await calls.addMethod(typeof method === "string" ? method : method.id);
    },
    onSuccess: () => window.location.assign("/manager/payments"),
  });
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <div role="group" aria-label="Card" className="grid gap-1.5 text-13 font-medium">
        Card
        <div ref={place} className="rounded-8 border border-line-strong bg-raised px-3 py-3 font-normal" />
      </div>
      <p className="flex items-start gap-2 text-13 text-muted">
        <Lock size={15} className="mt-0.5 shrink-0" aria-hidden="true" />
        The field belongs to the payment provider. Your bank may ask you to confirm.
      </p>
      <Wrong error={add.error} />
      <Button kind="solid" type="submit" disabled={add.isPending || add.isSuccess}>
        {add.isPending || add.isSuccess ? "Asking the provider…" : "Add the card"}
      </Button>
    </form>
  );
}

/** The bank's question about one payment. */
export function ConfirmPayment({ paymentId }: { paymentId: string }) {
  const { token } = useManager();
  const query = useQuery(paymentQueries(token).payment(paymentId, true));
  const provider = useStripe();
  const payment = query.data;
  return (
    <Frame title="Confirm a payment" note="Your bank asks you to confirm it. It is called off after a day.">
      {payment && provider.stripe ? <Confirm payment={payment} stripe={provider.stripe} /> : query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Waiting of={provider} />}
      {payment && payment.invoice_id !== null ? (
        <Link to="/manager/billing/invoices/$invoiceId" params={{ invoiceId: payment.invoice_id }} reloadDocument className={buttonLook("quiet")}>
          Back to the invoice
        </Link>
      ) : (
        <BackToPayments>Back to payments</BackToPayments>
      )}
    </Frame>
  );
}

function Confirm({ payment, stripe }: { payment: Payment; stripe: Stripe }) {
  const { token } = useManager();
  const client = useQueryClient();
  const confirm = useMutation({
    mutationFn: async () => {
      const { error } = await stripe.confirmCardPayment(payment.action ?? "");
      // Whatever the script says: the look-up knows.
      const now = await paymentCalls(token).lookUp(payment.payment_id);
      if (error && now.state === "requires_action") throw new Error(error.message ?? "It was not confirmed.");
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["manager"] }),
  });
  return (
    <div className="grid gap-4">
      <p className="text-20 font-semibold tabular">{money(payment.amount_micros, payment.currency)}</p>
      <p role="status">{said(payment)}</p>
      <Wrong error={confirm.error} />
      {payment.state === "requires_action" && (
        <Button kind="solid" disabled={confirm.isPending} onClick={() => confirm.mutate()}>
          {confirm.isPending ? "Waiting for your bank…" : "Confirm at your bank"}
        </Button>
      )}
    </div>
  );
}

function said(payment: Payment): string {
  switch (payment.state) {
    case "succeeded":
      return payment.invoice_id !== null ? "The invoice is paid." : "It is on your balance.";
    case "failed":
      return `${payment.failure?.message ?? "It was not confirmed."} No money was taken.`;
    case "canceled":
      return "No money was taken.";
    default:
      return payment.state === "requires_action" ? "Nothing is paid until you have confirmed it." : "The provider is working on it.";
  }
}
