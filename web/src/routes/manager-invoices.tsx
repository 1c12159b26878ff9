/** /manager/billing/invoices, and /manager/billing/invoices/$invoiceId */
import { useParams, useSearch } from "@tanstack/react-router";
import { Invoices, OneInvoice } from "@/features/manager/Invoices";

export function InvoicesPage() {
  const { status } = useSearch({ from: "/manager/billing/invoices" });
  return <Invoices status={status} />;
}

export function InvoicePage() {
  const { invoiceId } = useParams({ from: "/manager/billing/invoices/$invoiceId" });
  return <OneInvoice invoiceId={invoiceId} />;
}
