/** A business on the real server, as its developer has it: the API, a webhook server, and a peer for calls in a browser. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "@playwright/test";
import type { APIRequestContext, Page } from "@playwright/test";

type Json = Record<string, unknown>;
type Told = { event?: string; status?: string; id: string; session?: { sdp_type: string; sdp: string }; duration?: number; direction?: string };

/** What the webhook heard, in order. */
export class Business {
  readonly calls: Told[] = [];
  readonly messages: Json[] = [];
  readonly replies: Json[] = [];
  #server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (request.method === "GET") return void response.end(url.searchParams.get("hub.challenge") ?? "");
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => {
      this.#heard(JSON.parse(body) as never);
      response.end();
    });
  });

  private constructor(
    readonly request: APIRequestContext,
    readonly number: string,
    readonly phone: string,
    readonly token: string,
  ) {}

  #heard(body: { entry: { changes: { field: string; value: { calls?: Told[]; statuses?: Told[]; messages?: (Json & { interactive?: Json })[] } }[] }[] }): void {
    for (const { field, value } of body.entry.flatMap((entry) => entry.changes)) {
      if (field === "calls") this.calls.push(...(value.calls ?? []), ...(value.statuses ?? []));
      this.messages.push(...(value.messages ?? []));
      for (const { interactive } of value.messages ?? []) if (interactive) this.replies.push(interactive);
    }
  }

  /** A business that takes calls. */
  static async open(request: APIRequestContext, name: string): Promise<Business> {
    const session = (await (await request.get("/_sandbox/session")).json()) as { operator_token: string };
    const number = `+4930${String(Math.floor(Math.random() * 10_000_000)).padStart(7, "0")}`;
    const made = await request.post("/operator/api/businesses", {
      headers: { Authorization: `Bearer ${session.operator_token}` },
      data: { name, number, country: "DE", currency: "EUR", credit: "50.00" },
    });
    expect(made.status(), await made.text()).toBe(201);
    const keys = (await made.json()) as Record<"phone_number_id" | "waba_id" | "access_token" | "app_id" | "app_secret", string>;
    const business = new Business(request, number, keys.phone_number_id, keys.access_token);
    await new Promise<void>((listening) => business.#server.listen(0, "127.0.0.1", listening));
    const callback_url = `http://127.0.0.1:${(business.#server.address() as AddressInfo).port}/hook`;
    const subscription = { object: "whatsapp_business_account", callback_url, verify_token: "vt", fields: "calls,messages", access_token: `${keys.app_id}|${keys.app_secret}` };
    const subscribed = await request.post(`/v23.0/${keys.app_id}/subscriptions`, { data: subscription });
    expect(subscribed.ok(), await subscribed.text()).toBe(true);
    await business.post(`${keys.waba_id}/subscribed_apps`, {});
    await business.post(`${keys.phone_number_id}/settings`, { calling: { status: "ENABLED" } });
    return business;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async post(path: string, data: Json): Promise<Json> {
    const answer = await this.request.post(`/v23.0/${path}`, { headers: { Authorization: `Bearer ${this.token}` }, data });
    expect(answer.ok(), await answer.text()).toBe(true);
    return (await answer.json()) as Json;
  }

  /** A file that a webhook named: as it is known, and its bytes. */
  async file(id: string): Promise<{ mime_type: string; bytes: Buffer }> {
    const headers = { Authorization: `Bearer ${this.token}` };
    const known = (await (await this.request.get(`/v23.0/${id}`, { headers })).json()) as { mime_type: string; url: string };
    const answer = await this.request.get(known.url, { headers });
    expect(answer.ok(), await answer.text()).toBe(true);
    return { mime_type: known.mime_type, bytes: await answer.body() };
  }

  /** Does something about a call. */
  async act(what: Json): Promise<Json> {
    return this.post(`${this.phone}/calls`, { messaging_product: "whatsapp", ...what });
  }

  /** Waits for an event or status of a call. */
  async hears(word: string): Promise<Told> {
    const found = (): Told | undefined => this.calls.find((told) => (told.event ?? told.status) === word);
    await expect.poll(found, { message: `the webhook hears ${word}` }).toBeDefined();
    return found() as Told;
  }

  /** What it heard, in order. */
  words(): (string | undefined)[] {
    return this.calls.map((told) => told.event ?? told.status);
  }
}

/** Remembers the peer connections of a page, so that a test can ask how much came in. */
export async function watchPeers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const peers: RTCPeerConnection[] = [];
    const Real = window.RTCPeerConnection;
    Object.assign(window, {
      peers,
      RTCPeerConnection: class extends Real {
        constructor(...args: ConstructorParameters<typeof Real>) {
          super(...args);
          peers.push(this);
        }
      },
    });
  });
}

type WithPeers = { peers: RTCPeerConnection[]; peer?: RTCPeerConnection };

/** Bytes of sound that the newest connection of a page has received. */
export async function received(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const peer = (window as unknown as WithPeers).peers.at(-1);
    let bytes = 0;
    const report = await peer?.getStats();
    report?.forEach((entry: { type: string; kind?: string; bytesReceived?: number }) => {
      if (entry.type === "inbound-rtp" && entry.kind === "audio") bytes += entry.bytesReceived ?? 0;
    });
    return bytes;
  });
}

/** The business's side of a call: its session description, as the answer to an offer or as an offer of its own. */
export async function describe(endpoint: Page, offer: string | null): Promise<string> {
  return endpoint.evaluate(async (remote) => {
    const peer = new RTCPeerConnection();
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) peer.addTrack(track, stream);
    Object.assign(window, { peer });
    if (remote !== null) await peer.setRemoteDescription({ type: "offer", sdp: remote });
    await peer.setLocalDescription(await (remote === null ? peer.createOffer() : peer.createAnswer()));
    if (peer.iceGatheringState !== "complete") {
      await new Promise<void>((resolve) => {
        peer.addEventListener("icegatheringstatechange", () => peer.iceGatheringState === "complete" && resolve());
      });
    }
    return peer.localDescription?.sdp ?? "";
  }, offer);
}

/** The person has picked up: the business connects. */
export async function connect(endpoint: Page, answer: string): Promise<void> {
  await endpoint.evaluate(async (sdp) => (window as unknown as WithPeers).peer?.setRemoteDescription({ type: "answer", sdp }), answer);
}
