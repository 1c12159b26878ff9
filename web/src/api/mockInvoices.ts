/** Invoices from memory: a year of three businesses in every state. What is done here stays until the page is loaded again. */
import { payOnce } from "./mockPayments";
import type { Invoice, InvoiceStatus, WholeInvoice } from "./invoices";

const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status, headers: { "content-type": status < 400 ? "application/json" : "application/problem+json" } });
const DAY = 86_400;
const BUYERS = ["Tulip Bakery", "City Library", "Arcade Cinema"];

function invoice(n: number): WholeInvoice {
  const month = 11 - Math.floor(n / 3);
  const status: InvoiceStatus = n === 0 ? "draft" : (["paid", "final", "paid", "overdue", "paid", "void"] as const)[n % 6] ?? "paid";
  const lines = [
    { kind: "usage", text: "Authentication messages, Germany, from message 100001", note: "", quantity: 18_240 + n * 11, unit_micros: 44_000, net_minor: 80_256 + n * 48 },
    { kind: "usage", text: "Marketing messages, Germany", note: "", quantity: 4210 + n, unit_micros: 136_500, net_minor: 57_467 + n * 14 },
    { kind: "usage", text: "Service messages, Brazil (free)", note: "", quantity: 990, unit_micros: 0, net_minor: 0 },
    { kind: "usage", text: "Utility messages, India", note: month > 1 ? `delivered in 2026-${String(month - 1).padStart(2, "0")}, reported late` : "", quantity: 12, unit_micros: 1400, net_minor: 2 },
    { kind: "subscription", text: "Verified business, 30 days", note: "", quantity: 1, unit_micros: 49_000_000, net_minor: 4900 },
  ];
  const subtotal_minor = lines.reduce((sum, line) => sum + line.net_minor, 0);
  const tax_minor = Math.round(subtotal_minor * 0.19);
  const total_minor = subtotal_minor + tax_minor;
  const prepaid_minor = n % 6 === 4 ? total_minor : 0;
  const is_final = status !== "draft";
  const is_paid = status === "paid";
  const credited_minor = status === "void" ? total_minor : 0;
  const issued_at = is_final ? Math.floor(Date.UTC(2026, month, 4) / 1000) : null;
  const number = is_final ? `INV-2026-${String(200 - n).padStart(6, "0")}` : null;
  const paid_minor = is_paid ? total_minor - prepaid_minor : 0;
  return {
    invoice_id: `inv_${String(n).padStart(32, "0")}`, number, portfolio_id: `50000000000000${n % 3}`, buyer: BUYERS[n % 3] ?? "", period: `2026-${String(month).padStart(2, "0")}`, status,
    currency: "EUR", minor_digits: 2, rounding_micros: 4000, subtotal_minor, tax_minor, total_minor, prepaid_minor, paid_minor, credited_minor,
    creditable_minor: total_minor - credited_minor, open_minor: is_final && !is_paid && status !== "void" ? total_minor : 0, issued_at, due_at: issued_at === null ? null : issued_at + 14 * DAY,
    lines, taxes: [{ treatment: { name: "VAT", ppm: 190_000, note: "" }, tax_minor }],
    credit_notes: status === "void" && issued_at !== null ? [{ credit_note_id: `crn_${n}`, number: `CN-2026-${String(30 - n).padStart(6, "0")}`, reason: "Sent to the wrong legal entity", amount_minor: total_minor, issued_at: issued_at + DAY }] : [],
    payments: paid_minor > 0 && issued_at !== null ? [{ payment_id: `ivp_${n}`, amount_minor: paid_minor, method: "transfer", reference: `SEPA ${4700 + n}`, paid_at: issued_at + 5 * DAY }] : [],
  };
}

let invoices: WholeInvoice[] = Array.from({ length: 30 }, (_, n) => invoice(n));

function change(id: string, next: (row: WholeInvoice) => WholeInvoice): Response {
  invoices = invoices.map((row) => (row.invoice_id === id ? next(row) : row));
  return json(invoices.find((row) => row.invoice_id === id));
}

const settled = (row: WholeInvoice): WholeInvoice => (row.open_minor > 0 ? row : { ...row, status: row.creditable_minor === 0 && row.paid_minor === 0 ? "void" : "paid" });

/** The business pays: what its card does, the payments know. */
function pay(row: WholeInvoice, wish: { key: string; method_id?: string }): Response {
  const amount = row.open_minor / 10 ** row.minor_digits;
  const made = payOnce({ amount: String(amount), key: wish.key, ...(wish.method_id === undefined ? {} : { method_id: wish.method_id }) }, "invoice");
  if (made.state === "succeeded") change(row.invoice_id, (old) => ({ ...old, status: "paid", open_minor: 0, paid_minor: old.total_minor }));
  return json(made, 200);
}

/** `…/invoices` and what is below it; `path` begins behind the word. */
export function answerInvoices(method: string, path: string, query: URLSearchParams, body: unknown, own: boolean, empty: boolean): Response {
  const [id = "", action = ""] = path.split("/").filter((part) => part !== "");
  if (id === "") {
    const wanted = (row: Invoice): boolean => (query.get("status") ?? row.status) === row.status && (!own || row.buyer === "Tulip Bakery");
    const rows = invoices.filter(wanted);
    const start = Number(query.get("after") ?? 0);
    const end = start + Number(query.get("limit") ?? 50);
    return json({ data: empty ? [] : rows.slice(start, end), next: end < rows.length && !empty ? String(end) : null });
  }
  const row = invoices.find((each) => each.invoice_id === id);
  if (!row) return json({ title: "Not found", detail: "this invoice does not exist", code: "not_found" }, 404);
  const now = Math.floor(Date.now() / 1000);
  const given = body as { amount_minor?: number; reason?: string; reference?: string } | undefined;
  const amount_minor = given?.amount_minor ?? 0;
  if (method === "POST" && action === "issue") return change(id, (old) => ({ ...old, status: "final", number: "INV-2026-000201", open_minor: old.total_minor, issued_at: now, due_at: now + 14 * DAY }));
  if (method === "POST" && action === "payments")
    return change(id, (old) => settled({ ...old, paid_minor: old.paid_minor + amount_minor, open_minor: old.open_minor - amount_minor, payments: [...old.payments, { payment_id: `ivp_${now}`, amount_minor, method: "transfer", reference: given?.reference ?? "", paid_at: now }] }));
  if (method === "POST" && action === "pay") return pay(row, body as { key: string; method_id?: string });
  if (method === "POST" && action === "credit")
    return change(id, (old) =>
      settled({ ...old, credited_minor: old.credited_minor + amount_minor, creditable_minor: old.creditable_minor - amount_minor, open_minor: Math.max(0, old.open_minor - amount_minor), credit_notes: [...old.credit_notes, { credit_note_id: `crn_${now}`, number: "CN-2026-000031", reason: given?.reason ?? "", amount_minor, issued_at: now }] }),
    );
  if (action !== "") return new Response(`the bytes of ${action}`, { headers: { "content-type": "application/octet-stream" } });
  return json(row);
}
