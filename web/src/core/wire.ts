/** The messages between the page and its worker. Ids pair answers with calls. */
import type { CoreEvent, Phase } from "./types";

export type ToWorker = { is: "start" } | { is: "take_over" } | { is: "call"; id: number; name: string; args: unknown[] };

export type FromWorker =
  | { is: "phase"; phase: Phase }
  | { is: "event"; event: CoreEvent }
  | { is: "answer"; id: number; value: unknown }
  | { is: "refusal"; id: number; code: string; message: string };
