/** What a business understands after a "/": the commands that fit what is typed so far. */
import type { Command } from "@/core/types";

const SHOWN_MAX = 8;

export function commandsFor(text: string, commands: readonly Command[]): Command[] {
  const typed = /^\/([^\s/]*)$/.exec(text)?.[1]?.toLocaleLowerCase();
  if (typed === undefined) return [];
  const fitting = commands.filter((each) => each.name.toLocaleLowerCase().startsWith(typed));
  // A command that is written out is there to be sent.
  return fitting.length === 1 && fitting[0]?.name.toLocaleLowerCase() === typed ? [] : fitting.slice(0, SHOWN_MAX);
}
