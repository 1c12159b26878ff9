/**
 * # Answering a question
 *
 * One press is one answer: while it is on its way the controls rest, and when the core refuses they come back with its
 * words. What was answered is read from the timeline, never remembered here.
 */
import { useState } from "react";
import { core } from "@/core/core";
import type { Answer, TemplateButton } from "@/core/content";
import type { Item } from "@/core/types";
import { useHere } from "./here";

export type Answering = { busy: boolean; failed: string | null; send: (answer: Answer) => Promise<boolean>; run: (work: () => Promise<unknown>) => Promise<boolean> };

/** Sends answers to one message; `send` tells whether it went. */
export function useAnswering(item: Item): Answering {
  const { id } = useHere();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  async function run(work: () => Promise<unknown>): Promise<boolean> {
    setBusy(true);
    setFailed(null);
    try {
      await work();
      return true;
    } catch (error) {
      setFailed(error instanceof Error ? error.message : "The answer was not sent.");
      return false;
    } finally {
      setBusy(false);
    }
  }
  return { busy, failed, run, send: (answer) => run(() => core.answer(id, item.id, answer)) };
}

/** The last answer of mine to each message: what its controls show. */
export function answersOf(items: readonly Item[]): Map<string, Item> {
  const answers = new Map<string, Item>();
  for (const item of items) {
    const kind = item.content?.kind;
    const isAnswer = kind === "button_reply" || kind === "interactive_reply" || kind === "order" || kind === "location" || kind === "contacts";
    if (isAnswer && item.mine && item.reply_to !== null && item.ticks !== "failed") answers.set(item.reply_to, item);
  }
  return answers;
}

/** The id, or the payload, that was answered with. */
export function answeredWith(answer: Item | undefined): string | null {
  if (answer?.content?.kind === "button_reply") return answer.content.payload || answer.content.text;
  if (answer?.content?.kind === "interactive_reply" && (answer.content.type === "button" || answer.content.type === "row")) return answer.content.id;
  return null;
}

/** What pressing a quick reply answers with. */
export function payloadOf(button: TemplateButton): string {
  return button.value || button.text;
}
