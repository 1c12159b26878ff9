/** Which commands a beginning of a text asks for. */
import { expect, it } from "vitest";
import { commandsFor } from "./commands";

const COMMANDS = ["help", "hours", "stop"].map((name) => ({ name, description: "" }));
const names = (text: string): string[] => commandsFor(text, COMMANDS).map((each) => each.name);

it("fit what is typed, until a command is written out", () => {
  expect([names("/"), names("/H"), names("/ho"), names("/hours")]).toEqual([["help", "hours", "stop"], ["help", "hours"], ["hours"], []]);
  expect([names("a /h"), names("/h o"), names("")]).toEqual([[], [], []]);
});
