/** In place of the field: who is in it no more says nothing. */
import { DoorOpen } from "lucide-react";
import type { ConversationView } from "@/core/types";

export function Left({ conversation }: { conversation: ConversationView }) {
  return (
    <p className="flex items-center justify-center gap-2 border-t bg-surface px-4 py-4 text-center text-13 text-muted">
      <DoorOpen size={15} className="shrink-0" aria-hidden="true" />
      {conversation.group ? "You are no longer in this group. What was said while you were in it stays here." : "You are no longer in this conversation."}
    </p>
  );
}
