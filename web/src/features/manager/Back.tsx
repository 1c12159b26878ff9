/** From an object's page back to its list. */
import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";

export function Back({ to, children }: { to: "/manager/templates" | "/manager/messages" | "/manager/flows"; children: string }) {
  return (
    <Link to={to} className="mb-4 inline-flex h-7 items-center gap-1.5 text-13 text-muted hover:text-ink">
      <ArrowLeft size={15} className="rtl:rotate-180" aria-hidden="true" />
      {children}
    </Link>
  );
}
