/** A conversation begins with a number. In the demo, the people of the square are offered. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { worldQuery } from "@/api/demo";
import { core } from "@/core/core";
import type { ConversationView } from "@/core/types";
import { normalizeNumber, readableNumber } from "@/lib/number";
import { Avatar } from "@/ui/Avatar";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";

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

  const residents = [...(world?.businesses.map((each) => ({ ...each, business: true })) ?? []), ...(world?.people.map((each) => ({ ...each, business: false })) ?? [])];
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
      {residents.length > 0 && (
        <section aria-label="On the square">
          <h3 className="mb-1 text-12 font-medium text-faint">On the square</h3>
          <ul className="-mx-2">
            {residents.map((each) => (
              <li key={each.number}>
                <button type="button" disabled={busy} onClick={() => void openNumber(each.number)} className="flex w-full items-center gap-3 rounded-8 px-2 py-2 text-start hover:bg-sunken">
                  <Avatar id={each.number} name={each.name} business={each.business} size={38} />
                  <span className="min-w-0">
                    <span className="block truncate font-medium">{each.name}</span>
                    <span className="block truncate text-13 text-muted tabular">{readableNumber(each.number)}</span>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
