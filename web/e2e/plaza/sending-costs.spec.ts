/** The bakery's money on the demo: what a send would cost, what campaigns cost, whom invoices name; and the seller. */
import { expect, test } from "@playwright/test";
import type { Page } from "@playwright/test";
import { comeIn, freshNumber } from "../people";

const TRAFFIC_MS = 60_000;

test.setTimeout(180_000);

async function signIn(page: Page): Promise<void> {
  await page.goto("/manager");
  await page.getByRole("button", { name: "Open as Tulip Bakery" }).click();
  await expect(page.getByRole("heading", { name: "Numbers", level: 1 })).toBeVisible();
}

test("an estimate knows whom the bakery has met, and nothing of anybody else", async ({ page, browser }) => {
  const number = freshNumber();
  const person = await (await browser.newContext()).newPage();
  await comeIn(person, "Elif", number);
  await signIn(page);
  await page.goto("/manager/billing/estimate");
  const reached = page.getByRole("region", { name: "Whom it would reach" });
  await page.getByLabel("What").selectOption("marketing");
  await page.getByLabel("Phone numbers").fill(`${number}\n+999000999999`);
  await page.getByRole("button", { name: "Estimate", exact: true }).click();
  await expect(reached).toContainText("You have not met");
  await expect(reached).not.toContainText("You have met");
  await expect(page.getByRole("table", { name: "Estimate by market and price" }).getByRole("row")).toHaveCount(2);
  await page.getByRole("radio", { name: "Markets" }).click();
  await page.getByLabel("Market 1", { exact: true }).selectOption("Germany");
  await page.getByLabel("Messages").fill("100000000");
  await page.getByRole("button", { name: "Estimate", exact: true }).click();
  await expect(page.getByRole("region", { name: "Could it be sent now?" })).toContainText("are missing. Top up before you send.");
});

test("what was delivered stands in its campaign, and opens why it costs that", async ({ page }) => {
  await signIn(page);
  await page.goto("/manager/billing");
  const campaigns = page.getByRole("region", { name: "Campaigns", exact: true });
  await expect(campaigns.getByRole("row").nth(1)).toBeVisible({ timeout: TRAFFIC_MS });
  await expect(campaigns).toContainText("before tax, as on the invoice of");
  const charges = page.getByRole("region", { name: "Latest charges" });
  await charges.getByRole("row", { name: /why this price/ }).first().press("Enter");
  await expect(page.getByRole("region", { name: "Why this price" })).toBeVisible();
});

test("the operator says who sends invoices and what is taxed, and the bakery sees where transfers go", async ({ page }) => {
  await page.goto("/operator/invoice-settings");
  const seller = page.getByRole("region", { name: "Who sends invoices" });
  await seller.getByRole("button").click();
  const dialog = page.getByRole("dialog");
  const values = { Name: "Plaza Networks", "Street and number": "Platz 1", "Postal code": "10117", City: "Berlin", Country: "DE", "Mail for questions": "billing@plaza.example", IBAN: "DE02 1203 0000 0000 2020 51", BIC: "BYLADEM1001" };
  for (const [label, value] of Object.entries(values)) await dialog.getByLabel(label, { exact: true }).fill(value);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(seller).toContainText("DE02 1203 0000 0000 2020 51");
  await page.getByRole("button", { name: "New rate" }).click();
  await dialog.getByLabel("Country", { exact: true }).fill("SG");
  await dialog.getByLabel("Name of the tax").fill("GST");
  await dialog.getByLabel("Rate in percent").fill("9");
  await dialog.getByRole("button", { name: "Add the rate" }).click();
  await expect(page.getByRole("row", { name: /GST in SG, 9 %/ })).toBeVisible();

  await signIn(page);
  await page.goto("/manager/payments");
  await page.getByRole("button", { name: "Top up" }).click();
  await dialog.getByLabel("Pay with").selectOption("Bank transfer");
  await dialog.getByRole("button", { name: "Get the reference" }).click();
  await expect(dialog).toContainText("DE02 1203 0000 0000 2020 51");
  await dialog.getByRole("button", { name: "Call it off" }).click();
  await expect(dialog.getByRole("status")).toContainText("No money was taken.");
});
