/**
 * # The worker that holds the keys
 *
 * The client core (Rust, compiled to wasm) runs here and nowhere else: the page that draws the messages, and whatever
 * might be injected into it, has no way to reach a key. The page sends calls, the worker answers view models.
 *
 * One device has one writer. Two tabs would advance the same group twice, so the core opens only under a Web Lock. A
 * second tab is told `elsewhere`; when the person takes over there, the holder is asked on a channel to let go, closes
 * its socket, gives the lock back and ends. If it does not answer in time (a frozen tab), the lock is taken by force.
 */
import init, { Client } from "./wasm/plaza_client_web.js";
import type { CoreEvent, Phase } from "./types";
import type { FromWorker, ToWorker } from "./wire";

const LOCK = "plaza.device";
const DATABASE = "plaza";
const HAND_OVER_MS = 3000;

/** The generated class as it is used here: texts of JSON in and out. */
type WasmClient = Record<string, ((...args: unknown[]) => Promise<unknown>) | undefined>;
type WasmClass = { open(database: string, origin: string, onEvent: (event: unknown) => void): Promise<WasmClient> };

const scope = self as unknown as DedicatedWorkerGlobalScope;
const channel = new BroadcastChannel(LOCK);
let client: WasmClient | null = null;
let letGo: (() => void) | null = null;

function post(message: FromWorker): void {
  scope.postMessage(message);
}

function tellPhase(phase: Phase): void {
  post({ is: "phase", phase });
}

/** The core answers texts of JSON; nothing at all is null. */
function parsed(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function refusal(error: unknown): { code: string; message: string } {
  const value = parsed(error instanceof Error ? error.message : error);
  if (typeof value === "object" && value !== null) {
    const { code, detail, title, message } = value as Record<string, unknown>;
    const words = [detail, message, title].find((each): each is string => typeof each === "string" && each !== "");
    return { code: typeof code === "string" ? code : "unknown", message: words ?? "Something went wrong." };
  }
  return { code: "unknown", message: String(value) };
}

async function openCore(): Promise<void> {
  await init();
  const held = await (Client as unknown as WasmClass).open(DATABASE, scope.location.origin, (event) =>
    post({ is: "event", event: parsed(event) as CoreEvent }),
  );
  client = held;
  tellPhase({ is: "ready" });
}

async function closeCore(): Promise<void> {
  const held = client;
  client = null;
  tellPhase({ is: "elsewhere" });
  await held?.["disconnect"]?.call(held).catch(() => undefined);
}

/** Holds the lock, and with it the core, until another tab asks for it or takes it. */
async function hold(options: LockOptions): Promise<void> {
  try {
    await navigator.locks.request(LOCK, options, async (lock) => {
      if (lock === null) {
        tellPhase({ is: "elsewhere" });
        return;
      }
      const released = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      await openCore();
      await released;
      await closeCore();
      // Whatever the core still holds ends here; taking over again starts a new worker.
      scope.close();
    });
  } catch (error) {
    // A stolen lock rejects the request: the device is another tab's now.
    if (error instanceof DOMException && error.name === "AbortError") {
      await closeCore();
      scope.close();
    } else tellPhase({ is: "broken", why: refusal(error).message });
  }
}

async function takeOver(): Promise<void> {
  tellPhase({ is: "starting" });
  channel.postMessage("let go");
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), HAND_OVER_MS);
  const free = await navigator.locks.request(LOCK, { signal: patience.signal }, () => true).catch(() => false);
  clearTimeout(timer);
  await hold(free ? {} : { steal: true });
}

/** A file, which the core gives as its bytes and type, becomes an address that the page can show. */
function shown(value: unknown): unknown {
  if (!Array.isArray(value) || !(value[0] instanceof Uint8Array)) return value;
  const [bytes, type] = value as [Uint8Array<ArrayBuffer>, string];
  return URL.createObjectURL(new Blob([bytes], { type }));
}

async function answer(id: number, name: string, args: unknown[]): Promise<void> {
  try {
    const method = client?.[name];
    if (!client || !method) throw new Error("Plaza is open in another tab.");
    post({ is: "answer", id, value: shown(parsed(await method.apply(client, args))) });
  } catch (error) {
    post({ is: "refusal", id, ...refusal(error) });
  }
}

channel.addEventListener("message", () => letGo?.());

scope.addEventListener("message", (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.is === "start") void hold({ ifAvailable: true });
  else if (message.is === "take_over") void takeOver();
  else void answer(message.id, message.name, message.args);
});
