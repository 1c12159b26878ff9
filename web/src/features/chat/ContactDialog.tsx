/** Somebody's card: one of the people one writes with, or a name and a number. */
import { useState } from "react";
import { core, useConversations } from "@/core/core";
import { normalizeNumber, readableNumber } from "@/lib/number";
import { Avatar } from "@/ui/Avatar";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { useHere } from "./here";

const OFFERED_MAX = 8;

export function ContactDialog({ replyTo, onClose, onSent }: { replyTo: string | null; onClose: () => void; onSent: () => void }) {
  const { id, title } = useHere();
  const conversations = useConversations();
  const [name, setName] = useState("");
  const [number, setNumber] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const offered = (conversations ?? []).filter((each) => each.id !== id).slice(0, OFFERED_MAX);
  const written = normalizeNumber(number);

  async function send(of: string, to: string): Promise<void> {
    setBusy(true);
    setFailed(null);
    try {
      await core.call("send_contact", id, of, to, replyTo);
      onSent();
      onClose();
    } catch (error) {
      setFailed(error instanceof Error ? error.message : "The contact was not sent.");
      setBusy(false);
    }
  }

  return (
    <Dialog focusField open onClose={onClose} title="Send a contact" description={`${title} will see the name and the number.`}>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (name.trim() !== "" && written !== null) void send(name.trim(), written);
        }}
      >
        <Field label="Name" autoComplete="off" value={name} maxLength={100} error={tried && name.trim() === "" ? "Write who this is." : null} onChange={(event) => setName(event.target.value)} />
        <Field
          label="Phone number"
          type="tel"
          autoComplete="off"
          placeholder="+49 30 901820"
          value={number}
          error={tried && written === null ? "Write the number with its country code, like +49 30 901820." : null}
          onChange={(event) => setNumber(event.target.value)}
        />
        {failed !== null && (
          <p role="alert" className="text-13 text-bad">
            {failed}
          </p>
        )}
        <Button kind="solid" type="submit" disabled={busy}>
          Send this contact
        </Button>
      </form>
      {offered.length > 0 && (
        <section aria-label="Your conversations" className="mt-4">
          <h3 className="mb-1 text-12 font-medium text-faint">Your conversations</h3>
          <ul className="-mx-2">
            {offered.map((each) => (
              <li key={each.id}>
                <button type="button" disabled={busy} onClick={() => void send(each.title, each.number)} className="flex w-full items-center gap-3 rounded-8 px-2 py-2 text-start -outline-offset-2 hover:bg-sunken">
                  <Avatar id={each.account_id} name={each.title} business={each.is_business} size={36} />
                  <span className="min-w-0">
                    <span className="block truncate font-medium">{each.title}</span>
                    <span className="block truncate text-13 text-muted tabular">{readableNumber(each.number)}</span>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Dialog>
  );
}
