/** In place of the field: who is blocked is not written to. */
import { Ban } from "lucide-react";
import { useState } from "react";
import { core } from "@/core/core";
import type { ConversationView } from "@/core/types";
import { Button } from "@/ui/Button";

export function Blocked({ conversation }: { conversation: ConversationView }) {
  const [failed, setFailed] = useState<string | null>(null);
  return (
    <div className="flex flex-wrap items-center justify-center gap-x-4 gap-y-2 border-t bg-surface px-4 py-3 text-13 text-muted">
      <span className="inline-flex items-center gap-2">
        <Ban size={15} aria-hidden="true" />
        You have blocked {conversation.title}.
      </span>
      <Button small onClick={() => void core.block(conversation.id, false).catch((error: Error) => setFailed(error.message))}>
        Unblock
      </Button>
      {failed !== null && (
        <span role="alert" className="text-bad">
          {failed}
        </span>
      )}
    </div>
  );
}
