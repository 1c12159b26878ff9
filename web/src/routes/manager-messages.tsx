/** /manager/messages: what narrows the log is in the address; and one message's life. */
import { useParams, useSearch } from "@tanstack/react-router";
import { MessageLife } from "@/features/manager/MessageLife";
import { Messages } from "@/features/manager/Messages";

export function MessagesPage() {
  const { number, person, direction, status, category, period } = useSearch({ from: "/manager/messages" });
  return (
    <Messages
      search={{
        ...(number === undefined ? {} : { number }),
        ...(person === undefined ? {} : { person }),
        ...(direction === undefined ? {} : { direction }),
        ...(status === undefined ? {} : { status }),
        ...(category === undefined ? {} : { category }),
        ...(period === undefined ? {} : { period }),
      }}
    />
  );
}

export function MessagePage() {
  const { messageId } = useParams({ from: "/manager/messages/$messageId" });
  return <MessageLife messageId={messageId} />;
}
