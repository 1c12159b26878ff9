/** Calls the business of a conversation; while a call goes on it rests. */
import { Phone } from "lucide-react";
import { line, useLine } from "@/core/core";
import type { ConversationView } from "@/core/types";
import { IconButton } from "@/ui/Button";

export function CallButton({ conversation }: { conversation: ConversationView }) {
  const call = useLine();
  return (
    <IconButton label={`Call ${conversation.title}`} disabled={call !== null && call.phase !== "over"} onClick={() => void line.call(conversation)}>
      <Phone size={19} />
    </IconButton>
  );
}
