/** Estimates, campaigns, paying an invoice and its addressee; and the operator's settings of invoices, from memory. */
import { expect, test } from "@playwright/test";
import type { Page } from "@playwright/test";
import { open } from "./open";

async function openAs(page: Page, address: string, state = "full"): Promise<void> {
  await page.addInitScript(() => {
    sessionStorage.setItem("plaza.manager-token", "mock");
    sessionStorage.setItem("plaza.operator-token", "mock");
  });
  await open(page, address, state);
}

test("an estimate says the cost, whom it reaches, and that strangers stay unknown", async ({ page }) => {
  await openAs(page, "/manager/billing/estimate");
  await expect(page.getByRole("heading", { name: "Estimate", level: 1 })).toBeVisible();
  const send = page.getByRole("button", { name: "Estimate", exact: true });
  await expect(send).toBeDisabled();
  await page.getByLabel("Phone numbers").fill("name;number\nAna;+49 1511 2345678\nBen;0049 1511 2345679\n+49 1511 2345678, +447911123456");
  await expect(page.getByText("3 found.")).toBeVisible();
  await send.click();
  await expect(page.getByRole("region", { name: "Could it be sent now?" })).toContainText("Yes");
  const reached = page.getByRole("region", { name: "Whom it would reach" });
  await expect(reached).toContainText("You have not met");
  await expect(reached).toContainText("whether they are on the network shows when you write");
  await expect(page.getByRole("table", { name: "Estimate by market and price" }).getByRole("row", { name: /United Kingdom/ })).toContainText("€0.11");
});

test("an estimate of markets says what stands against it", async ({ page }) => {
  await openAs(page, "/manager/billing/estimate");
  await page.getByLabel("What").selectOption({ label: "winter_breads (en)" });
  await page.getByRole("radio", { name: "Markets" }).click();
  await page.getByLabel("Messages").fill("ten");
  await expect(page.getByRole("alert")).toContainText("A whole number.");
  await page.getByLabel("Messages").fill("5000");
  await page.getByRole("button", { name: "Another market" }).click();
  await page.getByLabel("Market 2", { exact: true }).selectOption("India");
  await page.getByRole("button", { name: "Estimate", exact: true }).click();
  const verdict = page.getByRole("region", { name: "Could it be sent now?" });
  await expect(verdict).toContainText("€389.67 are missing. Top up before you send.");
  await expect(verdict).toContainText("The cap does not leave room: Whole business, this month");
  await expect(verdict).toContainText("The template is not approved");
});

test("campaigns add up to the month, and a charge opens why it costs that", async ({ page }) => {
  await openAs(page, "/manager/billing");
  const campaigns = page.getByRole("region", { name: "Campaigns", exact: true });
  await expect(campaigns.getByRole("row", { name: /winter_breads/ })).toContainText("€202.62");
  await expect(campaigns).toContainText("Together €274.15 before tax");
  await campaigns.getByLabel("Month").selectOption({ index: 1 });
  await expect(campaigns).toContainText("as on the invoice of");
  await page.getByRole("region", { name: "Latest charges" }).getByRole("row").nth(1).press("Enter");
  await expect(page.getByRole("region", { name: "Why this price" })).toBeVisible();
});

test("an invoice is paid by a card, which may be declined or ask its bank first", async ({ page }) => {
  await openAs(page, "/manager/payments");
  for (const card of ["A card that is declined when it pays", "A card whose bank asks for a confirmation"]) {
    await page.getByRole("button", { name: "Add a method" }).click();
    await page.getByLabel("Card").selectOption({ label: card });
    await page.getByRole("button", { name: "Add it" }).click();
    await expect(page.getByRole("dialog")).toBeHidden();
  }
  await page.getByRole("link", { name: "Invoices" }).click();
  await page.getByRole("row", { name: /^Invoice INV.*Overdue/ }).first().press("Enter");
  await page.getByRole("button", { name: /^Pay / }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Pay with").selectOption({ label: "Visa ending in 0341" });
  await dialog.getByRole("button", { name: /^Pay / }).click();
  await expect(dialog.getByRole("status")).toContainText("Your card was declined.");
  await dialog.getByRole("button", { name: "Try another way" }).click();
  await dialog.getByLabel("Pay with").selectOption({ label: "Visa ending in 3155" });
  await dialog.getByRole("button", { name: /^Pay / }).click();
  await expect(dialog.getByRole("status")).toContainText("Your bank asks you to confirm this payment.");
  await dialog.getByRole("button", { name: "Confirm" }).click();
  await expect(dialog.getByRole("status")).toContainText("is paid.");
});

test("an invoice is paid by transfer to the operator's account", async ({ page }) => {
  await openAs(page, "/manager/billing/invoices");
  await page.getByRole("row", { name: /^Invoice INV.*Overdue/ }).first().press("Enter");
  await page.getByRole("button", { name: /^Pay / }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Pay with").selectOption("Bank transfer");
  await expect(dialog).toContainText("DE02 1203 0000 0000 2020 51");
  await expect(dialog.getByRole("button", { name: "Copy IBAN" })).toBeVisible();
  await expect(dialog).toContainText(/INV-2026-\d{6}/);
});

test("the addressee is changed, and a mistake stands at its field", async ({ page }) => {
  await openAs(page, "/manager/billing");
  const section = page.getByRole("region", { name: "Invoices go to" });
  await expect(section).toContainText("Gartenweg 1");
  await section.getByRole("button", { name: "Change" }).press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Name of the business")).toBeFocused();
  await dialog.getByLabel("Country").fill("d");
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("alert")).toHaveText("the two letters of ISO 3166 are needed, such as DE");
  await dialog.getByLabel("Country").fill("at");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(section).toContainText("10115 Berlin, AT");
});

test("the operator waits for a business, and no longer", async ({ page }) => {
  await openAs(page, "/operator/reminders");
  await page.getByRole("row", { name: /Arcade Cinema/ }).press("Enter");
  await page.getByLabel("Why").fill("They pay on Friday");
  await page.getByRole("button", { name: "Wait", exact: true }).click();
  const row = page.getByRole("row", { name: /Arcade Cinema/ });
  await expect(row).toContainText("Waited for");
  await row.press("Enter");
  await expect(page.getByRole("dialog")).toContainText("They pay on Friday");
  await page.getByRole("button", { name: "Wait no longer" }).click();
  await expect(row).not.toContainText("Waited for");
});

test("the steps are changed, each later than the one before", async ({ page }) => {
  await openAs(page, "/operator/reminders");
  const steps = page.getByRole("region", { name: "Steps" });
  await steps.getByRole("button", { name: "Change" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Days, step 2").fill("1");
  await dialog.getByRole("button", { name: "Save the steps" }).click();
  await expect(dialog.getByRole("alert")).toContainText("each step comes later than the one before");
  await dialog.getByLabel("Days, step 2").fill("3");
  await dialog.getByRole("button", { name: "Take away step 4" }).click();
  await dialog.getByRole("button", { name: "Save the steps" }).click();
  await expect(steps.getByRole("listitem")).toHaveCount(3);
  await expect(steps).toContainText("after 3 days");
});

test("mails that nobody sends are told", async ({ page }) => {
  await openAs(page, "/operator/reminders", "empty");
  await expect(page.getByText("No mail server is configured: 3 mails wait. 12 were older than 7 days")).toBeVisible();
  await expect(page.getByText("Everybody has paid")).toBeVisible();
});

test("the seller is set, and a tax rate added at the end", async ({ page }) => {
  await openAs(page, "/operator/invoice-settings");
  await page.getByRole("region", { name: "Who sends invoices" }).getByRole("button", { name: "Change" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("IBAN").fill("DE89 3704 0044 0532 0130 00");
  await dialog.getByLabel("Mail for questions").fill("nobody");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByRole("alert")).toHaveText("a mail address is needed");
  await dialog.getByLabel("Mail for questions").fill("books@plaza.example");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("DE89 3704 0044 0532 0130 00")).toBeVisible();
  await page.getByRole("button", { name: "New rate" }).click();
  await dialog.getByLabel("Country", { exact: true }).fill("fr");
  await dialog.getByLabel("Rate in percent").fill("21,5");
  await dialog.getByLabel("From").fill("2025-01-01");
  await dialog.getByRole("button", { name: "Add the rate" }).click();
  await expect(dialog.getByRole("alert")).toContainText("rates are added at the end");
  await dialog.getByLabel("From").fill("2027-01-01");
  await dialog.getByRole("button", { name: "Add the rate" }).click();
  await expect(page.getByRole("row", { name: "VAT in FR, 21.5 % from 2027-01-01" })).toBeVisible();
});

test("a statement of the bank is read, and what it names nobody for is listed", async ({ page }) => {
  await openAs(page, "/operator/payments");
  await page.getByRole("button", { name: "Import a bank statement" }).click();
  await page.getByLabel("File of the bank").setInputFiles({ name: "camt.xml", mimeType: "application/xml", buffer: Buffer.from("<Document/>") });
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByRole("list", { name: "Not matched" })).toContainText("it names no reference");
});
