/** One screen of a form at a time: its components, its foot, and the way back. */
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import type { ReactNode } from "react";
import { clsx } from "clsx";
import type { FlowAction } from "@/core/content";
import type { Item } from "@/core/types";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { useAnswering } from "../answering";
import { useHere } from "../here";
import { FlowComponent } from "./FlowComponent";
import { text } from "./document";
import type { Component, Flow } from "./document";
import type { Json } from "./expression";
import { current, screenOf, scopeOf, shownOf } from "./interpreter";
import type { Run } from "./interpreter";
import { useRun } from "./useRun";
import { validate } from "./validation";

type Props = { item: Item; action: FlowAction; flow: Flow; first: Run; onClose: () => void };

const FORM = "flow-form";
const NOTHING_WRONG: ReadonlyMap<string, string> = new Map();

export function FlowRun({ item, action, flow, first, onClose }: Props) {
  const { title } = useHere();
  const { busy: sending, failed, send } = useAnswering(item);
  const running = useRun(item, action, flow, first, (response) => void complete(response));
  // The screens on which somebody has tried to go on: there, what is wrong is shown.
  const [tried, setTried] = useState<ReadonlySet<string>>(new Set());
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());

  const { run } = running;
  const visit = current(run);
  const screen = screenOf(flow, visit.screen);
  const shown = screen ? shownOf(screen, scopeOf(run)) : [];
  const foot = shown.find((each) => each.component.type === "Footer")?.component;
  // A business's patterns run over what was typed only once somebody has tried to go on.
  const wrong = tried.has(visit.screen) ? validate(shown, visit.form) : NOTHING_WRONG;
  const busy = running.busy || sending;

  async function complete(response: Json): Promise<void> {
    const token = action.token === "" || "flow_token" in response ? {} : { flow_token: action.token };
    if (await send({ do: "form", response: { ...response, ...token } })) onClose();
  }

  function goOn(): void {
    if (!foot || busy) return;
    setTried(new Set(tried).add(visit.screen));
    setTouched(new Set());
    const firstWrong = [...validate(shown, visit.form).keys()][0];
    if (firstWrong === undefined) return running.act(foot["on-click-action"]);
    const field = [...document.querySelectorAll<HTMLElement>(`#${FORM} [data-field]`)].find((each) => each.dataset["field"] === firstWrong);
    (field?.querySelector<HTMLElement>("input, textarea, select, button") ?? field)?.focus();
  }

  function errorOf(name: string, said: string | null): string | null {
    if (touched.has(name)) return null;
    return wrong.get(name) ?? said;
  }

  const problem = running.problem ?? run.message ?? failed;
  return (
    <Dialog
      open
      onClose={onClose}
      title={screen?.title || action.text || "Form"}
      description={`Your answers go to ${title}.`}
      full
      sticky
      before={
        run.visits.length > 1 && (
          <button type="button" aria-label="Page before" disabled={busy} onClick={running.goBack} className="-ms-2 inline-flex size-8 shrink-0 items-center justify-center rounded-8 text-muted hover:bg-sunken hover:text-ink">
            <ArrowLeft size={18} className="rtl:rotate-180" />
          </button>
        )
      }
      footer={foot && <Foot component={foot} busy={busy} />}
    >
      <form
        id={FORM}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          goOn();
        }}
      >
        <Page key={`${run.visits.length} ${visit.screen}`} fresh={run.visits.length > 1}>
          {shown
            .filter((each) => each.component.type !== "Footer")
            .map((each) => (
              <FlowComponent
                key={`${visit.screen} ${each.key}`}
                component={each.component}
                value={visit.form[text(each.component["name"])]}
                error={errorOf(text(each.component["name"]), each.error)}
                busy={busy}
                version={flow.version}
                onChange={(value) => {
                  setTouched(new Set(touched).add(text(each.component["name"])));
                  running.fill(text(each.component["name"]), value);
                }}
                onAct={running.act}
              />
            ))}
        </Page>
        <div role="alert">{problem !== null && <p className="mt-4 rounded-8 bg-bad-soft px-3 py-2 text-13 text-bad">{problem}</p>}</div>
      </form>
    </Dialog>
  );
}

/** A page takes the focus when it comes, so that a screen reader begins at its top. */
function Page({ fresh, children }: { fresh: boolean; children: ReactNode }) {
  const [attach] = useState(() => (element: HTMLElement | null) => {
    if (fresh) element?.focus();
  });
  return (
    <div ref={attach} tabIndex={-1} className="grid gap-4 outline-none">
      {children}
    </div>
  );
}

function Foot({ component, busy }: { component: Component; busy: boolean }) {
  const captions = ["left-caption", "center-caption", "right-caption"].map((name) => text(component[name]));
  return (
    <>
      {captions.some((caption) => caption !== "") && (
        <div className="mb-2 flex justify-between gap-3 text-13 text-muted">
          {captions.map((caption, n) => (
            <span key={n}>{caption}</span>
          ))}
        </div>
      )}
      <Button kind="solid" type="submit" form={FORM} disabled={component["enabled"] === false} aria-disabled={busy || undefined} className={clsx("w-full", busy && "animate-breathe")}>
        {text(component["label"]) || "Continue"}
      </Button>
    </>
  );
}
