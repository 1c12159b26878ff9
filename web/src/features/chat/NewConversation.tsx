/** A conversation begins with a number. In the demo, the people of the square are offered. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { worldQuery } from "@/api/demo";
import { core } from "@/core/core";
import type { ConversationView } from "@/core/types";
import { normalizeNumber } from "@/lib/number";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { PickPerson } from "./PickPerson";

type Props = { open: boolean; onClose: () => void; onOpened: (conversation: ConversationView) => void };

export function NewConversation({ open, onClose, onOpened }: Props) {
  return (
    <Dialog focusField open={open} onClose={onClose} title="New conversation" description="Write to a person or a business by their phone number.">
      <ByNumber onOpened={onOpened} />
    </Dialog>
  );
}

function ByNumber({ onOpened }: { onOpened: (conversation: ConversationView) => void }) {
  const world = useQuery(worldQuery).data;
  const [number, setNumber] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function openNumber(written: string): Promise<void> {
    const wanted = normalizeNumber(written);
    if (wanted === null) {
      setError("Write the number with its country code, like +49 30 901820.");
      return;
    }
    setBusy(true);
    setError(null);
    try {
      onOpened(await core.openNumber(wanted));
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : "That did not work. Try again.");
    } finally {
      setBusy(false);
    }
  }

  const offer = (business: boolean) => (each: { number: string; name: string }) => ({ number: each.number, name: each.name, business, avatar: each.number });
  const residents = [...(world?.businesses ?? []).map(offer(true)), ...(world?.people ?? []).map(offer(false))];
  return (
    <div className="grid gap-4">
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          void openNumber(number);
        }}
      >
        <Field label="Phone number" type="tel" autoComplete="off" placeholder="+49 30 901820" value={number} error={error} onChange={(event) => setNumber(event.target.value)} />
        <Button kind="solid" type="submit" disabled={busy}>
          Open conversation
        </Button>
      </form>
      <PickPerson title="On the square" people={residents} busy={busy} onPick={(each) => void openNumber(each.number)} />
    </div>
  );
}
