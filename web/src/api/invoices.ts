/** Invoices, as both consoles see them: the operator everybody's, a business its own. */
import { queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import type { Console } from "@/lib/paths";
import { call, fetchFile } from "./http";
import { PAGE_ROWS, REFRESH_MS, pages } from "./pages";

export const INVOICE_STATES = ["draft", "final", "overdue", "paid", "void"] as const;
export type InvoiceStatus = (typeof INVOICE_STATES)[number];

export type Invoice = {
  invoice_id: string;
  number: string | null;
  portfolio_id: string;
  buyer: string | null;
  period: string;
  status: InvoiceStatus;
  currency: string;
  minor_digits: number;
  rounding_micros: number;
  subtotal_minor: number;
  tax_minor: number;
  total_minor: number;
  prepaid_minor: number;
  paid_minor: number;
  credited_minor: number;
  creditable_minor: number;
  open_minor: number;
  issued_at: number | null;
  due_at: number | null;
};

export type InvoiceLine = { kind: string; text: string; note: string; quantity: number; unit_micros: number; net_minor: number };
export type CreditNote = { credit_note_id: string; number: string; reason: string; amount_minor: number; issued_at: number };
export type InvoicePayment = { payment_id: string; amount_minor: number; method: string; reference: string; paid_at: number };
export type InvoiceTax = { treatment: { name: string; ppm: number; note: string }; tax_minor: number };
export type WholeInvoice = Invoice & { lines: InvoiceLine[]; taxes: InvoiceTax[]; credit_notes: CreditNote[]; payments: InvoicePayment[] };

export type InvoiceFilter = { status: InvoiceStatus | undefined; /** For the operator. */ portfolio_id?: string };

/** The queries of a console's token. */
export function invoiceQueries(token: string, console: Console) {
  return {
    key: [console, "invoices"],
    list: (filter: InvoiceFilter) => pages<Invoice>(token, [console, "invoices", filter], (after) => paths.invoices(console, { limit: PAGE_ROWS, after }, filter)),
    one: (id: string) =>
      queryOptions({
        queryKey: [console, "invoices", "one", id],
        queryFn: ({ signal }) => call<WholeInvoice>(paths.invoice(console, id), { token, signal }),
        refetchInterval: REFRESH_MS,
      }),
    file: (id: string, document: string) => fetchFile(paths.invoiceDocument(console, id, document), { token }),
  };
}

export type InvoiceQueries = ReturnType<typeof invoiceQueries>;

/** What an operator can do with one. */
export function invoiceCalls(token: string) {
  const post = (id: string, action: string, body: unknown) => call<WholeInvoice>(`${paths.invoice("operator", id)}/${action}`, { method: "POST", token, body });
  return {
    issue: (id: string) => post(id, "issue", {}),
    credit: (id: string, body: { amount_minor: number; reason: string; key: string }) => post(id, "credit", body),
    pay: (id: string, body: { amount_minor: number; reference: string; key: string }) => post(id, "payments", body),
  };
}
