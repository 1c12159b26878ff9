/** The operator's pages in the console's frame. */
import { BadgeCheck, ChartNoAxesColumn, CreditCard, FileCheck2, FileText, Inbox, Layers, ReceiptText, ScrollText, Sprout, Store, Webhook } from "lucide-react";
import type { ReactNode } from "react";
import { Console } from "@/ui/Console";
import type { ConsolePage } from "@/ui/Console";
import { useOperator } from "./session";

const PAGES: readonly ConsolePage[] = [
  { to: "/operator/revenue", label: "Revenue", Icon: ChartNoAxesColumn },
  { to: "/operator/growth", label: "Growth", Icon: Sprout },
  { to: "/operator/charges", label: "Charges", Icon: ReceiptText },
  { to: "/operator/businesses", label: "Businesses", Icon: Store, to: "/operator/payments", label: "Payments", Icon: CreditCard, to: "/operator/invoices", label: "Invoices", Icon: FileText },
  { to: "/operator/webhooks", label: "Webhooks", Icon: Webhook },
  { to: "/operator/templates", label: "Templates", Icon: FileCheck2 },
  { to: "/operator/verifications", label: "Verifications", Icon: BadgeCheck },
  { to: "/operator/plans", label: "Plans", Icon: Layers },
  { to: "/operator/audit", label: "Audit", Icon: ScrollText },
  { to: "/operator/outbox", label: "Outbox", Icon: Inbox },
];

export function Shell({ children }: { children: ReactNode }) {
  const { signOut } = useOperator();
  return (
    <Console title="Operator" pages={PAGES} onSignOut={signOut}>
      {children}
    </Console>
  );
}
