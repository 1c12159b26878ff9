/** The pages of a business in the console's frame; above them whose they are, and what is left on its balance. */
import { useNavigate } from "@tanstack/react-router";
import { BadgeCheck, ChartNoAxesColumn, Code, FileText, Hash, KeyRound, ListChecks, MessagesSquare, QrCode, Users, Wallet, Webhook } from "lucide-react";
import type { ReactNode } from "react";
import { money } from "@/lib/money";
import { Console } from "@/ui/Console";
import type { ConsolePage } from "@/ui/Console";
import { Select } from "@/ui/Select";
import { useManager } from "./session";

const PAGES: readonly ConsolePage[] = [
  { to: "/manager/numbers", label: "Numbers", Icon: Hash },
  { to: "/manager/templates", label: "Templates", Icon: FileText },
  { to: "/manager/messages", label: "Messages", Icon: MessagesSquare },
  { to: "/manager/analytics", label: "Analytics", Icon: ChartNoAxesColumn },
  { to: "/manager/webhooks", label: "Webhooks", Icon: Webhook },
  { to: "/manager/flows", label: "Flows", Icon: ListChecks },
  { to: "/manager/groups", label: "Groups", Icon: Users },
  { to: "/manager/qr-codes", label: "QR codes", Icon: QrCode },
  {
    to: "/manager/billing", label: "Billing", Icon: Wallet,
    tabs: [
      { to: "/manager/billing", label: "Overview" }, { to: "/manager/billing/estimate", label: "Estimate" }, { to: "/manager/billing/invoices", label: "Invoices" },
      { to: "/manager/payments", label: "Payments" }, { to: "/manager/plan", label: "Plan" },
    ],
  },
  { to: "/manager/verification", label: "Verification", Icon: BadgeCheck },
  { to: "/manager/keys", label: "API keys", Icon: KeyRound },
  { to: "/manager/explorer", label: "API explorer", Icon: Code },
];

export function Shell({ children }: { children: ReactNode }) {
  const { signOut } = useManager();
  return (
    <Console title="Manager" pages={PAGES} onSignOut={signOut} about={<Whose />}>
      {children}
    </Console>
  );
}

function Whose() {
  const { session, account } = useManager();
  const navigate = useNavigate();
  const { balance } = session;
  return (
    <div className="max-md:flex max-md:items-baseline max-md:gap-3">
      <div className="truncate font-medium">{session.name}</div>
      <div className="text-13 text-muted tabular">
        {money(balance.available_micros, balance.currency)} <span className="max-md:sr-only">available</span>
      </div>
      {session.accounts.length > 1 && (
        <Select
          label="Account"
          hideLabel
          value={account.id}
          options={session.accounts.map((each) => ({ value: each.id, label: each.name }))}
          onChange={(next) => void navigate({ to: "/manager/numbers", search: { account: next } })}
          className="mt-2 w-full"
        />
      )}
    </div>
  );
}
