/**
 * Money from price to payment on the pages, on a server of its own whose clock the test moves: the operator publishes prices, a
 * message is charged by them, the month becomes an invoice, it is paid; and the business tops up, caps, chooses a plan.
 */
import { readFile } from "node:fs/promises";
import { expect, test } from "@playwright/test";
import type { Page } from "@playwright/test";
import { OwnServer } from "../server";
import type { Opened } from "../server";

test.describe.configure({ mode: "serial" });
test.setTimeout(180_000);

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

async function operator(page: Page, address: string): Promise<void> {
  await plaza.console(page, "operator", plaza.operator);
  await page.goto(`${plaza.url}${address}`);
}

async function manager(page: Page, address: string): Promise<void> {
  await plaza.console(page, "manager", tulip.access_token);
  await page.goto(`${plaza.url}${address}`);
}

test("a business gets a credit line on its page, and pays by it", async ({ page }) => {
  await operator(page, "/operator/businesses");
  await page.getByRole("row", { name: "Business Tulip Bakery" }).press("Enter");
  await expect(page.getByRole("heading", { name: "Tulip Bakery", level: 1 })).toBeVisible();
  await page.getByRole("button", { name: "Credit line" }).click();
  const dialog = page.getByRole("dialog", { name: "Credit line" });
  await dialog.getByLabel("It may owe, in EUR").fill("100.00");
  await dialog.getByRole("button", { name: "Set the credit line" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("region", { name: "Balance", exact: true })).toContainText("€100.00");
  await plaza.advertise(tulip, ana);
  await page.goto(`${plaza.url}/operator/growth`);
  // The first day counts at once.
  await expect(page.getByRole("row", { name: "Customer Tulip Bakery" })).toContainText("€0.06");
});

test("prices come from a file, are compared, previewed and published, and then count", async ({ page }) => {
  await operator(page, "/operator/prices?kind=list");
  await page.getByRole("row", { name: /^Price book reference, EUR/ }).press("Enter");
  await page.getByRole("row", { name: "Prices from 1 Oct 2026" }).press("Enter");
  await page.getByRole("searchbox", { name: "Market" }).fill("other");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("row", { name: /^Other/ })).toContainText("€0.055568");
  const [exported] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export" }).click()]);
  const text = await readFile(await exported.path(), "utf8");
  const changed = text.replaceAll(/^2026-10-01,[^,]*,/gm, "2026-12-03,,").replace("Other,EUR,marketing,0,0.055568", "Other,EUR,marketing,0,0.2");
  expect(changed).toContain("2026-12-03,,Other,EUR,marketing,0,0.2\n");

  await page.getByRole("link", { name: "Messages in EUR", exact: true }).click();
  await page.getByRole("button", { name: "New prices from a file" }).click();
  const upload = page.getByRole("dialog", { name: "New prices from a file" });
  const hand = async (csv: string): Promise<void> => {
    await upload.getByLabel("CSV file").setInputFiles({ name: "prices.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
    await upload.getByRole("button", { name: "Make a draft" }).click();
  };
  await hand(changed.replace("marketing,0,0.2\n", "marketing,0,0.1234567\n"));
  await expect(upload.getByRole("region", { name: "What is wrong in the file" })).toContainText("price");
  await hand(changed);
  await expect(page.getByRole("heading", { name: "Draft from 3 Dec 2026" })).toBeVisible();
  const changes = page.getByRole("table", { name: "Changes of prices" });
  await expect(changes.getByRole("row", { name: /^Other Marketing/ })).toContainText(/€0.055568.*€0.20.*\+259.9%/);

  await page.getByRole("radio", { name: "What a month would cost" }).click();
  await page.goto(`${page.url()}&period=202611`);
  await expect(page.getByRole("table", { name: "What the month would have cost" }).getByRole("row", { name: /^Marketing/ })).toContainText(/€0.06.*€0.20/);

  await page.getByRole("button", { name: "Publish…" }).click();
  await page.getByRole("button", { name: "Publish from 3 Dec 2026" }).click();
  await expect(page.getByRole("row", { name: "Prices from 3 Dec 2026" })).toBeVisible();

  await plaza.pass(32);
  await plaza.advertise(tulip, ana);
  await page.goto(`${plaza.url}/operator/charges`);
  await page.getByRole("row", { name: /why this price/ }).first().press("Enter");
  await expect(page.getByRole("region", { name: "How it was worked out" })).toContainText("0.20 EUR");
});

test("the month becomes an invoice: issued, read as PDF, unpaid, and paid by transfer", async ({ page }) => {
  await plaza.pass(1);
  await plaza.send("POST", "/operator/api/invoices/close", plaza.operator, { period: "2026-11" });
  await operator(page, "/operator/invoices");
  await page.getByRole("row").filter({ hasText: "2026-11" }).first().press("Enter");
  await page.getByRole("button", { name: "Issue now…" }).click();
  await page.getByRole("button", { name: "Issue", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/INV/);
  await expect(page.getByRole("table", { name: "Lines of the invoice" })).toContainText("€0.06");
  const [pdf] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "PDF" }).click()]);
  expect((await readFile(await pdf.path())).subarray(0, 5).toString()).toBe("%PDF-");

  const invoice = page.url();
  await page.goto(`${plaza.url}/operator/unpaid`);
  await expect(page.getByRole("row", { name: "Business Tulip Bakery" })).toContainText("€0.07");
  await page.goto(invoice);
  await page.getByRole("button", { name: "Note a bank transfer…" }).click();
  await page.getByRole("dialog").getByLabel("Reference").fill("statement 12, line 3");
  await page.getByRole("dialog").getByRole("button", { name: "Note" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Paid");
  await page.goto(`${plaza.url}/operator/unpaid`);
  await expect(page.getByRole("heading", { name: "Nothing is open" })).toBeVisible();
});

test("the business tops up: one card pays, another is declined; the operator sees both", async ({ page, browser }) => {
  await manager(page, "/manager/payments");
  const add = async (card: string): Promise<void> => {
    await page.getByRole("button", { name: "Add a method" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Card").selectOption(card);
    await dialog.getByRole("button", { name: "Add it" }).click();
    await expect(dialog).toBeHidden();
  };
  const pay = async (card: number, amount: string): Promise<void> => {
    await page.getByRole("button", { name: "Top up" }).click();
    const dialog = page.getByRole("dialog", { name: "Top up" });
    await dialog.getByLabel("Amount in EUR").fill(amount);
    await dialog.getByLabel("Pay with").selectOption({ index: card });
    await dialog.getByRole("button", { name: `Pay ${amount} EUR` }).click();
  };
  await add("A card that pays");
  await pay(0, "80.00");
  await expect(page.getByText("It is on your balance.")).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await add("A card that is declined when it pays");
  await pay(1, "30.00");
  await expect(page.getByText(/No money was taken/)).toBeVisible();

  const theirs = await browser.newPage();
  await operator(theirs, "/operator/payments");
  await expect(theirs.getByRole("row", { name: "Payment of €80.00" })).toContainText(/Tulip Bakery.*Succeeded/);
  await expect(theirs.getByRole("row", { name: "Payment of €30.00" })).toContainText(/Tulip Bakery.*Failed/);
  await theirs.close();
});

test("the business caps what it spends, and its page says so", async ({ page }) => {
  await manager(page, "/manager/billing");
  await expect(page.getByRole("region", { name: "Balance", exact: true })).toContainText("Paid in");
  await page.getByRole("button", { name: "New cap" }).click();
  const dialog = page.getByRole("dialog", { name: "New cap" });
  await dialog.getByLabel("At most, in EUR").fill("0.45");
  await dialog.getByLabel("In", { exact: true }).selectOption("A day");
  await dialog.getByRole("button", { name: "Set the cap" }).click();
  await expect(dialog).toBeHidden();
  await plaza.advertise(tulip, ana);
  await plaza.advertise(tulip, ana);
  await page.reload();
  const cap = page.getByRole("region", { name: "Spending caps" }).getByRole("listitem").filter({ hasText: "€0.45" });
  await expect(cap.getByRole("meter")).toHaveAttribute("aria-valuetext", "€0.40 of €0.45");
  await expect(page.getByRole("region", { name: "Alerts" })).toContainText("80 %");
});

test("the business has its invoice, a plan, and the reason of a price", async ({ page, browser }) => {
  await manager(page, "/manager/billing/invoices");
  await page.getByRole("row").filter({ hasText: "2026-11" }).first().press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Paid");
  const [pdf] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "PDF" }).click()]);
  expect(pdf.suggestedFilename()).toMatch(/^INV.*\.pdf$/);

  await page.goto(`${plaza.url}/manager/plan`);
  await page.getByRole("button", { name: /: Verified$/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^(Begin the trial|Pay )/ }).click();
  await expect(page.getByRole("region", { name: "Your plan" })).toContainText("Verified");
  await page.getByRole("button", { name: /: Verified Plus$/ }).click();
  await expect(page.getByRole("dialog", { name: "Change to Verified Plus" })).toBeVisible();
  await page.keyboard.press("Escape");

  await page.goto(`${plaza.url}/manager/messages`);
  await page.getByRole("row", { name: /Template/ }).first().press("Enter");
  await expect(page.getByRole("region", { name: "Why this price" })).toContainText("0.20 EUR");

  const theirs = await browser.newPage();
  await operator(theirs, "/operator/plans");
  await expect(theirs.getByRole("table", { name: "Who has a plan" })).toContainText("Tulip Bakery");
  await theirs.close();
});

test("an application is seen in the queue, approved, and stands in the audit", async ({ page, browser }) => {
  await manager(page, "/manager/verification");
  await page.getByLabel("Legal name").fill("Tulip Bakery GmbH");
  await page.getByLabel("Registration number").fill("HRB 12345");
  await page.getByLabel("Address").fill("Torstraße 7, 10119 Berlin");
  await page.getByLabel("Website (optional)").fill("https://tulip.example");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("button", { name: "Saved" })).toBeVisible();
  for (const kind of ["registration", "address"]) {
    await page.getByLabel("Kind").selectOption(kind);
    await page.getByLabel("Document", { exact: true }).setInputFiles({ name: `${kind}.pdf`, mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\n%%EOF\n") });
    await expect(page.getByRole("button", { name: `Take ${kind}.pdf away` })).toBeVisible();
  }
  await page.getByRole("button", { name: "Send it to the operator" }).click();
  await expect(page.getByRole("note")).toContainText("is being looked at");
  const theirs = await browser.newPage();
  await operator(theirs, "/operator/verifications");
  await theirs.getByRole("row", { name: "Application of Tulip Bakery" }).press("Enter");
  await theirs.getByRole("button", { name: "Approve" }).click();
  await expect(theirs.getByRole("button", { name: "Withdraw…" })).toBeVisible();
  await theirs.goto(`${plaza.url}/operator/audit`);
  await expect(theirs.getByRole("table")).toContainText("Tulip Bakery");
  await theirs.close();
});
