/** A Plaza of a test's own: its clock stands until the test moves it, and nobody else is in it. Needs `PLAZA_BIN`. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, request as requests } from "@playwright/test";
import type { APIRequestContext, Page } from "@playwright/test";

type Json = Record<string, unknown>;

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** The keys of a business that the operator opened. */
export type Opened = { business_id: string; waba_id: string; phone_number_id: string; access_token: string };

export class OwnServer {
  private constructor(
    readonly url: string,
    readonly request: APIRequestContext,
    readonly operator: string,
    readonly folder: string,
    readonly program: ChildProcess,
  ) {}

  /** `more`: further flags, made when the folder is there. */
  static async start(more: (folder: string) => Promise<string[]> = async () => []): Promise<OwnServer> {
    const folder = await mkdtemp(join(tmpdir(), "plaza-own-"));
    const url = `http://127.0.0.1:${await freePort()}`;
    const flags = ["serve", "--sandbox", "--seed-ids", "7", "--messages-per-s", "0", "--data", join(folder, "data"), "--listen", url.slice("http://".length), ...(await more(folder))];
    const program = spawn(process.env["PLAZA_BIN"] ?? "plaza", flags, { stdio: "ignore" });
    const request = await requests.newContext({ baseURL: url });
    const isReady = async (): Promise<boolean> => (await request.get("/readyz").catch(() => null))?.ok() ?? false;
    await expect.poll(isReady, { message: "the server starts" }).toBe(true);
    const { operator_token } = (await (await request.get("/_sandbox/session")).json()) as { operator_token: string };
    return new OwnServer(url, request, operator_token, folder, program);
  }

  async stop(): Promise<void> {
    await this.request.dispose();
    const ended = new Promise((end) => this.program.once("exit", end));
    this.program.kill("SIGTERM");
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }

  /** One call with a token; refusals fail the test. */
  async send(method: "GET" | "POST" | "PUT", path: string, token: string, data?: Json): Promise<Json> {
    const answer = await this.request.fetch(path, { method, headers: { Authorization: `Bearer ${token}` }, ...(data === undefined ? {} : { data }) });
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
    return (await answer.json()) as Json;
  }

  /** Moves the clock. */
  async pass(days: number): Promise<void> {
    await this.send("POST", "/_sandbox/clock", this.operator, { advance_s: days * 86_400 });
  }

  /** A business, without money, whose template is approved. */
  async open(name: string, number: string): Promise<Opened> {
    const opened = (await this.send("POST", "/operator/api/businesses", this.operator, { name, number, country: "DE", currency: "EUR", credit: "0" })) as Opened;
    const components = [{ type: "BODY", text: "The first asparagus is here, and the second loaf is half the price until Sunday evening." }];
    await this.send("POST", `/v23.0/${opened.waba_id}/message_templates`, opened.access_token, { name: "spring_offer", language: "en", category: "MARKETING", components });
    return opened;
  }

  /** Somebody who reads everything at once; the number. */
  async person(name: string): Promise<string> {
    return String((await this.send("POST", "/_sandbox/people", this.operator, { name }))["number"]);
  }

  /** Sends the template. */
  async post(business: Opened, to: string): Promise<void> {
    const template = { name: "spring_offer", language: { code: "en" } };
    await this.send("POST", `/v23.0/${business.phone_number_id}/messages`, business.access_token, { messaging_product: "whatsapp", to, type: "template", template });
  }

  /** Sends it, and waits until it is charged. */
  async advertise(business: Opened, to: string): Promise<void> {
    const before = await this.charged();
    await this.post(business, to);
    await expect.poll(() => this.charged(), { message: "the message is charged" }).toBe(before + 1);
  }

  /** Who sends the invoices, and the tax of the country. */
  async seller(): Promise<void> {
    const seller = { name: "Plaza gUG", street: "Marktplatz 1", postal_code: "10178", city: "Berlin", country: "DE", tax_id: "DE123456789", email: "billing@plaza.example", iban: "DE89370400440532013000", grace_h: 240 };
    await this.send("PUT", "/operator/api/legal-entity", this.operator, seller);
    await this.send("POST", "/operator/api/tax-rates", this.operator, { jurisdiction: "DE", effective_from: 1_577_836_800, ppm: 190_000, name: "VAT", reverse_charge: true });
  }

  /** Whom the invoices of a business name, and how much it may owe. */
  async buyer(business: Opened, name: string, credit: string): Promise<void> {
    const buyer = { name, street: "Torstraße 7", postal_code: "10119", city: "Berlin", country: "DE", tax_id: "", email: "books@tulip.example" };
    await this.send("PUT", `/operator/api/portfolios/${business.business_id}/invoice-profile`, this.operator, buyer);
    if (credit !== "0") await this.send("POST", `/operator/api/businesses/${business.business_id}/credit-line`, this.operator, { limit: credit, key: "first" });
  }

  async charged(): Promise<number> {
    const { data } = (await this.send("GET", "/operator/api/charges?limit=100", this.operator)) as { data: Json[] };
    return data.length;
  }

  /** Opens a console with a token of its own. */
  async console(page: Page, kind: "operator" | "manager", token: string): Promise<void> {
    await page.addInitScript(([name, value]) => sessionStorage.setItem(`plaza.${name}-token`, value ?? ""), [kind, token]);
    await page.goto(`${this.url}/${kind}`);
  }
}
