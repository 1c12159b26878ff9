/** A phone with the conversation of a business on it: what a person will see. */
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { Avatar } from "./Avatar";

export type PhoneProps = { label: string; title?: string; before?: ReactNode; foot?: ReactNode; children: ReactNode };

export function Phone({ business, label, title, before, foot, children }: PhoneProps & { business: { id: string; name: string } }) {
  return (
    <section aria-label={label} className="mx-auto w-full max-w-[22rem] overflow-hidden rounded-[2rem] border-6 border-line-strong bg-canvas">
      <div className="flex h-14 items-center gap-2.5 border-b bg-surface px-4">
        {before ?? <ArrowLeft size={17} className="text-faint rtl:rotate-180" aria-hidden="true" />}
        <Avatar id={business.id} name={business.name} business size={30} />
        <div className="min-w-0">
          <div className="truncate font-semibold">{title ?? business.name}</div>
          <div className="truncate text-12 text-muted">{title === undefined ? "Business" : business.name}</div>
        </div>
      </div>
      <div className="scroll-quiet max-h-[34rem] min-h-[24rem] overflow-y-auto">{children}</div>
      {foot !== undefined && <div className="border-t bg-surface px-4 py-3">{foot}</div>}
    </section>
  );
}
