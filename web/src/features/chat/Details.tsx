/** Who is at the other end, who can read along, and how to be left in peace. */
import { BadgeCheck, Ban, Building2, Flag, LockKeyhole, Megaphone, MegaphoneOff, UserX } from "lucide-react";
import { useState } from "react";
import type { ReactNode } from "react";
import { core } from "@/core/core";
import type { ConversationView } from "@/core/types";
import { readableNumber } from "@/lib/number";
import { Avatar } from "@/ui/Avatar";
import { Button } from "@/ui/Button";
import { CopyButton } from "@/ui/CopyButton";
import { Dialog } from "@/ui/Dialog";

type Props = { conversation: ConversationView; open: boolean; onClose: () => void };

export function Details({ conversation, open, onClose }: Props) {
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
        {(conversation.commands?.length ?? 0) > 0 && (
          <div>
            <h3 className="font-semibold">What it understands</h3>
            <dl className="mt-1 grid gap-1 text-13">
              {conversation.commands?.map((command) => (
                <div key={command.name} className="flex gap-2">
                  <dt className="font-medium">/{command.name}</dt>
                  <dd className="text-muted">{command.description}</dd>
                </div>
              ))}
            </dl>
          </div>
        )}
      </div>
      <Peace conversation={conversation} />
    </Dialog>
  );
}

/** Being left in peace: no advertising, no messages; and saying that a business misbehaves. */
function Peace({ conversation }: { conversation: ConversationView }) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const [reported, setReported] = useState(false);
  const { id, title, is_business: isBusiness } = conversation;
  const blocked = conversation.is_blocked === true;
  const stopped = conversation.wants_no_marketing === true;

  async function run(work: () => Promise<unknown>): Promise<void> {
    setBusy(true);
    setFailed(null);
    try {
      await work();
    } catch (error) {
      setFailed(error instanceof Error ? error.message : "That did not work. Try again.");
    } finally {
      setBusy(false);
    }
  }

  async function report(impersonates: boolean): Promise<void> {
    await core.call("report", id, impersonates);
    setReported(true);
  }

  return (
    <div className="grid gap-2 border-t pt-5">
      {isBusiness && (
        <>
          <Button kind="quiet" disabled={busy} onClick={() => void run(() => core.wantMarketing(id, stopped))}>
            {stopped ? <Megaphone size={16} aria-hidden="true" /> : <MegaphoneOff size={16} aria-hidden="true" />}
            {stopped ? "Let advertising in again" : "Stop advertising"}
          </Button>
          <p role="status" className="mb-3 text-13 text-muted">
            {stopped ? `${title} cannot send you advertising. It knows that you want none.` : `Orders and answers still arrive. ${title} is told that you want no advertising.`}
          </p>
        </>
      )}
      <Button kind={blocked ? "quiet" : "danger"} disabled={busy} onClick={() => void run(() => core.block(id, !blocked))}>
        <Ban size={16} aria-hidden="true" />
        {blocked ? `Unblock ${title}` : `Block ${title}`}
      </Button>
      <p role="status" className="text-13 text-muted">
        {blocked ? "Blocked: nothing that is sent to you from there arrives." : "Who is blocked is not told, and can be unblocked at any time."}
        {isBusiness && " The operator counts how many people block a business, and slows it down."}
      </p>
      {isBusiness && (
        <>
          <Button kind="quiet" disabled={busy || reported} onClick={() => void run(() => report(false))} className="mt-3">
            <Flag size={16} aria-hidden="true" />
            {reported ? "Reported" : `Report ${title}`}
          </Button>
          <Button kind="quiet" disabled={busy || reported} onClick={() => void run(() => report(true))}>
            <UserX size={16} aria-hidden="true" />
            It is not who it says it is
          </Button>
          <p role="status" className="text-13 text-muted">
            {reported ? "Thank you. It counts against this business; your name is not told to it." : "For spam, fraud or worse, or for posing as somebody else: then the operator looks at it. The business does not learn who reported it."}
          </p>
        </>
      )}
      {failed !== null && (
        <p role="alert" className="text-13 text-bad">
          {failed}
        </p>
      )}
    </div>
  );
}

/** Something that is good to know. */
export function Fact({ icon, title, children }: { icon: ReactNode; title: string; children: ReactNode }) {
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
