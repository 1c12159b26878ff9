/**
 * # A form that runs on the screen
 *
 * Keeps the run, asks the business's endpoint when the form says so, and hands the answer out at the end. What comes
 * back for a screen that has been left meanwhile is dropped.
 */
import { useRef, useState } from "react";
import { webAddress } from "@/lib/web";
import type { Flow } from "./document";
import type { Json } from "./expression";
import { back, current, effectOf, fill, goTo, hear, update } from "./interpreter";
import type { Run } from "./interpreter";

export type ExchangeRequest = { action: "INIT" | "BACK" | "data_exchange"; screen: string; data: Json };

/** Asks the endpoint behind the form; rejects with words for the person. */
export type Ask = (request: ExchangeRequest) => Promise<unknown>;

export type Running = {
  run: Run;
  busy: boolean;
  problem: string | null;
  fill: (name: string, value: unknown) => void;
  /** Runs an action, on the run as it is with a value that was just chosen. */
  act: (action: unknown, chosen?: { name: string; value: unknown }) => void;
  goBack: () => void;
};

export function useRun(flow: Flow, first: Run, ask: Ask, onComplete: (response: Json) => void): Running {
  const [run, setRun] = useState(first);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  // The newest run, for answers that arrive later.
  const now = useRef(first);

  function put(next: Run): void {
    now.current = next;
    setRun(next);
  }

  async function exchange(kind: "BACK" | "data_exchange", screen: string, data: Json): Promise<void> {
    setBusy(true);
    try {
      const answer = await ask({ action: kind, screen, data });
      if (kind === "data_exchange" && current(now.current).screen !== screen) return;
      const heard = hear(flow, now.current, answer);
      if (heard.is === "run") put(heard.run);
      else if (heard.is === "complete") onComplete(heard.response);
      else setProblem(heard.why);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "The business did not answer.");
    } finally {
      setBusy(false);
    }
  }

  function act(what: unknown, chosen?: { name: string; value: unknown }): void {
    const from = chosen ? fill(now.current, chosen.name, chosen.value) : now.current;
    const effect = effectOf(what, from);
    setProblem(null);
    put({ ...from, message: null });
    switch (effect.is) {
      case "goto": {
        const next = goTo(flow, from, effect.screen, effect.data);
        if (next) put(next);
        else setProblem("The next page of this form is missing.");
        return;
      }
      case "update":
        return put(update(from, effect.data));
      case "exchange":
        return void exchange("data_exchange", effect.screen, effect.data);
      case "complete":
        return onComplete(effect.response);
      case "open": {
        const address = webAddress(effect.url);
        if (address === null) setProblem("This is no web address.");
        else window.open(address, "_blank", "noopener,noreferrer");
        return;
      }
      default:
    }
  }

  function goBack(): void {
    const { screen } = current(run);
    setProblem(null);
    put(back(run));
    if (flow.screens.find((each) => each.id === screen)?.refreshOnBack) void exchange("BACK", screen, {});
  }

  return { run, busy, problem, fill: (name, value) => put(fill(now.current, name, value)), act, goBack };
}
