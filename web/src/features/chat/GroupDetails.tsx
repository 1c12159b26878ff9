/** What a group is about, who is in it, who can read along, and the way out. */
import { DoorOpen, LockKeyhole, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { core } from "@/core/core";
import type { ConversationView, GroupView, Member } from "@/core/types";
import { readableNumber } from "@/lib/number";
import { Avatar } from "@/ui/Avatar";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Tag } from "@/ui/Tag";
import { Fact } from "./Details";
import { Face } from "./Face";

type Props = { conversation: ConversationView; group: GroupView; open: boolean; onClose: () => void };

export function GroupDetails({ conversation, group, open, onClose }: Props) {
  const manager = group.members.find((each) => each.is_manager);
  return (
    <Dialog open={open} onClose={onClose} title="About this group" side="end">
      <div className="flex flex-col items-center gap-3 border-b pt-2 pb-6 text-center">
        <Face conversation={conversation} size={84} />
        <div className="text-20 font-semibold wrap-anywhere">{conversation.title}</div>
        {group.description !== "" && <p className="text-13 text-pretty whitespace-pre-wrap text-muted wrap-anywhere">{group.description}</p>}
      </div>
      <section aria-label="Members" className="py-5">
        <h3 className="text-13 font-medium text-muted">{group.members.length === 1 ? "1 member" : `${group.members.length} members`}</h3>
        <ul className="mt-2 grid gap-1">
          {group.members.map((each) => (
            <MemberRow key={each.account_id} member={each} />
          ))}
        </ul>
      </section>
      <div className="grid gap-5 border-t py-5">
        {manager && (
          <Fact icon={<ShieldCheck size={18} />} title={`${manager.name} manages the group`}>
            It decides on the name and on who is in. Everybody in the group sees everybody else&rsquo;s name and number.
          </Fact>
        )}
        <Fact icon={<LockKeyhole size={18} />} title="Encrypted for its members">
          {manager && manager.hosted_by !== "" ? `What is said here only the members can read, and ${manager.hosted_by}, which keeps the keys of ${manager.name}.` : "What is said here only the members can read."} Who comes later does not see what was said before.
        </Fact>
      </div>
      {!conversation.is_left && <Leave conversation={conversation} onLeft={onClose} />}
    </Dialog>
  );
}

function MemberRow({ member }: { member: Member }) {
  return (
    <li className="flex items-center gap-3 py-1.5">
      <Avatar id={member.account_id} name={member.name} business={member.is_business} size={36} />
      <div className="min-w-0 grow">
        <div className="truncate font-medium">{member.is_me ? "You" : member.name}</div>
        <div className="truncate text-13 text-muted tabular">{readableNumber(member.number)}</div>
      </div>
      {member.is_manager && <Tag>Manager</Tag>}
    </li>
  );
}

/** Leaving is asked twice: coming back needs the link. */
function Leave({ conversation, onLeft }: { conversation: ConversationView; onLeft: () => void }) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);

  async function leave(): Promise<void> {
    setBusy(true);
    setFailed(null);
    try {
      await core.call("leave_group", conversation.id);
      onLeft();
    } catch (error) {
      setFailed(error instanceof Error ? error.message : "That did not work. Try again.");
    } finally {
      setBusy(false);
    }
  }

  return (
    <div className="grid gap-2 border-t pt-5">
      {asking ? (
        <>
          <p className="text-13 text-pretty text-muted">You get no more messages of this group. To come back you need its invite link.</p>
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => setAsking(false)}>Stay</Button>
            <Button kind="danger" disabled={busy} onClick={() => void leave()}>
              Leave the group
            </Button>
          </div>
        </>
      ) : (
        <Button kind="danger" onClick={() => setAsking(true)}>
          <DoorOpen size={16} aria-hidden="true" />
          Leave {conversation.title}
        </Button>
      )}
      {failed !== null && (
        <p role="alert" className="text-13 text-bad">
          {failed}
        </p>
      )}
    </div>
  );
}
