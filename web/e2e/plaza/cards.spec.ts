/**
 * Cards through a provider that speaks like Stripe, with its script in the page: a card is taken in the provider's field, the
 * bank asks, a top-up and an invoice that want a confirmation get it. No number of a card comes to the server. Needs
 * `PLAZA_BIN`, and localstripe in the Python of the repository.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import type { Page, Request } from "@playwright/test";
import { OwnServer, freePort } from "../server";
import type { Opened } from "../server";

test.describe.configure({ mode: "serial" });

const PYTHON = join(import.meta.dirname, "../../../.venv/bin/python");
const GOOD = "4242424242424242";
/** The bank wants a confirmation, of the card and of each payment. */
const CONFIRM = "4000002500003155";
/** Not taken at all. */
const DECLINED = "4000000000000002";

let provider: ChildProcess;
let stripe = "";
let plaza: OwnServer;
let tulip: Opened;

test.beforeAll(async () => {
  const port = await freePort();
  stripe = `http://127.0.0.1:${port}`;
  provider = spawn(PYTHON, ["-m", "localstripe", "--from-scratch", "--port", String(port)], { stdio: "ignore" });
  const script = `${stripe}/js.stripe.com/v3/`;
  await expect.poll(async () => (await fetch(script).catch(() => null))?.ok ?? false, { message: "the provider starts" }).toBe(true);
  plaza = await OwnServer.start(async (folder) => {
    await writeFile(join(folder, "key"), "sk_test_12345\n");
    const config = join(folder, "plaza.toml");
    await writeFile(config, `[payments]\nprovider = "stripe"\nurl = "${stripe}"\nscript_url = "${script}"\npublishable_key = "pk_test_1"\nsecret_key_file = "${join(folder, "key")}"\n`);
    return ["--config", config];
  });
  tulip = await plaza.open("Tulip Bakery", "+4930901820");
  await plaza.seller();
  await plaza.buyer(tulip, "Tulip Bakery GmbH", "10");
});
test.afterAll(async () => {
  await plaza.stop();
  provider.kill();
});

async function payments(page: Page): Promise<void> {
  await plaza.console(page, "manager", tulip.access_token);
  await page.goto(`${plaza.url}/manager/payments`);
}

async function addCard(page: Page, number: string): Promise<void> {
  await page.getByRole("link", { name: "Add a card" }).click();
  await page.getByPlaceholder("number").fill(number);
  await page.getByPlaceholder("exp_month").fill("12");
  await page.getByPlaceholder("exp_year").fill("39");
  await page.getByPlaceholder("cvc").fill("123");
  await page.getByRole("button", { name: "Add the card" }).click();
}

test("only the page that takes a card may load the provider's script", async ({ page }) => {
  const policy = async (path: string): Promise<string> => (await plaza.request.get(path)).headers()["content-security-policy"] ?? "";
  expect(await policy("/manager/payments/card")).toContain(`script-src 'self' ${stripe} `);
  for (const path of ["/manager/payments", "/manager", "/", "/manager/payments/cards"]) expect(await policy(path)).not.toContain(stripe);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await payments(page);
  await expect(page.getByRole("link", { name: "Add a card" })).toBeVisible();
  expect(asked.filter((url) => url.startsWith(stripe))).toEqual([]);
});

test("the provider's script is gone with the page, however one leaves", async ({ page }) => {
  const hasScript = (): Promise<boolean> => page.evaluate(() => "Stripe" in window);
  const take = async (): Promise<void> => {
    await page.goto(`${plaza.url}/manager/payments/card`);
    await expect(page.getByPlaceholder("number")).toBeVisible();
    expect(await hasScript()).toBe(true);
  };
  await payments(page);
  await take();
  await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: "Templates" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Templates" })).toBeVisible();
  expect(await hasScript()).toBe(false);

  await page.goBack();
  await expect(page.getByPlaceholder("number")).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Payments" })).toBeVisible();
  expect(await hasScript()).toBe(false);

  await take();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("Messenger");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${plaza.url}/chat`);
  await expect(page.getByRole("navigation", { name: "Console" })).toBeHidden();
  expect(await hasScript()).toBe(false);
});

test("a card is added in the provider's field; its number never comes to the server", async ({ page }) => {
  const toPlaza: Request[] = [];
  page.on("request", (request) => request.url().startsWith(plaza.url) && toPlaza.push(request));
  await payments(page);
  await addCard(page, DECLINED);
  await expect(page.getByRole("alert")).toContainText("Your card was declined.");
  await page.getByRole("link", { name: "Back to payments" }).click();
  await addCard(page, GOOD);
  await expect(page.getByRole("button", { name: "Remove Visa ending in 4242" })).toBeVisible();
  expect(toPlaza.length).toBeGreaterThan(0);
  for (const request of toPlaza) expect(`${request.url()} ${request.postData() ?? ""}`).not.toContain(GOOD);
});

test("the bank asks when a card is added", async ({ page }) => {
  await payments(page);
  await addCard(page, CONFIRM);
  await page.getByRole("button", { name: "Complete authentication" }).click();
  await expect(page.getByRole("button", { name: "Remove Visa ending in 3155" })).toBeVisible();
});

test("an invoice is paid with a card whose bank asks", async ({ page }) => {
  const ana = await plaza.person("Ana");
  await plaza.advertise(tulip, ana);
  await plaza.pass(33);
  await plaza.send("POST", "/operator/api/invoices/close", plaza.operator, { period: "2026-11" });
  const { data } = (await plaza.send("GET", "/operator/api/invoices?limit=10", plaza.operator)) as { data: { invoice_id: string }[] };
  const invoice = String(data[0]?.invoice_id);
  await plaza.send("POST", `/operator/api/invoices/${invoice}/issue`, plaza.operator, {});
  await payments(page);
  await page.goto(`${plaza.url}/manager/billing/invoices/${invoice}`);
  await page.getByRole("button", { name: /^Pay / }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Pay with").selectOption({ label: "Visa ending in 3155" });
  await dialog.getByRole("button", { name: /^Pay / }).click();
  await dialog.getByRole("link", { name: "Confirm it at your bank" }).click();
  await page.getByRole("button", { name: "Confirm at your bank" }).click();
  await page.getByRole("button", { name: "Complete authentication" }).click();
  await expect(page.getByText("The invoice is paid.")).toBeVisible();
  await page.getByRole("link", { name: "Back to the invoice" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Paid");
});

test("the bank asks when a card pays: yes, and no", async ({ page }) => {
  await payments(page);
  const topUp = async (amount: string): Promise<void> => {
    await page.getByRole("button", { name: "Top up" }).click();
    const dialog = page.getByRole("dialog", { name: "Top up" });
    await dialog.getByLabel("Amount in EUR").fill(amount);
    await dialog.getByLabel("Pay with").selectOption({ label: "Visa ending in 3155" });
    await dialog.getByRole("button", { name: `Pay ${amount} EUR` }).click();
    await page.getByRole("link", { name: "Confirm it at your bank" }).click();
    await page.getByRole("button", { name: "Confirm at your bank" }).click();
  };
  await topUp("25.00");
  await page.getByRole("button", { name: "Complete authentication" }).click();
  await expect(page.getByText("It is on your balance.")).toBeVisible();
  await page.getByRole("link", { name: "Back to payments" }).click();
  await topUp("30.00");
  await page.getByRole("button", { name: "Fail authentication" }).click();
  await expect(page.getByText(/No money was taken/)).toBeVisible();
  await page.getByRole("link", { name: "Back to payments" }).click();
  await expect(page.getByRole("row", { name: "Payment of €25.00" })).toContainText("Paid");
  await expect(page.getByRole("row", { name: "Payment of €30.00" })).toContainText("Failed");
});
