/** /operator/invoices, /operator/invoices/$invoiceId and /operator/unpaid */
import { useParams, useSearch } from "@tanstack/react-router";
import { Invoices, OneInvoice } from "@/features/operator/Invoices";
import { UnpaidView } from "@/features/operator/Unpaid";

export function InvoicesPage() {
  const { status } = useSearch({ from: "/operator/invoices" });
  return <Invoices status={status} />;
}

export function InvoicePage() {
  const { invoiceId } = useParams({ from: "/operator/invoices/$invoiceId" });
  return <OneInvoice invoiceId={invoiceId} />;
}

export function UnpaidPage() {
  const { currency } = useSearch({ from: "/operator/unpaid" });
  return <UnpaidView currency={currency} />;
}
