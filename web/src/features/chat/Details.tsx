/** Who is at the other end, and who can read along. */
import { BadgeCheck, Building2, LockKeyhole } from "lucide-react";
import type { ReactNode } from "react";
import type { ConversationView } from "@/core/types";
import { readableNumber } from "@/lib/number";
import { Avatar } from "@/ui/Avatar";
import { CopyButton } from "@/ui/CopyButton";
import { Dialog } from "@/ui/Dialog";

export function Details({ conversation, open, onClose }: { conversation: ConversationView; open: boolean; onClose: () => void }) {
  const host = conversation.hosted_by || "the business itself";
  return (
    <Dialog open={open} onClose={onClose} title="About" side="end">
      <div className="flex flex-col items-center gap-3 border-b pt-2 pb-6 text-center">
        <Avatar id={conversation.account_id} name={conversation.title} business={conversation.is_business} size={84} />
        <div>
          <div className="text-20 font-semibold">{conversation.title}</div>
          <div className="mt-0.5 inline-flex items-center gap-1 text-muted tabular">
            {readableNumber(conversation.number)}
            <CopyButton text={conversation.number} what="number" />
          </div>
        </div>
      </div>
      <div className="grid gap-5 py-5">
        {conversation.is_business && conversation.is_verified && (
          <Fact icon={<BadgeCheck size={18} />} title="Verified">
            The operator of this network has checked that this business is who it says it is.
          </Fact>
        )}
        {conversation.is_business ? (
          <Fact icon={<Building2 size={18} />} title={`Hosted by ${host}`}>
            Messages are encrypted on their way. The keys of this business are kept by {host}, which can therefore read what you write here. The business pays for what it sends; you never do.
          </Fact>
        ) : (
          <Fact icon={<LockKeyhole size={18} />} title="End-to-end encrypted">
            Only your devices and those of {conversation.title} hold the keys. They never leave this browser, and the server keeps an encrypted copy only until it is delivered.
          </Fact>
        )}
      </div>
    </Dialog>
  );
}

function Fact({ icon, title, children }: { icon: ReactNode; title: string; children: ReactNode }) {
  return (
    <div className="flex gap-3">
      <span className="mt-0.5 shrink-0 text-accent-text" aria-hidden="true">
        {icon}
      </span>
      <div>
        <h3 className="font-semibold">{title}</h3>
        <p className="mt-0.5 text-13 text-pretty text-muted">{children}</p>
      </div>
    </div>
  );
}
