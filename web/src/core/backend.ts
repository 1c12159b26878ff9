/**
 * The page's end of the worker. A worker that has given the device to another tab ends itself, and with it everything
 * that it still held; taking over starts a new one.
 */
import { CoreError } from "./types";
import type { Backend, BackendEvents } from "./types";
import type { FromWorker, ToWorker } from "./wire";

type Waiting = { resolve: (value: never) => void; reject: (error: CoreError) => void };

/** Starts the worker that holds the keys. */
export function startWorker(events: BackendEvents): Backend {
  const waiting = new Map<number, Waiting>();
  let last = 0;

  function refuseAll(): void {
    for (const call of waiting.values()) call.reject(new CoreError("Plaza is open in another tab.", "elsewhere"));
    waiting.clear();
  }

  function hear(message: FromWorker): void {
    if (message.is === "event") return events.onEvent(message.event);
    if (message.is === "phase") {
      if (message.phase.is !== "ready") refuseAll();
      return events.onPhase(message.phase);
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.is === "answer") call?.resolve(message.value as never);
    else call?.reject(new CoreError(message.message, message.code));
  }

  function spawn(first: ToWorker): Worker {
    const made = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "plaza-core" });
    made.addEventListener("error", (event) => {
      refuseAll();
      events.onPhase({ is: "broken", why: event.message || "The part that keeps your keys could not be loaded." });
    });
    made.addEventListener("message", (event: MessageEvent<FromWorker>) => hear(event.data));
    made.postMessage(first);
    return made;
  }

  let worker = spawn({ is: "start" });

  return {
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve, reject });
        const message: ToWorker = { is: "call", id: last, name, args };
        worker.postMessage(message);
      }),
    takeOver: () => {
      worker.terminate();
      worker = spawn({ is: "take_over" });
    },
  };
}
