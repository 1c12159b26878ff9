/** What the screens read after the core has spoken: order, optimistic sends, failures, arrivals. */
import { describe, expect, it } from "vitest";
import type { Body } from "./content";
import { inOrder } from "./order";
import { CoreStore } from "./store";
import { CoreError } from "./types";
import type { Backend, BackendEvents, Item } from "./types";

function item(part: Partial<Item> & { id: string }): Item {
  return { kind: "text", mine: true, author: "Ana", at: 0, gseq: 0, ticks: "sent", text: "", reply_to: null, reactions: [], content: null, is_edited: false, error: null, ...part };
}

/** A core whose answers the test gives. */
function world() {
  const store = new CoreStore();
  const calls: { name: string; args: unknown[]; resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  let events: BackendEvents | undefined;
  store.start((given) => {
    events = given;
    const backend: Backend = {
      call: (name, ...args) =>
        new Promise((resolve, reject) => {
          calls.push({ name, args, resolve: resolve as (value: unknown) => void, reject });
        }),
      takeOver: () => undefined,
    };
    return backend;
  });
  const last = () => calls.at(-1);
  return { store, calls, last, events: () => events, items: () => store.state().timelines.get("c")?.items ?? [] };
}

describe("the order of a timeline", () => {
  it("follows the place that all agree on, not the clocks", () => {
    const ordered = inOrder([item({ id: "b", gseq: 2, at: 10 }), item({ id: "a", gseq: 1, at: 99 })]);
    expect(ordered.map((each) => each.id)).toEqual(["a", "b"]);
  });

  it("puts what has no place yet after what is not younger", () => {
    const ordered = inOrder([item({ id: "waiting", at: 50 }), item({ id: "old", gseq: 1, at: 10 }), item({ id: "new", gseq: 2, at: 60 }), item({ id: "later", at: 70 })]);
    expect(ordered.map((each) => each.id)).toEqual(["old", "waiting", "new", "later"]);
  });
});

describe("sending", () => {
  it("draws at once, and keeps the key when the core names the message", async () => {
    const { store, last, items } = world();
    const sent = store.sendText("c", "hello", null);
    const local = items()[0];
    expect(local).toMatchObject({ text: "hello", ticks: "waiting" });
    last()?.resolve(item({ id: "m1", text: "hello", ticks: "waiting" }));
    await sent;
    expect(items().map((each) => each.id)).toEqual(["m1"]);
    const real = items()[0];
    expect(real && local && store.keyOf(real) === local.id).toBe(true);
  });

  it("shows one message when the event comes before the answer", async () => {
    const { store, last, items } = world();
    const sent = store.sendText("c", "hello", null);
    store.apply({ event: "items", conversation_id: "c", items: [item({ id: "m1", text: "hello", gseq: 4 })] });
    expect(items().map((each) => each.id)).toEqual(["m1"]);
    last()?.resolve(item({ id: "m1", text: "hello", ticks: "waiting" }));
    await sent;
    expect(items()).toHaveLength(1);
    expect(items()[0]?.ticks).toBe("sent");
  });

  it("says why it failed, and tries again with the same words", async () => {
    const { store, last, items, calls } = world();
    const sent = store.sendText("c", "hello", "m0");
    last()?.reject(new CoreError("No room on this device.", "full"));
    await sent;
    const failed = items()[0];
    expect(failed).toMatchObject({ ticks: "failed", error: "No room on this device." });
    if (failed) void store.retry("c", failed);
    expect(calls).toHaveLength(2);
    expect(last()).toMatchObject({ name: "send_text", args: ["c", "hello", "m0"] });
  });
});

describe("files", () => {
  const media = (blob_id: string): Body & { kind: "media" } => ({
    kind: "media", form: "image", attachment: { blob_id, sha256: "", bytes: 3, mime_type: "image/png", width: 0, height: 0 },
    caption: "Bread", filename: "b.png", is_voice: false, is_animated: false,
  });

  it("are shown while they are sent, and need not be fetched afterwards", async () => {
    const { store, last, items, calls } = world();
    const sent = store.sendMedia("c", { bytes: new Uint8Array(3), mimeType: "image/png", filename: "b.png", caption: "Bread", preview: "blob:here", body: media("blob:here") }, null);
    expect(items()[0]).toMatchObject({ kind: "media", text: "Bread", ticks: "waiting" });
    last()?.resolve(item({ id: "m1", kind: "media", text: "Bread", content: media("b1") }));
    await sent;
    await store.files.load("c", "m1", "b1");
    expect(store.files.state("b1")).toEqual({ is: "ready", url: "blob:here" });
    expect(calls.map((call) => call.name)).toEqual(["send_media"]);
  });

  it("are asked for once, and again after a failure", async () => {
    const { store, last, calls } = world();
    const first = store.files.load("c", "m1", "b1");
    void store.files.load("c", "m1", "b1");
    expect(calls).toHaveLength(1);
    last()?.reject(new CoreError("Gone.", "not_found"));
    await first;
    expect(store.files.state("b1")).toEqual({ is: "failed", why: "Gone." });
    void store.files.load("c", "m1", "b1");
    expect(calls).toHaveLength(2);
  });
});

describe("answers", () => {
  it("stand in the timeline at once, and are refused in the core's words", async () => {
    const { store, last, items } = world();
    store.apply({ event: "conversation", conversation: { id: "c" } as never });
    void store.openTimeline("c");
    last()?.resolve({ items: [], more: false });
    await Promise.resolve();
    const answering = store.answer("c", "q1", { do: "row", id: "a" });
    expect(last()).toMatchObject({ name: "answer", args: ["c", "q1", '{"do":"row","id":"a"}'] });
    last()?.resolve(item({ id: "m2", kind: "interactive_reply", reply_to: "q1" }));
    await answering;
    expect(items().map((each) => each.id)).toEqual(["m2"]);
    const refused = store.answer("c", "q1", { do: "row", id: "b" });
    last()?.reject(new CoreError("this message has no such choice", "invalid"));
    await expect(refused).rejects.toThrow("no such choice");
  });
});

describe("a conversation that moves", () => {
  it("takes along what is on its way out", async () => {
    const { store, last } = world();
    const sent = store.sendText("old", "hello", null);
    store.apply({ event: "moved", from: "old", to: "new" });
    expect(store.state().timelines.get("old")).toBeUndefined();
    last()?.resolve(item({ id: "m1", text: "hello" }));
    await sent;
    expect(store.state().timelines.get("new")?.items.map((each) => each.id)).toEqual(["m1"]);
    expect(store.state().moved.get("old")).toBe("new");
  });
});

describe("arrivals", () => {
  it("are spoken once, and only those of others", () => {
    const { store } = world();
    const heard: string[] = [];
    store.onArrival((arrival) => heard.push(arrival.item.id));
    const theirs = item({ id: "t1", mine: false, ticks: null });
    store.apply({ event: "items", conversation_id: "c", items: [theirs, item({ id: "m1" })] });
    store.apply({ event: "items", conversation_id: "c", items: [{ ...theirs, reactions: [{ emoji: "x", mine: true }] }] });
    expect(heard).toEqual(["t1"]);
  });
});

describe("conversations", () => {
  it("stand by their last message", async () => {
    const { store } = world();
    const view = {
      title: "", number: "", is_business: false, is_verified: false, hosted_by: "", account_id: "", last_text: "", last_mine: false, last_ticks: null, unread: 0,
      typing: false, online: false,
    };
    store.apply({ event: "conversation", conversation: { ...view, id: "a", last_at: 1 } });
    store.apply({ event: "conversation", conversation: { ...view, id: "b", last_at: 2 } });
    store.apply({ event: "conversation", conversation: { ...view, id: "a", last_at: 3 } });
    expect(store.state().conversations?.map((each) => each.id)).toEqual(["a", "b"]);
  });
});
