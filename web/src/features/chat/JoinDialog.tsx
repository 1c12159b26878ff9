/**
 * # An invite link
 *
 * Whoever opens one sees what it leads to before anything happens: what the group is called, who manages it, and who can
 * read what is said there. Where the manager has to approve, this is also where one sees that one still waits.
 */
import { useQuery } from "@tanstack/react-query";
import { BadgeCheck, Building2, Hourglass, Users } from "lucide-react";
import { useState } from "react";
import { core } from "@/core/core";
import type { Invitation } from "@/core/types";
import { readableNumber } from "@/lib/number";
import { Avatar } from "@/ui/Avatar";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Skeleton } from "@/ui/Problem";

type Props = { code: string; onClose: () => void; onOpen: (conversationId: string) => void };

function words(error: unknown): string {
  return error instanceof Error ? error.message : "That did not work. Try again.";
}

export function JoinDialog({ code, onClose, onOpen }: Props) {
  const looked = useQuery({ queryKey: ["invitation", code], queryFn: () => core.call("look_at_invitation", code), retry: false, gcTime: 0 });
  const invitation = looked.data;
  return (
    <Dialog open onClose={onClose} title={invitation ? (invitation.is_member ? "You are in this group" : "Join this group?") : "Invitation to a group"}>
      {looked.isPending && <Skeleton rows={2} height={56} />}
      {looked.isError && (
        <>
          <p role="alert" className="rounded-8 bg-bad-soft px-4 py-3 text-pretty text-bad">
            This invite link leads nowhere. It may have been replaced: ask for the present one.
          </p>
          <div className="mt-4 flex justify-end">
            <Button onClick={onClose}>Close</Button>
          </div>
        </>
      )}
      {invitation && <Offer code={code} invitation={invitation} onClose={onClose} onOpen={onOpen} onChanged={() => void looked.refetch()} />}
    </Dialog>
  );
}

type OfferProps = Props & { invitation: Invitation; onChanged: () => void };

function Offer({ code, invitation, onClose, onOpen, onChanged }: OfferProps) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const { manager, participants, participants_max } = invitation;
  const isFull = participants >= participants_max && !invitation.is_member;

  async function act(what: () => Promise<void>): Promise<void> {
    setBusy(true);
    setFailed(null);
    try {
      await what();
    } catch (error) {
      setFailed(words(error));
    } finally {
      setBusy(false);
    }
  }

  async function join(): Promise<void> {
    const answer = await core.call("join_group", code);
    if (answer.state === "joined") onOpen(answer.conversation_id);
    else onChanged();
  }

  async function cancel(): Promise<void> {
    await core.call("cancel_join", code);
    onChanged();
  }

  return (
    <>
      <div className="flex items-center gap-4">
        <Avatar id={invitation.conversation_id} name={invitation.subject} business={false} group picture={invitation.picture} size={64} />
        <div className="min-w-0">
          <h3 className="text-18 font-semibold wrap-anywhere">{invitation.subject}</h3>
          <p className="mt-0.5 flex flex-wrap items-center gap-x-1.5 text-13 text-muted">
            <span className="inline-flex items-center gap-1">
              Managed by {manager}
              {invitation.is_verified && (
                <>
                  <BadgeCheck size={15} className="text-accent-text" aria-hidden="true" />
                  <span className="sr-only">, verified business</span>
                </>
              )}
            </span>
            <span className="tabular">{readableNumber(invitation.manager_number)}</span>
          </p>
        </div>
      </div>
      {invitation.description !== "" && <p className="mt-4 text-pretty whitespace-pre-wrap text-muted wrap-anywhere">{invitation.description}</p>}
      <ul className="mt-4 grid gap-2 rounded-8 bg-sunken px-4 py-3 text-13 text-pretty text-muted">
        <li className="flex gap-2.5">
          <Users size={16} className="mt-0.5 shrink-0" aria-hidden="true" />
          {participants === 0 ? "Nobody is in it yet" : participants === 1 ? "1 person is in it" : `${participants} people are in it`}; there is room for {participants_max}. They see your name and number.
        </li>
        {invitation.hosted_by !== "" && (
          <li className="flex gap-2.5">
            <Building2 size={16} className="mt-0.5 shrink-0" aria-hidden="true" />
            The keys of {manager} are kept by {invitation.hosted_by}, which can therefore read what is said in the group.
          </li>
        )}
      </ul>
      {invitation.is_requested && !invitation.is_member && (
        <p role="status" className="mt-4 flex items-center gap-2.5 rounded-8 bg-attention-soft px-4 py-3 text-13 text-attention">
          <Hourglass size={16} className="shrink-0" aria-hidden="true" />
          You have asked to be let in. The group appears among your conversations when {manager} has approved.
        </p>
      )}
      {isFull && <p className="mt-4 text-13 text-bad">The group is full just now.</p>}
      {failed !== null && (
        <p role="alert" className="mt-4 text-13 text-bad">
          {failed}
        </p>
      )}
      <div className="mt-5 flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{invitation.is_requested ? "Close" : "Not now"}</Button>
        {invitation.is_member ? (
          <Button kind="solid" onClick={() => onOpen(invitation.conversation_id)}>
            Open the group
          </Button>
        ) : invitation.is_requested ? (
          <Button kind="danger" disabled={busy} onClick={() => void act(cancel)}>
            Take the request back
          </Button>
        ) : (
          <Button kind="solid" disabled={busy || isFull} onClick={() => void act(join)}>
            {invitation.is_approval_required ? "Ask to join" : "Join group"}
          </Button>
        )}
      </div>
    </>
  );
}
