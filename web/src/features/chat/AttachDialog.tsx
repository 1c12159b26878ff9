/** Files before they go: what they look like, how large they are, and the words that go with them. */
import { FileText, Film, Music, X } from "lucide-react";
import { useState } from "react";
import { core } from "@/core/core";
import { fileSize } from "@/lib/number";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { useHere } from "./here";
import { FILES_MAX, formOf, outgoing, whyNot } from "./outgoing";

const CAPTION_CHARACTERS_MAX = 1024;

type Chosen = { file: File; address: string };

type Props = { files: readonly File[]; replyTo: string | null; onClose: () => void; onSent: () => void };

export function AttachDialog({ files, replyTo, onClose, onSent }: Props) {
  const { id, title } = useHere();
  const [chosen, setChosen] = useState<readonly Chosen[]>(() => files.slice(0, FILES_MAX).map((file) => ({ file, address: URL.createObjectURL(file) })));
  const [caption, setCaption] = useState("");
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const problems = chosen.map(({ file }) => whyNot(file)).filter((each) => each !== null);

  function close(): void {
    for (const each of chosen) URL.revokeObjectURL(each.address);
    onClose();
  }

  function remove(gone: Chosen): void {
    URL.revokeObjectURL(gone.address);
    const left = chosen.filter((each) => each !== gone);
    if (left.length === 0) onClose();
    else setChosen(left);
  }

  async function send(): Promise<void> {
    if (busy || problems.length > 0) return;
    setBusy(true);
    try {
      const ready = await Promise.all(chosen.map(({ file, address }, n) => outgoing(file, n === 0 ? caption.trim() : "", address)));
      for (const file of ready) void core.sendMedia(id, file, replyTo);
      onSent();
    } catch {
      setBusy(false);
      setFailed("A file could not be read. Choose it again.");
    }
  }

  return (
    <Dialog focusField open onClose={close} title={chosen.length === 1 ? "Send a file" : `Send ${chosen.length} files`} description={`To ${title}, encrypted before it leaves this device.`}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <ul className="grid gap-3">
          {chosen.map((each) => (
            <Preview key={each.address} chosen={each} onRemove={() => remove(each)} />
          ))}
        </ul>
        {files.length > FILES_MAX && <p className="text-13 text-attention">The first {FILES_MAX} of {files.length} files are taken.</p>}
        <Field label="Caption" value={caption} maxLength={CAPTION_CHARACTERS_MAX} autoComplete="off" placeholder="Say something about it" onChange={(event) => setCaption(event.target.value)} />
        {[...problems, ...(failed === null ? [] : [failed])].map((words) => (
          <p key={words} role="alert" className="text-13 text-bad">
            {words}
          </p>
        ))}
        <Button kind="solid" type="submit" disabled={busy || problems.length > 0}>
          Send
        </Button>
      </form>
    </Dialog>
  );
}

function Preview({ chosen, onRemove }: { chosen: Chosen; onRemove: () => void }) {
  const { file, address } = chosen;
  const form = formOf(file.type);
  const Icon = form === "video" ? Film : form === "audio" ? Music : FileText;
  return (
    <li className="overflow-hidden rounded-8 border">
      {form === "image" && <img src={address} alt={`Preview of ${file.name}`} className="max-h-64 w-full bg-sunken object-contain" />}
      <div className="flex items-center gap-3 px-3 py-2">
        {form !== "image" && <Icon size={20} className="shrink-0 text-accent-text" aria-hidden="true" />}
        <span className="min-w-0 grow">
          <span className="block truncate font-medium">{file.name}</span>
          <span className="block text-12 text-muted tabular">{fileSize(file.size)}</span>
        </span>
        <button type="button" aria-label={`Leave out ${file.name}`} onClick={onRemove} className="inline-flex size-8 items-center justify-center rounded-8 text-muted hover:bg-sunken hover:text-ink">
          <X size={16} />
        </button>
      </div>
    </li>
  );
}
