/** The invoices of the business: the list, and one with its files. */
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import type { InvoiceStatus } from "@/api/invoices";
import { InvoiceList, InvoiceView } from "@/ui/Invoices";
import { PayInvoice } from "./PayInvoice";
import { useManager } from "./session";

export function Invoices({ status }: { status: InvoiceStatus | undefined }) {
  const { queries } = useManager();
  const navigate = useNavigate();
  return (
    <InvoiceList
      queries={queries.invoices}
      status={status}
      note="One for each month in which something was used, with every message as a file."
      onStatus={(next) => void navigate({ to: "/manager/billing/invoices", search: next === undefined ? {} : { status: next } })}
      onOpen={(invoiceId) => void navigate({ to: "/manager/billing/invoices/$invoiceId", params: { invoiceId } })}
    />
  );
}

export function OneInvoice({ invoiceId }: { invoiceId: string }) {
  const { queries } = useManager();
  return (
    <div className="max-w-4xl">
      <Link to="/manager/billing/invoices" className="mb-4 inline-flex h-7 items-center gap-1.5 text-13 text-muted hover:text-ink">
        <ArrowLeft size={15} className="rtl:rotate-180" aria-hidden="true" />
        Invoices
      </Link>
      <InvoiceView queries={queries.invoices} invoiceId={invoiceId} Actions={PayInvoice} />
    </div>
  );
}
