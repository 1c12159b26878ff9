/** The page's end of the worker. */
import { CoreError } from "./types";
import type { Backend, BackendEvents } from "./types";
import type { FromWorker, ToWorker } from "./wire";

type Waiting = { resolve: (value: never) => void; reject: (error: CoreError) => void };

/** Starts the worker that holds the keys. */
export function startWorker(events: BackendEvents): Backend {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "plaza-core" });
  const waiting = new Map<number, Waiting>();
  let last = 0;

  const post = (message: ToWorker): void => worker.postMessage(message);

  worker.addEventListener("error", (event) => {
    events.onPhase({ is: "broken", why: event.message || "The part that keeps your keys could not be loaded." });
  });
  worker.addEventListener("message", (event: MessageEvent<FromWorker>) => {
    const message = event.data;
    if (message.is === "phase") return events.onPhase(message.phase);
    if (message.is === "event") return events.onEvent(message.event);
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.is === "answer") call?.resolve(message.value as never);
    else call?.reject(new CoreError(message.message, message.code));
  });
  post({ is: "start" });

  return {
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve, reject });
        post({ is: "call", id: last, name, args });
      }),
    takeOver: () => post({ is: "take_over" }),
  };
}
