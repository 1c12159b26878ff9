/**
 * # Answering a question
 *
 * One press is one answer: while it is on its way the controls rest, and when the core refuses they come back with its
 * words. What was answered is read from the timeline, never remembered here.
 */
import { useState } from "react";
import { core } from "@/core/core";
import type { Answer, Body, TemplateButton } from "@/core/content";
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

/** My answers to one message: what its controls show. */
export type Answers = readonly Item[];

const KINDS: readonly Item["kind"][] = ["button_reply", "interactive_reply", "order", "location", "contacts"];

/** My answers, by the message that they answer. */
export function answersOf(items: readonly Item[]): Map<string, Item[]> {
  const answers = new Map<string, Item[]>();
  for (const item of items) {
    if (!item.mine || item.reply_to === null || item.content === null || item.ticks === "failed" || !KINDS.includes(item.kind)) continue;
    answers.set(item.reply_to, [...(answers.get(item.reply_to) ?? []), item]);
  }
  return answers;
}

/** The id, or the payload, of the button or row that was chosen; null: none was. */
export function chosenIn(answers: Answers): string | null {
  for (const { content } of answers.toReversed()) {
    if (content?.kind === "button_reply") return content.payload || content.text;
    if (content?.kind === "interactive_reply" && (content.type === "button" || content.type === "row")) return content.id;
  }
  return null;
}

type ReplyOf<Type extends string> = Extract<Body, { kind: "interactive_reply"; type: Type }>;

function isReply<Type extends string>(content: Body | null, type: Type): content is ReplyOf<Type> {
  return content?.kind === "interactive_reply" && content.type === type;
}

/** The last answer of one kind. */
export function replyIn<Type extends string>(answers: Answers, type: Type): ReplyOf<Type> | undefined {
  return answers
    .map((item) => item.content)
    .filter((content) => isReply(content, type))
    .at(-1);
}

export function hasAnswered(answers: Answers, kind: Item["kind"]): boolean {
  return answers.some((item) => item.kind === kind);
}

/** What pressing a quick reply answers with. */
export function payloadOf(button: TemplateButton): string {
  return button.value || button.text;
}
