/**
 * Why sends are refused right now for want of money: above the log of messages, because what is refused is in no log. It
 * says which cap is reached, or that nothing is left, and where that is mended.
 */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { billingQuery } from "@/api/billing";
import { nameOf } from "@/features/billing/Caps";
import { money } from "@/lib/money";
import { useManager } from "./session";

const LINK = "font-medium underline underline-offset-2";

export function Refusals() {
  const { token } = useManager();
  const billing = useQuery(billingQuery(token, null)).data;
  if (!billing) return null;
  const reached = billing.caps.filter((cap) => cap.action === "block" && cap.is_full);
  const isEmpty = billing.is_empty;
  if (reached.length === 0 && !isEmpty) return null;
  const over = reached.map((cap) => `${nameOf(cap)}, ${money(cap.limit_micros, billing.currency)}`).join("; ");
  const byOperator = reached.some((cap) => cap.owner === "operator");
  return (
    <div role="note" aria-label="Sends are refused" className="mb-4 flex items-start gap-3 rounded-14 border border-attention bg-attention-soft px-4 py-3">
      <CircleAlert size={18} className="mt-0.5 shrink-0 text-attention" aria-hidden="true" />
      <div className="grid gap-1">
        {isEmpty && (
          <Reason title={billing.balance.available_micros <= 0 ? "Nothing is left to pay from." : "Too little is left to pay from."}>
            What costs something is refused with 131042, and is not in this list. <Link to="/manager/payments" className={LINK}>Top up</Link> and it goes out again.
          </Reason>
        )}
        {reached.length > 0 && (
          <Reason title={`A spending cap is reached: ${over}.`}>
            What goes beyond is refused with 131042, and is not in this list.{" "}
            {byOperator ? "The operator set a cap: ask them to raise it." : <><Link to="/manager/billing" className={LINK}>Raise it</Link>, or wait until it begins anew.</>}
          </Reason>
        )}
      </div>
    </div>
  );
}

function Reason({ title, children }: { title: string; children: ReactNode }) {
  return (
    <p>
      <span className="font-medium">{title}</span> {children}
    </p>
  );
}
