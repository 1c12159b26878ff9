/** Asks once more before a message is taken back: for both sides, and for good. */
import { useState } from "react";
import { core } from "@/core/core";
import type { Item } from "@/core/types";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { summary } from "./grouping";
import { useHere } from "./here";

export function DeleteDialog({ item, onClose }: { item: Item; onClose: () => void }) {
  const { id, title } = useHere();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);

  async function remove(): Promise<void> {
    setBusy(true);
    try {
      await core.call("revoke", id, item.id);
      onClose();
    } catch (error) {
      setFailed(error instanceof Error ? error.message : "The message is still there. Try again.");
      setBusy(false);
    }
  }

  return (
    <Dialog open onClose={onClose} title="Delete this message?" description={`It goes for ${title} too; who has read it may remember. It cannot be brought back.`}>
      <blockquote className="mb-4 line-clamp-3 rounded-8 border-s-3 border-line-strong bg-sunken px-3 py-2 text-13 text-muted">{summary(item)}</blockquote>
      {failed !== null && (
        <p role="alert" className="mb-3 text-13 text-bad">
          {failed}
        </p>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>Keep it</Button>
        <Button kind="danger" disabled={busy} onClick={() => void remove()}>
          Delete
        </Button>
      </div>
    </Dialog>
  );
}
