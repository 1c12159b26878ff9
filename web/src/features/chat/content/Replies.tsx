/** Answers, as they stand in the conversation: what was chosen, filled in or ordered. */
import { CircleCheck, Phone, PhoneOff, ShoppingBasket } from "lucide-react";
import type { ReactNode } from "react";
import type { InteractiveReply, Order } from "@/core/content";
import { price, sumByCurrency } from "@/lib/money";
import { RichText } from "@/ui/RichText";
import { priceOf, titleOf } from "./ProductRow";

const FIELDS_SHOWN_MAX = 12;

export function ReplyView({ reply, text, meta }: { reply: InteractiveReply; text: string; meta: ReactNode }) {
  switch (reply.type) {
    case "button":
    case "row":
      return (
        <>
          <div>{reply.title}</div>
          {reply.description !== "" && <div className="text-13 opacity-90">{reply.description}</div>}
          {meta}
        </>
      );
    case "form":
      return (
        <>
          <div className="flex items-center gap-2 font-medium">
            <CircleCheck size={16} aria-hidden="true" />
            {reply.name === "address_message" ? "Address given" : "Form filled in"}
          </div>
          <Filled response={reply.response_json} />
          {meta}
        </>
      );
    case "call_permission":
      return (
        <>
          <span className="inline-flex items-center gap-2">
            {reply.is_accepted ? <Phone size={15} aria-hidden="true" /> : <PhoneOff size={15} aria-hidden="true" />}
            {text}
          </span>
          {meta}
        </>
      );
    default:
      return (
        <>
          {text}
          {meta}
        </>
      );
  }
}

/** What was filled in, for whoever wants to see it again. */
function Filled({ response }: { response: string }) {
  const fields = fieldsOf(response);
  if (fields.length === 0) return null;
  return (
    <details className="mt-1 text-13">
      <summary className="inline-flex min-h-6 cursor-pointer items-center rounded-4 underline underline-offset-2">What was sent</summary>
      <dl className="mt-1 grid gap-1">
        {fields.slice(0, FIELDS_SHOWN_MAX).map(([name, value]) => (
          <div key={name}>
            <dt className="text-12 opacity-90">{name.replaceAll("_", " ")}</dt>
            <dd className="wrap-anywhere">{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function fieldsOf(response: string): [string, string][] {
  let value: unknown;
  try {
    value = JSON.parse(response);
  } catch {
    return [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .flatMap(([name, each]): [string, unknown][] => (name === "values" && typeof each === "object" && each !== null ? Object.entries(each) : [[name, each]]))
    .filter(([name, each]) => name !== "flow_token" && each !== "" && each !== null)
    .map(([name, each]) => [name, typeof each === "object" ? JSON.stringify(each) : String(each)]);
}

export function OrderView({ order, meta }: { order: Order; meta: ReactNode }) {
  const sums = sumByCurrency(order.items.filter((item) => item.currency !== "").map((item) => ({ currency: item.currency, amount_micros: item.price_micros * item.quantity })));
  return (
    <>
      <div className="flex items-center gap-2 font-medium">
        <ShoppingBasket size={16} aria-hidden="true" />
        Order
      </div>
      <ul className="mt-1 grid w-64 max-w-full gap-0.5 text-13">
        {order.items.map((item) => (
          <li key={item.retailer_id} className="flex justify-between gap-3">
            <span>
              <span className="tabular">{item.quantity} × </span>
              {titleOf(item)}
            </span>
            <span className="tabular">{priceOf({ ...item, price_micros: item.price_micros * item.quantity })}</span>
          </li>
        ))}
      </ul>
      {sums.length > 0 && (
        <div className="mt-1 flex justify-between gap-3 border-t border-current/20 pt-1 text-13 font-semibold">
          <span>Total</span>
          <span className="tabular">{sums.map((sum) => price(sum.amount_micros, sum.currency)).join(" + ")}</span>
        </div>
      )}
      {order.text !== "" && (
        <p className="mt-1">
          <RichText text={order.text} />
        </p>
      )}
      {meta}
    </>
  );
}
