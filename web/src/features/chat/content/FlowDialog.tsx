/**
 * # A form of a business
 *
 * Opens from its button: in the middle, on a phone over the whole screen. The form comes with the message, or from the
 * server; its first screen from the form, or from the business's endpoint.
 */
import { useQuery } from "@tanstack/react-query";
import { core } from "@/core/core";
import type { FlowAction } from "@/core/content";
import type { Item } from "@/core/types";
import { readFlow } from "@/flow/document";
import type { Flow } from "@/flow/document";
import { isObject } from "@/flow/expression";
import type { Json } from "@/flow/expression";
import { bytesOf, withFiles } from "@/flow/files";
import { begin, hear } from "@/flow/interpreter";
import type { Run } from "@/flow/interpreter";
import type { Ask } from "@/flow/useRun";
import { Dialog } from "@/ui/Dialog";
import { ErrorNote, Skeleton } from "@/ui/Problem";
import { useHere } from "../here";
import { FlowRun } from "./FlowRun";

function given(data: string): Json {
  try {
    const value: unknown = data === "" ? {} : JSON.parse(data);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** How this message's form asks the endpoint of its business. */
function asker(conversationId: string, item: Item, action: FlowAction): Ask {
  return async (request) => {
    const data = await withFiles(request.data, async (file) => core.call("flow_media", item.id, await bytesOf(file), file.name));
    const answer = await core.call("flow_exchange", conversationId, item.id, JSON.stringify({ ...request, data, flow_token: action.token }));
    return typeof answer === "string" ? (JSON.parse(answer) as unknown) : answer;
  };
}

/** The form and its first screen; throws words when there is none. */
async function start(conversationId: string, item: Item, action: FlowAction): Promise<{ flow: Flow; first: Run; ask: Ask }> {
  const ask = asker(conversationId, item, action);
  const flow = readFlow(action.flow_json === "" ? await core.call("flow_json", conversationId, item.id) : action.flow_json);
  if (!flow) throw new Error("This form cannot be read. Tell the business.");
  if (action.action !== "data_exchange") {
    const first = begin(flow, action.screen, given(action.data));
    if (!first) throw new Error("The first page of this form is missing. Tell the business.");
    return { flow, first, ask };
  }
  const heard = hear(flow, null, await ask({ action: "INIT", screen: action.screen, data: given(action.data) }));
  if (heard.is === "refused") throw new Error(heard.why);
  if (heard.is === "complete") throw new Error("The business has closed this form.");
  return { flow, first: heard.run, ask };
}

export function FlowDialog({ item, action, onClose }: { item: Item; action: FlowAction; onClose: () => void }) {
  const { id } = useHere();
  const form = useQuery({ queryKey: ["flow", item.id, action.flow_id, action.token], queryFn: () => start(id, item, action), staleTime: Number.POSITIVE_INFINITY, gcTime: 0, retry: false });
  if (form.data) return <FlowRun item={item} action={action} flow={form.data.flow} first={form.data.first} ask={form.data.ask} onClose={onClose} />;
  return (
    <Dialog open onClose={onClose} title={action.text || "Form"} full>
      {form.error ? <ErrorNote message={form.error.message} onRetry={() => void form.refetch()} /> : <Skeleton rows={5} />}
    </Dialog>
  );
}
