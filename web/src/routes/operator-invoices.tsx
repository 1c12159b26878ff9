/** /operator/invoices, and /operator/invoices/$invoiceId */
import { useParams, useSearch } from "@tanstack/react-router";
import { Invoices, OneInvoice } from "@/features/operator/Invoices";

export function InvoicesPage() {
  const { status } = useSearch({ from: "/operator/invoices" });
  return <Invoices status={status} />;
}

export function InvoicePage() {
  const { invoiceId } = useParams({ from: "/operator/invoices/$invoiceId" });
  return <OneInvoice invoiceId={invoiceId} />;
}
