/** The operator's pages in the console's frame. */
import { BookOpenText, ChartNoAxesColumn, CreditCard, FileCheck2, Inbox, ReceiptText, ScrollText, Sprout, Store, Webhook } from "lucide-react";
import type { ReactNode } from "react";
import { Console } from "@/ui/Console";
import type { ConsolePage } from "@/ui/Console";
import { useOperator } from "./session";

const PAGES: readonly ConsolePage[] = [
  { to: "/operator/revenue", label: "Revenue", Icon: ChartNoAxesColumn },
  { to: "/operator/growth", label: "Growth", Icon: Sprout },
  { to: "/operator/charges", label: "Charges", Icon: ReceiptText },
  {
    to: "/operator/invoices", label: "Billing", Icon: CreditCard,
    tabs: [
      { to: "/operator/invoices", label: "Invoices" },
      { to: "/operator/unpaid", label: "Unpaid" },
      { to: "/operator/payments", label: "Payments" },
      { to: "/operator/reminders", label: "Reminders" },
      { to: "/operator/plans", label: "Plans" },
      { to: "/operator/purchases", label: "Purchases" },
      { to: "/operator/stickers", label: "Stickers" },
      { to: "/operator/invoice-settings", label: "Settings" },
    ],
  },
  { to: "/operator/prices", label: "Prices", Icon: BookOpenText },
  { to: "/operator/businesses", label: "Businesses", Icon: Store },
  {
    to: "/operator/templates", label: "Reviews", Icon: FileCheck2,
    tabs: [{ to: "/operator/templates", label: "Templates" }, { to: "/operator/verifications", label: "Verifications" }],
  },
  { to: "/operator/webhooks", label: "Webhooks", Icon: Webhook },
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
