/**
 * What a business decides about its money, on a server of its own: which credit is used first, a plan that is changed, paused
 * and ended for exactly what was said before, a cap that fills up and refuses, and a top-up that its bank refuses.
 */
import { expect, test } from "@playwright/test";
import type { Page } from "@playwright/test";
import { OwnServer } from "../server";
import type { Opened } from "../server";

test.describe.configure({ mode: "serial" });
test.setTimeout(240_000);

/** Housekeeping comes by every half minute. */
const HOUSEKEEPING_MS = 100_000;
/** What the template costs to a number that belongs to no market. */
const PRICE = 55_568;
const MICROS = 1_000_000;

let plaza: OwnServer;
let tulip: Opened;
let ana = "";

test.beforeAll(async () => {
  plaza = await OwnServer.start();
  tulip = await plaza.open("Tulip Bakery", "+4930901820");
  ana = await plaza.person("Ana");
  await plaza.seller();
  await plaza.buyer(tulip, "Tulip Bakery GmbH", "0");
});
test.afterAll(async () => plaza.stop());

async function manager(page: Page, address: string): Promise<void> {
  await plaza.console(page, "manager", tulip.access_token);
  await page.goto(`${plaza.url}${address}`);
}

const business = (path: string): string => `/operator/api/businesses/${tulip.business_id}/${path}`;

/** What was paid in and is left, in micros. */
async function paidIn(): Promise<number> {
  const { balance } = (await plaza.send("GET", business("billing"), plaza.operator)) as { balance: { prepaid_micros: number } };
  return balance.prepaid_micros;
}

/** An amount as a page writes it, in micros. */
function micros(text: string): number {
  const amount = /€([\d,]+(?:\.\d+)?)/.exec(text)?.[1] ?? "";
  expect(amount, text).not.toBe("");
  return Math.round(Number(amount.replaceAll(",", "")) * MICROS);
}

/** The month that the server is in. */
async function month(): Promise<string> {
  const { period } = (await plaza.send("GET", "/operator/api/revenue?period=today", plaza.operator)) as { period: { from: number } };
  return new Date(period.from * 1000).toISOString().slice(0, 7);
}

test("promotional credit is used before what was paid in", async ({ page }) => {
  await plaza.send("POST", business("credit"), plaza.operator, { amount: "100.00", key: "paid in" });
  await plaza.send("POST", business("promo"), plaza.operator, { amount: "0.10", days: 200, note: "Welcome", key: "welcome" });
  await plaza.advertise(tulip, ana);
  await manager(page, "/manager/billing");
  const parts = page.getByRole("list", { name: "Parts of the balance" });
  await expect(parts.getByRole("listitem").filter({ hasText: "Welcome" })).toContainText("€0.04");
  await expect(parts.getByRole("listitem").filter({ hasText: "Paid in" })).toContainText("€100.00");
  expect(await paidIn()).toBe(100 * MICROS);
  // What is left of the credit does not cover the next one: that is paid from what was paid in.
  await plaza.advertise(tulip, ana);
  expect(await paidIn()).toBe(100 * MICROS - PRICE);
});

test("a plan costs what was said, is paused and ended, and stands on the invoice", async ({ page }) => {
  await manager(page, "/manager/plan");
  const own = page.getByRole("region", { name: "Your plan" });
  await page.getByRole("button", { name: /: Verified$/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Begin the trial" }).click();
  await expect(own).toContainText("Trial");
  const before = await paidIn();
  await plaza.pass(15);
  await expect.poll(paidIn, { message: "the first month is paid", timeout: HOUSEKEEPING_MS }).toBe(before - 13 * MICROS);
  await page.reload();
  await expect(own).toContainText("Paid until");

  await page.getByRole("button", { name: /: Verified Plus$/ }).click();
  const dialog = page.getByRole("dialog", { name: "Change to Verified Plus" });
  const said = micros(await dialog.getByRole("strong").innerText());
  expect(said).toBeGreaterThan(0);
  await dialog.getByRole("button", { name: "Change to Verified Plus" }).click();
  await expect(dialog).toBeHidden();
  await expect(own).toContainText("Verified Plus");
  expect(await paidIn(), "charged as it was said").toBe(before - 13 * MICROS - said);

  await own.getByRole("button", { name: "Pause" }).click();
  await expect(own).toContainText("paid days wait");
  await own.getByRole("button", { name: "Resume" }).click();
  await expect(own).toContainText("Paid until");
  await own.getByRole("button", { name: "Cancel…" }).click();
  const cancel = page.getByRole("dialog", { name: "Cancel the plan" });
  await cancel.getByRole("button", { name: /^End it on / }).click();
  await expect(own).toContainText("Until then everything stays as it is.");
  await own.getByRole("button", { name: "Keep the plan" }).click();
  await own.getByRole("button", { name: "Cancel…" }).click();
  await cancel.getByRole("button", { name: "End it now" }).click();
  await expect(own).toContainText("It was canceled.");
  const taken = before - (await paidIn());
  expect(taken, "most of it came back").toBeLessThan(said);

  const ofPlan = await month();
  await plaza.pass(35);
  await plaza.send("POST", "/operator/api/invoices/close", plaza.operator, { period: ofPlan });
  await page.goto(`${plaza.url}/manager/billing/invoices`);
  await page.getByRole("row").filter({ hasText: ofPlan }).first().press("Enter");
  const lines = page.getByRole("table", { name: "Lines of the invoice" });
  await expect(lines.getByRole("row").filter({ hasText: "Verified Plus" }).first()).toBeVisible();
  const invoice = page.url().split("/").at(-1) ?? "";
  const told = (await plaza.send("GET", `/operator/api/invoices/${invoice}`, plaza.operator)) as { lines: { kind: string; amount_micros: number }[] };
  // What came back for unused days stands in adjustments.
  const ofPlans = told.lines.filter((line) => line.kind === "subscription" || line.kind === "adjustment");
  expect(ofPlans.reduce((sum, line) => sum + line.amount_micros, 0), "the invoice has what the balance lost").toBe(taken);
});

test("a cap is told at 50, 80 and 100 %, refuses what goes beyond, and is lifted", async ({ page }) => {
  await manager(page, "/manager/billing");
  await page.getByRole("button", { name: "New cap" }).click();
  const dialog = page.getByRole("dialog", { name: "New cap" });
  // Five messages, and too little for a sixth.
  await dialog.getByLabel("At most, in EUR").fill("0.30");
  await dialog.getByLabel("In", { exact: true }).selectOption("A day");
  await dialog.getByRole("button", { name: "Set the cap" }).click();
  await expect(dialog).toBeHidden();
  const alerts = page.getByRole("region", { name: "Alerts" });
  for (const [messages, told] of [[3, "50 %"], [2, "80 %"], [0, "100 %"]] as const) {
    for (let n = 0; n < messages; n += 1) await plaza.advertise(tulip, ana);
    await expect(alerts.getByRole("listitem").filter({ hasText: `${told} of the cap of 0.30 EUR a day` }), told).toBeVisible({ timeout: HOUSEKEEPING_MS });
  }
  await expect(page.getByRole("region", { name: "Spending caps" })).toContainText("Reached. More is refused with 131042.");

  const template = { name: "spring_offer", language: { code: "en" } };
  const send = { messaging_product: "whatsapp", to: ana, type: "template", template };
  const post = () => plaza.request.post(`/v23.0/${tulip.phone_number_id}/messages`, { headers: { Authorization: `Bearer ${tulip.access_token}` }, data: send });
  const refused = (await (await post()).json()) as { error: { code: number; error_data: { details: string } } };
  expect(refused.error.code).toBe(131042);
  expect(refused.error.error_data.details).toContain("the cap of 0.30 EUR a day");

  await page.goto(`${plaza.url}/manager/messages`);
  const note = page.getByRole("note", { name: "Sends are refused" });
  await expect(note).toContainText("A spending cap is reached: Whole business, today");
  await note.getByRole("link", { name: "Raise it" }).click();
  await page.getByRole("button", { name: /^Change the cap/ }).click();
  const change = page.getByRole("dialog", { name: "Change the cap" });
  await change.getByLabel("At most, in EUR").fill("1.00");
  await change.getByRole("button", { name: "Set the cap" }).click();
  await expect(change).toBeHidden();
  await plaza.advertise(tulip, ana);
  await page.goto(`${plaza.url}/manager/messages`);
  await expect(page.getByRole("row", { name: /Template/ }).first()).toBeVisible();
  await expect(note).toBeHidden();
});

test("a tag makes a campaign of its own, with its cost", async ({ page }) => {
  const before = await plaza.charged();
  const template = { name: "spring_offer", language: { code: "en" } };
  await plaza.send("POST", `/v23.0/${tulip.phone_number_id}/messages`, tulip.access_token, { messaging_product: "whatsapp", to: ana, type: "template", template, biz_opaque_callback_data: "campaign:Asparagus;order-17" });
  await expect.poll(() => plaza.charged(), { message: "the message is charged" }).toBe(before + 1);
  await manager(page, "/manager/billing");
  const campaigns = page.getByRole("region", { name: "Campaigns", exact: true });
  await expect(campaigns.getByRole("row", { name: /^Asparagus/ })).toContainText("€0.06");
  await expect(campaigns.getByRole("row", { name: /^spring_offer/ })).toBeVisible();
});

test("an automatic top-up that is refused says so, and takes nothing", async ({ page }) => {
  await manager(page, "/manager/payments");
  await page.getByRole("button", { name: "Add a method" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Card").selectOption("A card that is declined when it pays");
  await dialog.getByRole("button", { name: "Add it" }).click();
  await expect(dialog).toBeHidden();
  const before = await paidIn();
  await page.getByLabel(/^Pay in by the default method/).check();
  await page.getByLabel("When less is left than (EUR)").fill("5000");
  await page.getByLabel("Pay in (EUR)").fill("100");
  await page.getByLabel("At most in a month (EUR)").fill("500");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("row").filter({ hasText: "Failed" })).toContainText("€100.00", { timeout: HOUSEKEEPING_MS });
  await page.reload();
  await expect(page.getByText(/The last one failed\. The next is tried/)).toBeVisible();
  expect(await paidIn()).toBe(before);
});
