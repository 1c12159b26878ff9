/** Somebody's card: one of the people one writes with, or a name and a number. */
import { useState } from "react";
import { core, useConversations } from "@/core/core";
import { normalizeNumber } from "@/lib/number";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { PickPerson } from "./PickPerson";
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
  const others = (conversations ?? []).filter((each) => each.id !== id).slice(0, OFFERED_MAX);
  const offered = others.map((each) => ({ number: each.number, name: each.title, business: each.is_business, avatar: each.account_id }));
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
      <div className="mt-4">
        <PickPerson title="Your conversations" people={offered} busy={busy} onPick={(each) => void send(each.name, each.number)} />
      </div>
    </Dialog>
  );
}
