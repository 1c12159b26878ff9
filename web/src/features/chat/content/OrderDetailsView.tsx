/** An order to look at and to pay for: lines, sums, total, and the ways to pay that the business gave. */
import { ExternalLink } from "lucide-react";
import type { OrderDetailsAction } from "@/core/content";
import { useNow } from "@/lib/clock";
import { price } from "@/lib/money";
import { ago, exact } from "@/lib/time";
import { webAddress } from "@/lib/web";
import { CopyButton } from "@/ui/CopyButton";
import { readOrder } from "./orderDetails";
import type { Payment } from "./orderDetails";

export function OrderDetailsView({ order }: { order: OrderDetailsAction }) {
  const now = useNow();
  const { lines, sums, payments, endsAt } = readOrder(order.details);
  const over = endsAt !== null && endsAt <= now;
  return (
    <div className="mb-2 w-80 max-w-full rounded-8 border bg-canvas p-3 text-13">
      <div className="mb-2 flex justify-between gap-3 text-muted">
        <span>Order {order.reference_id}</span>
        {endsAt !== null && (
          <time dateTime={new Date(endsAt).toISOString()} title={exact(endsAt)}>
            {over ? "ended" : `open, ends ${ago(endsAt, now)}`}
          </time>
        )}
      </div>
      <table className="w-full">
        <caption className="sr-only">What is in order {order.reference_id}</caption>
        <tbody>
          {lines.map((line, n) => (
            <tr key={n}>
              <th scope="row" className="py-0.5 pe-3 text-start font-normal">
                {line.quantity > 1 && <span className="text-muted tabular">{line.quantity} × </span>}
                {line.name}
              </th>
              <td className="text-end align-top tabular">
                {line.beforeMicros !== null && (
                  <s className="me-1.5 text-faint">
                    <span className="sr-only">before </span>
                    {price(line.beforeMicros, order.currency)}
                  </s>
                )}
                {line.micros === null ? "" : price(line.micros, order.currency)}
              </td>
            </tr>
          ))}
        </tbody>
        <tbody className="border-t">
          {sums.map((sum) => (
            <tr key={sum.label} className="text-muted">
              <th scope="row" className="py-0.5 pe-3 text-start font-normal first:pt-1">
                {sum.label}
              </th>
              <td className="text-end tabular">{price(sum.micros, order.currency)}</td>
            </tr>
          ))}
          <tr className="text-14 font-semibold">
            <th scope="row" className="pt-1 pe-3 text-start">
              Total
            </th>
            <td className="pt-1 text-end tabular">{price(order.total_micros, order.currency)}</td>
          </tr>
        </tbody>
      </table>
      {!over && payments.map((payment, n) => <Pay key={n} payment={payment} />)}
    </div>
  );
}

function Pay({ payment }: { payment: Payment }) {
  if (payment.is === "code") {
    return (
      <div className="mt-2 flex items-center gap-2 rounded-6 border bg-raised px-2 py-1">
        <code className="min-w-0 grow truncate font-mono text-12">{payment.code}</code>
        <CopyButton text={payment.code} what={payment.label.replace(/^Copy the /, "")} />
      </div>
    );
  }
  const address = webAddress(payment.url);
  if (address === null) return null;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer" title={address} className="mt-2 inline-flex min-h-6 items-center gap-1.5 font-medium text-accent-text underline-offset-2 hover:underline">
      <ExternalLink size={13} aria-hidden="true" />
      {payment.label}
    </a>
  );
}
