/**
 * A business on the test's own machine: a web server that hears webhooks and answers what forms ask, with a key of its own.
 * It decrypts and encrypts as the published interface says, with nothing of Plaza's.
 */
import { constants, createCipheriv, createDecipheriv, createHmac, generateKeyPairSync, privateDecrypt } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";

export type Asked = { version: string; action: string; screen?: string; data?: Record<string, unknown>; flow_token?: string };
export type Told = { field: string; value: Record<string, unknown> };

const TAG_BYTES = 16;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

export class Endpoint {
  readonly publicKey: string;
  /** What forms asked, in order. */
  readonly asked: Asked[] = [];
  /** What webhooks told, in order. */
  readonly told: Told[] = [];
  /** The app's secret, once the business is there: from then on every call must be signed with it. */
  secret: string | null = null;
  readonly #privateKey: string;
  readonly #server: Server;
  readonly #answer: (asked: Asked) => unknown;
  #heard: (() => void)[] = [];

  constructor(answer: (asked: Asked) => unknown) {
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048, publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } });
    this.publicKey = pair.publicKey;
    this.#privateKey = pair.privateKey;
    this.#answer = answer;
    this.#server = createServer((request, response) => {
      void this.#serve(request).then(({ status, body }) => response.writeHead(status, { "content-type": "text/plain" }).end(body));
    });
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** The first webhook for which this holds, now or later. */
  async hears(holds: (told: Told) => boolean): Promise<Told> {
    for (;;) {
      const found = this.told.find(holds);
      if (found) return found;
      await new Promise<void>((resolve) => {
        this.#heard.push(resolve);
      });
    }
  }

  async #serve(request: IncomingMessage): Promise<{ status: number; body: string }> {
    const url = new URL(request.url ?? "/", this.url);
    if (request.method === "GET") return { status: 200, body: url.searchParams.get("hub.challenge") ?? "" };
    const body = await bodyOf(request);
    if (this.secret !== null) {
      const signature = `sha256=${createHmac("sha256", this.secret).update(body).digest("hex")}`;
      if (request.headers["x-hub-signature-256"] !== signature) return { status: 432, body: "not signed" };
    }
    if (url.pathname === "/flow") return { status: 200, body: this.#exchange(body) };
    type Call = { entry: { changes: Told[] }[] };
    this.told.push(...(JSON.parse(body) as Call).entry.flatMap((entry) => entry.changes));
    for (const wake of this.#heard.splice(0)) wake();
    return { status: 200, body: "" };
  }

  #exchange(body: string): string {
    const sealed = JSON.parse(body) as { encrypted_flow_data: string; encrypted_aes_key: string; initial_vector: string };
    const bytes = (text: string): Buffer => Buffer.from(text, "base64");
    const key = privateDecrypt({ key: this.#privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, bytes(sealed.encrypted_aes_key));
    const [iv, data] = [bytes(sealed.initial_vector), bytes(sealed.encrypted_flow_data)];
    const decipher = createDecipheriv("aes-128-gcm", key, iv);
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    const asked = JSON.parse(Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]).toString()) as Asked;
    if (asked.action !== "ping") this.asked.push(asked);
    const answer = asked.action === "ping" ? { data: { status: "active" } } : this.#answer(asked);
    // The answer goes back under the same key, with every bit of the vector turned over.
    const cipher = createCipheriv("aes-128-gcm", key, iv.map((byte) => ~byte & 0xff));
    return Buffer.concat([cipher.update(JSON.stringify(answer)), cipher.final(), cipher.getAuthTag()]).toString("base64");
  }
}
