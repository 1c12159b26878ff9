/**
 * # A form on a phone, to try out
 *
 * Runs with the messenger's own renderer. Nothing is sent: in the end it shows what a webhook would get.
 */
import { ArrowLeft, RotateCcw } from "lucide-react";
import { useState } from "react";
import { Button } from "@/ui/Button";
import { Json } from "@/ui/Json";
import { Phone } from "@/ui/Phone";
import { useFlowForm } from "./FlowForm";
import { readFlow } from "./document";
import type { Flow } from "./document";
import type { Json as Answers } from "./expression";
import { withFiles } from "./files";
import { begin } from "./interpreter";
import type { Run } from "./interpreter";

/** Nothing is uploaded here: the id stands for the one that a webhook would tell. */
const named = async (file: File): Promise<Answers> => ({ file_name: file.name, mime_type: file.type, id: "…" });

type Business = { id: string; name: string };

/** The form on a phone. A new document begins anew; so does the button. */
export function FlowPreview({ document, business }: { document: string; business: Business }) {
  const [round, setRound] = useState(0);
  const [answers, setAnswers] = useState<Answers | null>(null);
  const flow = readFlow(document);
  const screen = flow?.screens[0];
  const first = flow && screen ? begin(flow, screen.id, screen.examples) : null;
  function again(): void {
    setAnswers(null);
    setRound(round + 1);
  }
  if (!flow || !first) {
    return (
      <Phone business={business} label="Preview">
        <p className="px-5 py-10 text-center text-muted">The form appears here as soon as its JSON has a screen.</p>
      </Phone>
    );
  }
  if (answers !== null) {
    return (
      <Phone business={business} label="Preview" title="Sent">
        <div className="grid gap-3 px-4 py-4">
          <p>This is what your webhook gets as the answer:</p>
          <Json value={answers} label="The answers" />
          <Button onClick={again}>
            <RotateCcw size={15} aria-hidden="true" />
            Fill it in again
          </Button>
        </div>
      </Phone>
    );
  }
  return <Running key={`${round} ${document}`} business={business} flow={flow} first={first} onComplete={(response) => void withFiles(response, named).then((given) => setAnswers(given as Answers))} />;
}

const noEndpoint = (): Promise<unknown> => Promise.reject(new Error("Here the form asks your endpoint. The preview does not call it: send the flow to see the rest."));

function Running({ business, flow, first, onComplete }: { business: Business; flow: Flow; first: Run; onComplete: (answers: Answers) => void }) {
  const { title, onBack, foot, children } = useFlowForm({ flow, first, ask: noEndpoint, sending: false, failed: null, onComplete });
  return (
    <Phone
      business={business}
      label="Preview"
      title={title || "Form"}
      foot={foot}
      before={
        onBack && (
          <button type="button" aria-label="Page before" onClick={onBack} className="-ms-2 inline-flex size-8 shrink-0 items-center justify-center rounded-8 text-muted hover:bg-sunken hover:text-ink">
            <ArrowLeft size={17} className="rtl:rotate-180" />
          </button>
        )
      }
    >
      <div className="px-4 py-4">{children}</div>
    </Phone>
  );
}
