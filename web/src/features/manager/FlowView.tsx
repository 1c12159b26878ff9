/**
 * # One flow
 *
 * Its JSON beside a phone that runs it, with the messenger's own renderer. What is typed is shown at once; saving asks the
 * server what is wrong with it, and each fault says in which line it stands.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { FlowFault, FlowRow } from "@/api/manager";
import { FlowPreview } from "@/flow/FlowPreview";
import { Button } from "@/ui/Button";
import { Id } from "@/ui/CopyButton";
import { Dialog } from "@/ui/Dialog";
import { Failed, Skeleton } from "@/ui/Problem";
import { Pair, Pairs, Section } from "@/ui/Section";
import { TextArea } from "@/ui/Field";
import { words } from "@/ui/categories";
import { FlowTag } from "./Flows";
import { Back } from "./Back";
import { useManager } from "./session";

export function FlowView({ flowId }: { flowId: string }) {
  const { queries } = useManager();
  const query = useQuery({ ...queries.flow(flowId), refetchOnWindowFocus: false });
  return (
    <>
      <Back to="/manager/flows">Flows</Back>
      {query.data ? (
        <Shown flow={query.data.flow} saved={query.data.document === null ? "" : JSON.stringify(query.data.document, null, 2)} />
      ) : query.error ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton rows={8} />
      )}
    </>
  );
}

/** What is wrong before the server is asked: it is no JSON. */
function unreadable(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : "This is no JSON.";
  }
}

function Shown({ flow, saved }: { flow: FlowRow; saved: string }) {
  const { calls, session } = useManager();
  const client = useQueryClient();
  const [text, setText] = useState(saved);
  const [asked, setAsked] = useState<"publish" | "deprecate" | "delete" | null>(null);
  const broken = text.trim() === "" ? "It has no JSON yet." : unreadable(text);
  const save = useMutation({
    mutationFn: () => calls.uploadFlow(flow.id, text),
    onSuccess: () => client.invalidateQueries({ queryKey: ["manager"] }),
  });
  const isDraft = flow.status === "DRAFT";
  const faults = save.data?.validation_errors ?? flow.validation_errors;
  return (
    <div className="grid gap-8 xl:grid-cols-[minmax(0,1fr)_24rem]">
      <div className="min-w-0">
        <header className="mb-5 flex flex-wrap items-end gap-x-4 gap-y-3">
          <div className="min-w-0 grow">
            <h1 className="text-28 font-semibold tracking-tight wrap-anywhere">{flow.name}</h1>
            <p className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-muted">
              <FlowTag status={flow.status} />
              {flow.categories.map(words).join(", ")}
              <Id value={flow.id} what="flow id" />
            </p>
          </div>
          <div className="flex flex-wrap gap-2">
            {isDraft && (
              <Button kind="solid" small disabled={faults.length > 0 || text !== saved} onClick={() => setAsked("publish")}>
                Publish
              </Button>
            )}
            {flow.status === "PUBLISHED" && (
              <Button small onClick={() => setAsked("deprecate")}>
                Deprecate
              </Button>
            )}
            {isDraft && (
              <Button small kind="danger" onClick={() => setAsked("delete")}>
                Delete
              </Button>
            )}
          </div>
        </header>
        <Faults faults={faults} />
        <Section title="Flow JSON">
          <TextArea
            label="The document"
            rows={26}
            spellCheck={false}
            readOnly={!isDraft}
            value={text}
            error={broken ?? save.error?.message ?? null}
            hint={isDraft ? "The phone follows what you type." : "What is published does not change: make another flow from it."}
            onChange={(event) => setText(event.target.value)}
            className="font-mono !text-12 leading-5"
          />
          {isDraft && (
            <div className="mt-3 flex flex-wrap items-center gap-3">
              <Button kind="solid" small disabled={broken !== null || text === saved || save.isPending} onClick={() => save.mutate()}>
                {save.isPending ? "Saving…" : "Save"}
              </Button>
              <p role="status" className="text-13 text-muted">
                {text !== saved ? "Not saved yet." : save.isSuccess ? "Saved." : ""}
              </p>
            </div>
          )}
        </Section>
        <Section title="About it">
          <Pairs framed>
            <Pair name="JSON version">{flow.json_version ?? "–"}</Pair>
            <Pair name="Endpoint">{flow.endpoint_uri ? <span className="font-mono text-13 break-all">{flow.endpoint_uri}</span> : flow.data_api_version ? "Needed, but not set" : "Not needed"}</Pair>
          </Pairs>
        </Section>
      </div>
      <div className="xl:sticky xl:top-7 xl:self-start">
        <FlowPreview document={text} business={{ id: session.business_id, name: session.name }} />
      </div>
      <Dialog open={asked !== null} onClose={() => setAsked(null)} title={asked === "publish" ? "Publish this flow" : asked === "delete" ? "Delete this flow" : "Deprecate this flow"} description={asked === null ? "" : ASKED[asked]}>
        {asked !== null && <Confirm flow={flow} what={asked} onDone={() => setAsked(null)} />}
      </Dialog>
    </div>
  );
}

const ASKED = {
  publish: "It can be sent then, and its JSON does not change any more.",
  deprecate: "It cannot be sent any more. What was sent can still be opened.",
  delete: "The draft and its JSON are gone.",
} as const;

function Confirm({ flow, what, onDone }: { flow: FlowRow; what: keyof typeof ASKED; onDone: () => void }) {
  const { calls } = useManager();
  const client = useQueryClient();
  const navigate = useNavigate();
  const run = useMutation({
    mutationFn: () => (what === "publish" ? calls.publishFlow(flow.id) : what === "deprecate" ? calls.deprecateFlow(flow.id) : calls.deleteFlow(flow.id)),
    onSuccess: async () => {
      onDone();
      if (what === "delete") await navigate({ to: "/manager/flows" });
      await client.invalidateQueries({ queryKey: ["manager"] });
    },
  });
  return (
    <div className="grid gap-3">
      {run.error && (
        <p role="alert" className="text-13 text-bad">
          {run.error.message}
        </p>
      )}
      <Button kind={what === "publish" ? "solid" : "danger"} disabled={run.isPending} onClick={() => run.mutate()}>
        {words(what)} {flow.name}
      </Button>
    </div>
  );
}

function Faults({ faults }: { faults: readonly FlowFault[] }) {
  if (faults.length === 0) return null;
  return (
    <Section title={faults.length === 1 ? "One fault keeps it from being published" : `${faults.length} faults keep it from being published`}>
      <ul className="overflow-hidden rounded-14 border bg-surface">
        {faults.map((fault, n) => (
          <li key={n} className="flex gap-3 border-b px-4 py-2.5 text-13 last:border-b-0">
            {fault.line_start !== undefined && (
              <span className="shrink-0 font-mono text-12 text-faint">
                {fault.line_start}:{fault.column_start ?? 1}
              </span>
            )}
            <span className="min-w-0 wrap-anywhere">{fault.message}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
