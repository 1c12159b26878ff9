/** /chat and /chat/$conversationId: the pane beside the list. */
import { Link, useParams } from "@tanstack/react-router";
import { MessageSquareText, SearchX } from "lucide-react";
import { useConversation, useConversations } from "@/core/core";
import { Conversation } from "@/features/chat/Conversation";
import { buttonLook } from "@/ui/Button";
import { Empty } from "@/ui/Problem";

export function NoConversation() {
  return (
    <div className="grid h-full place-items-center">
      <Empty icon={<MessageSquareText size={32} strokeWidth={1.5} />} title="Choose a conversation">
        Or press <kbd className="rounded-4 border bg-raised px-1.5 py-0.5 font-sans text-12">Ctrl</kbd> <kbd className="rounded-4 border bg-raised px-1.5 py-0.5 font-sans text-12">K</kbd> and type a name.
      </Empty>
    </div>
  );
}

export function ConversationPage() {
  const { conversationId } = useParams({ from: "/chat/$conversationId" });
  const loaded = useConversations() !== null;
  const conversation = useConversation(conversationId);
  // The key starts a fresh screen per conversation: its draft, its place, its line above what is new.
  if (conversation) return <Conversation key={conversation.id} conversation={conversation} />;
  if (!loaded) return null;
  return (
    <div className="grid h-full place-items-center">
      <Empty
        icon={<SearchX size={32} strokeWidth={1.5} />}
        title="This conversation is not on this device"
        action={
          <Link to="/chat" className={buttonLook()}>
            All conversations
          </Link>
        }
      >
        It may belong to another number, or to a device that you used before.
      </Empty>
    </div>
  );
}
