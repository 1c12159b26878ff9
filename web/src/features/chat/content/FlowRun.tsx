/** A form in a window: its answers go into the conversation. */
import { ArrowLeft } from "lucide-react";
import { core } from "@/core/core";
import type { FlowAction } from "@/core/content";
import type { Item } from "@/core/types";
import { useFlowForm } from "@/flow/FlowForm";
import type { Flow } from "@/flow/document";
import type { Json } from "@/flow/expression";
import { bytesOf, withFiles } from "@/flow/files";
import type { Run } from "@/flow/interpreter";
import type { Ask } from "@/flow/useRun";
import { Dialog } from "@/ui/Dialog";
import { useAnswering } from "../answering";
import { useHere } from "../here";

/** A file as it stands in the answer. */
async function uploaded(file: File): Promise<Json> {
  return { file_name: file.name, ...(await core.call("form_file", await bytesOf(file), file.type || "application/octet-stream")) };
}

type Props = { item: Item; action: FlowAction; flow: Flow; first: Run; ask: Ask; onClose: () => void };

export function FlowRun({ item, action, flow, first, ask, onClose }: Props) {
  const { id, title: business } = useHere();
  const { busy, failed, run } = useAnswering(item);

  async function complete(response: Json): Promise<void> {
    const token = action.token === "" || "flow_token" in response ? {} : { flow_token: action.token };
    const sent = await run(async () => {
      const filled = (await withFiles(response, uploaded)) as Json;
      await core.answer(id, item.id, { do: "form", response: { ...filled, ...token } });
    });
    if (sent) onClose();
  }

  const { title, onBack, busy: resting, foot, children } = useFlowForm({ flow, first, ask, sending: busy, failed, onComplete: (response) => void complete(response) });
  return (
    <Dialog
      open
      onClose={onClose}
      title={title || action.text || "Form"}
      description={`Your answers go to ${business}.`}
      full
      sticky
      before={
        onBack && (
          <button type="button" aria-label="Page before" disabled={resting} onClick={onBack} className="-ms-2 inline-flex size-8 shrink-0 items-center justify-center rounded-8 text-muted hover:bg-sunken hover:text-ink">
            <ArrowLeft size={18} className="rtl:rotate-180" />
          </button>
        )
      }
      footer={foot}
    >
      {children}
    </Dialog>
  );
}
