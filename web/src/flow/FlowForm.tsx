/**
 * # One screen of a form at a time
 *
 * Its components, its foot, and the way back. What stands around it (a window of the messenger, a phone of the console)
 * is for whoever shows the form: it gets the parts and puts them in their places.
 */
import { useState } from "react";
import type { ReactNode } from "react";
import { clsx } from "clsx";
import { Button } from "@/ui/Button";
import { FlowComponent } from "./FlowComponent";
import { text } from "./document";
import type { Component, Flow } from "./document";
import type { Json } from "./expression";
import { current, screenOf, scopeOf, shownOf } from "./interpreter";
import type { Run } from "./interpreter";
import { useRun } from "./useRun";
import type { Ask } from "./useRun";
import { validate } from "./validation";

/** The parts of a screen. */
export type ScreenParts = {
  title: string;
  /** Absent: this is the first screen. */
  onBack: (() => void) | undefined;
  busy: boolean;
  foot: ReactNode;
  children: ReactNode;
};

type Form = {
  flow: Flow;
  first: Run;
  ask: Ask;
  /** The answers, at the end. */
  onComplete: (response: Json) => void;
  /** The answers are on their way. */
  sending: boolean;
  /** Why they did not go. */
  failed: string | null;
};

const FORM = "flow-form";
const NOTHING_WRONG: ReadonlyMap<string, string> = new Map();

export function useFlowForm({ flow, first, ask, onComplete, sending, failed }: Form): ScreenParts {
  const running = useRun(flow, first, ask, onComplete);
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
  return {
    title: screen?.title ?? "",
    onBack: run.visits.length > 1 ? running.goBack : undefined,
    busy,
    foot: foot && <Foot component={foot} busy={busy} />,
    children: (
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
    ),
  };
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
