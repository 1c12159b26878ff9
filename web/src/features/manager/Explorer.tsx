/**
 * # The API explorer
 *
 * A call is chosen, its body changed, and the curl line and the Python beside it change with every letter. It can be sent
 * from here, with the token that one is signed in with; the answer stands below with its status and its trace id.
 */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { useState } from "react";
import { clsx } from "clsx";
import { exchange } from "@/api/http";
import type { MessageTemplate } from "@/api/manager";
import { paths } from "@/lib/paths";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { CopyButton } from "@/ui/CopyButton";
import { Json } from "@/ui/Json";
import { Segments } from "@/ui/Segments";
import { Select } from "@/ui/Select";
import { Tag } from "@/ui/Tag";
import { TextArea } from "@/ui/Field";
import { CALLS, curl, program } from "./calls";
import type { Call, Subject } from "./calls";
import { useNumber } from "./useNumber";
import { useManager } from "./session";
import { examplesOf, gapsOf } from "./template";

const GROUPS = [...new Set(CALLS.map((call) => call.group))];
const LANGUAGES = [
  { value: "curl", label: "curl" },
  { value: "python", label: "Python (pywa)" },
] as const;

export type ExplorerSearch = { call?: string; template?: string };

export function Explorer({ search }: { search: ExplorerSearch }) {
  const { queries, session, account } = useManager();
  const navigate = useNavigate();
  const { number } = useNumber(undefined);
  const template = useQuery({ ...queries.template(search.template ?? ""), enabled: search.template !== undefined });
  const call = CALLS.find((each) => each.id === search.call) ?? CALLS[0];
  const subject: Subject = { origin: location.origin, account: account.id, phone: number?.id ?? "{phone-number-id}", app: session.app.id, business: session.business_id };
  const waits = search.template !== undefined && template.isLoading;
  return (
    <>
      <PageHead title="API explorer" note="The calls that a program makes, as curl and as Python, and what the server answers." />
      <div className="grid gap-6 lg:grid-cols-[11rem_minmax(0,1fr)]">
        <Select
          label="Call"
          value={call?.id ?? ""}
          options={CALLS.map((each) => ({ value: each.id, label: `${each.group}: ${each.title}` }))}
          onChange={(next) => void navigate({ to: "/manager/explorer", search: { call: next } })}
          className="lg:hidden"
        />
        <nav aria-label="Calls" className="hidden lg:sticky lg:top-7 lg:block lg:self-start">
          {GROUPS.map((group) => (
            <div key={group} className="mb-3">
              <h2 className="px-2.5 pb-1 text-12 font-medium text-faint">{group}</h2>
              <ul className="flex flex-col gap-0.5">
                {CALLS.filter((each) => each.group === group).map((each) => (
                  <li key={each.id}>
                    <button
                      type="button"
                      aria-current={each === call ? "true" : undefined}
                      onClick={() => void navigate({ to: "/manager/explorer", search: { call: each.id } })}
                      className={clsx("w-full rounded-8 px-2.5 py-1.5 text-start text-13 transition-colors duration-150 hover:bg-sunken", each === call ? "bg-accent-soft font-medium text-accent-text" : "text-muted hover:text-ink")}
                    >
                      {each.title}
                    </button>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </nav>
        {call && !waits && <Try key={`${call.id} ${search.template ?? ""} ${subject.phone}`} call={call} subject={subject} start={startOf(call, subject, template.data)} />}
      </div>
    </>
  );
}

/** The body that the box begins with; of a template that was chosen, with its own name and examples. */
function startOf(call: Call, subject: Subject, template: MessageTemplate | undefined): string | null {
  if (!call.body) return null;
  const body = call.body(subject);
  if (call.id !== "send_template" || !template) return JSON.stringify(body, null, 2);
  const examples = examplesOf(template.components);
  const parts = template.components.flatMap((each) => {
    const type = each.type.toLowerCase();
    const gaps = type === "header" || type === "body" ? gapsOf(each.text ?? "") : [];
    const named = template.parameter_format === "NAMED";
    return gaps.length === 0 ? [] : [{ type, parameters: gaps.map((gap) => ({ type: "text", ...(named ? { parameter_name: gap } : {}), text: examples[gap] ?? gap })) }];
  });
  return JSON.stringify({ ...(body as object), template: { name: template.name, language: { code: template.language }, components: parts } }, null, 2);
}

/** What is wrong with a body; null: nothing. */
function faultOf(body: string | null): string | null {
  if (body === null) return null;
  try {
    JSON.parse(body);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : "This is no JSON.";
  }
}

function Try({ call, subject, start }: { call: Call; subject: Subject; start: string | null }) {
  const { token } = useManager();
  const [body, setBody] = useState(start);
  const [language, setLanguage] = useState<"curl" | "python">("curl");
  const path = call.path(subject);
  const fault = faultOf(body);
  const send = useMutation({ mutationFn: () => exchange(paths.graph(path), { method: call.method, token, ...(body === null ? {} : { body: JSON.parse(body) as unknown }) }) });
  const code = fault !== null ? "" : language === "curl" ? curl(call.method, path, body, subject.origin) : program(call, path, body, subject);
  return (
    <div className="min-w-0">
      <h2 className="text-20 font-semibold tracking-tight">{call.title}</h2>
      <p className="mt-1 mb-4 text-muted">{call.what}</p>
      <div className="mb-4 flex flex-wrap items-center gap-3 rounded-8 border bg-surface px-3 py-2">
        <Tag tone={call.method === "GET" ? "plain" : "attention"}>{call.method}</Tag>
        <code className="min-w-0 grow font-mono text-13 break-all">{paths.graph(path)}</code>
      </div>
      <div className="grid gap-6 xl:grid-cols-2">
        <div className="min-w-0">
          {body !== null && <TextArea label="Body" rows={Math.min(20, body.split("\n").length + 1)} spellCheck={false} value={body} error={fault} onChange={(event) => setBody(event.target.value)} className="font-mono !text-12 leading-5" />}
          <Button kind="solid" className={body === null ? "" : "mt-3"} disabled={fault !== null || send.isPending} onClick={() => send.mutate()}>
            <Play size={15} aria-hidden="true" />
            {send.isPending ? "Sending…" : "Send the call"}
          </Button>
          {call.method !== "GET" && <p className="mt-2 text-13 text-muted">It is carried out as if your program had made it: what it costs is charged.</p>}
          <div aria-live="polite" className="mt-4">
            {send.data && (
              <>
                <p className="mb-2 flex flex-wrap items-center gap-3 text-13 text-muted">
                  <Tag tone={send.data.status < 400 ? "good" : "bad"}>{send.data.status}</Tag>
                  <span className="tabular">{Math.round(send.data.duration_ms)} ms</span>
                  {send.data.trace !== null && (
                    <span className="inline-flex items-center font-mono text-12">
                      {send.data.trace}
                      <CopyButton text={send.data.trace} what="trace id" />
                    </span>
                  )}
                </p>
                <Json value={send.data.body} label="The answer" />
              </>
            )}
          </div>
          {send.error && (
            <p role="alert" className="mt-3 text-13 text-bad">
              {send.error.message}
            </p>
          )}
        </div>
        <section aria-label="Code" className="min-w-0">
          <div className="mb-2 flex flex-wrap items-center gap-2">
            <Segments label="Language" value={language} options={LANGUAGES} onChange={setLanguage} />
          </div>
          {fault === null ? <Json value={code} label="The code" /> : <p className="text-13 text-muted">The code appears when the body is JSON again.</p>}
          <p className="mt-2 text-13 text-muted">
            Put your token into the environment first: <code className="font-mono text-12">export PLAZA_TOKEN=…</code>
          </p>
        </section>
      </div>
    </div>
  );
}
