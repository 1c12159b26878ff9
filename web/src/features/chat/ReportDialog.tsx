/** Tells the operator that something is wrong with a message or with who writes; if wanted, and blocks in one go. */
import { useState } from "react";
import { core } from "@/core/core";
import type { Item } from "@/core/types";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { useHere } from "./here";

const REASONS = [
  { reason: "spam", words: "It is spam" },
  { reason: "impersonation", words: "They pretend to be somebody else" },
  { reason: "fraud", words: "They want money or data by deceit" },
  { reason: "abuse", words: "It is threatening or hateful" },
  { reason: "illegal", words: "It is against the law" },
  { reason: "other", words: "Something else" },
] as const;

export function ReportDialog({ item, onClose }: { item: Item | null; onClose: () => void }) {
  const { id, title, is_blocked: blocked } = useHere();
  const [reason, setReason] = useState<string | null>(null);
  const [alsoBlock, setAlsoBlock] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const [done, setDone] = useState(false);

  async function report(): Promise<void> {
    if (reason === null) return setFailed("Choose what is wrong.");
    setBusy(true);
    setFailed(null);
    try {
      await core.call("report", id, item?.id ?? null, reason);
      if (alsoBlock) await core.block(id, true);
      setDone(true);
    } catch (error) {
      setFailed(error instanceof Error ? error.message : "The report was not sent. Try again.");
      setBusy(false);
    }
  }

  const what = item ? "this message" : title;
  if (done) {
    return (
      <Dialog open onClose={onClose} title="Thank you" description={`The operator of this network looks at it.${alsoBlock ? ` ${title} is blocked.` : ""}`}>
        <Button kind="solid" onClick={onClose}>
          Close
        </Button>
      </Dialog>
    );
  }
  return (
    <Dialog open onClose={onClose} title={`Report ${what}`} description={`The operator of this network looks at it. ${title} is not told.`}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void report();
        }}
      >
        <fieldset className="grid gap-1">
          <legend className="mb-1 text-13 font-medium">What is wrong?</legend>
          {REASONS.map((each) => (
            <label key={each.reason} className="flex min-h-8 items-center gap-3 rounded-6 px-1">
              <input type="radio" name="reason" value={each.reason} checked={reason === each.reason} onChange={() => setReason(each.reason)} className="size-4 accent-accent" />
              {each.words}
            </label>
          ))}
        </fieldset>
        {blocked !== true && (
          <label className="flex min-h-8 items-center gap-3 border-t px-1 pt-3">
            <input type="checkbox" checked={alsoBlock} onChange={(event) => setAlsoBlock(event.target.checked)} className="size-4 accent-accent" />
            Block {title} too
          </label>
        )}
        {failed !== null && (
          <p role="alert" className="text-13 text-bad">
            {failed}
          </p>
        )}
        <Button kind="solid" type="submit" disabled={busy}>
          Send the report
        </Button>
      </form>
    </Dialog>
  );
}
