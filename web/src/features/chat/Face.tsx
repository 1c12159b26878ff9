/** How a conversation is shown by its picture and its name, wherever it stands. */
import { BadgeCheck } from "lucide-react";
import type { ConversationView } from "@/core/types";
import { readableNumber } from "@/lib/number";
import { Avatar } from "@/ui/Avatar";

export function Face({ conversation, online = false, size }: { conversation: ConversationView; online?: boolean; size?: number }) {
  const { group } = conversation;
  return (
    <Avatar
      // A group keeps its tint while people come and go.
      id={group ? conversation.id : conversation.account_id}
      name={conversation.title}
      business={conversation.is_business}
      group={Boolean(group)}
      picture={group?.picture ?? ""}
      online={online}
      {...(size === undefined ? {} : { size })}
    />
  );
}

/** The name with the badge of a verified business. */
export function Name({ conversation }: { conversation: ConversationView }) {
  return (
    <span className="flex min-w-0 items-center gap-1">
      <span className="truncate">{conversation.title === conversation.number ? readableNumber(conversation.number) : conversation.title}</span>
      {conversation.group && <span className="sr-only">, group</span>}
      {conversation.is_verified && (
        <>
          <BadgeCheck size={16} className="shrink-0 text-accent-text" aria-hidden="true" />
          <span className="sr-only">, verified business</span>
        </>
      )}
    </span>
  );
}
