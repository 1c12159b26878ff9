/** Paying in, and the operator's look at it, against answers from memory. */
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

async function addCard(page: Page, card: string): Promise<void> {
  await page.getByRole("button", { name: "Add a method" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a payment method" });
  await dialog.getByLabel("Card").selectOption({ label: card });
  await dialog.getByRole("button", { name: "Add it" }).click();
  await expect(dialog).toBeHidden();
}

async function topUp(page: Page, by: RegExp): Promise<void> {
  await page.getByRole("button", { name: "Top up" }).click();
  const dialog = page.getByRole("dialog", { name: "Top up" });
  const choice = dialog.getByRole("option", { name: by });
  await dialog.getByLabel("Pay with").selectOption({ value: (await choice.getAttribute("value")) ?? "" });
  await dialog.getByRole("button", { name: /^Pay |^Get the reference/ }).click();
}

test("a top-up says how far it is and what is to be done", async ({ page }) => {
  await openAs(page, "/manager/payments");
  const dialog = page.getByRole("dialog", { name: "Top up" });
  await topUp(page, /4242/);
  await expect(dialog.getByRole("status")).toHaveText("It is on your balance.");
  await dialog.getByRole("button", { name: "Close" }).last().click();

  await addCard(page, "A card that is declined when it pays");
  await topUp(page, /0341/);
  await expect(dialog.getByRole("status")).toContainText("Your card was declined. No money was taken.");
  await dialog.getByRole("button", { name: "Close" }).last().click();

  await addCard(page, "A card whose bank asks for a confirmation");
  await topUp(page, /3155/);
  await expect(dialog.getByRole("status")).toContainText("Your bank asks you to confirm this payment.");
  await dialog.getByRole("button", { name: "Confirm" }).click();
  await expect(dialog.getByRole("status")).toHaveText("It is on your balance.");
  await dialog.getByRole("button", { name: "Close" }).last().click();

  await topUp(page, /Bank transfer/);
  await expect(dialog.getByLabel("Reference", { exact: true })).toHaveText("RF71000123456789");
});

test("the automatic top-up is set where the methods are", async ({ page }) => {
  await openAs(page, "/manager/payments");
  const automatic = page.getByRole("region", { name: "Automatic top-up" });
  await automatic.getByRole("checkbox").check();
  await automatic.getByLabel("When less is left than (EUR)").fill("50");
  await automatic.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Remove Visa ending in 4242" }).click();
  await expect(page.getByText("No card yet.")).toBeVisible();
  await expect(automatic.getByLabel("When less is left than (EUR)")).toHaveValue("50");
});

test("nothing paid in yet is said", async ({ page }) => {
  await openAs(page, "/manager/payments", "empty");
  await expect(page.getByText("Nothing paid in yet")).toBeVisible();
});

test("the operator sees what is on its way, and whose money nobody knows", async ({ page }) => {
  await openAs(page, "/operator/payments");
  await expect(page.getByRole("region", { name: "Reconciliation" })).toContainText("€99.00");
  await page.getByRole("row", { name: /Entry from Tulip GmbH|Tulip GmbH/ }).first().press("Enter");
  const dialog = page.getByRole("dialog", { name: "Whose is it?" });
  await expect(dialog).toContainText("the payment asked for 250.00 EUR");
  await dialog.getByLabel("Business id").fill("506914307656634");
  await dialog.getByRole("button", { name: "Credit it to this business" }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole("region", { name: "Paid in" }).getByRole("row", { name: /300/ }).press("Enter");
  const payment = page.getByRole("dialog", { name: "Payment" });
  await expect(payment).toContainText("ordered by mistake");
  await payment.getByLabel("Give back (EUR)").fill("10.00");
  await payment.getByLabel("Reason").fill("asked for");
  await payment.getByRole("button", { name: "Refund" }).click();
  await expect(payment.getByLabel("Give back (EUR)")).toHaveValue("");
});

test("money of another currency is assigned at a rate, and exchanges are listed", async ({ page }) => {
  await openAs(page, "/operator/payments");
  await expect(page.getByRole("row", { name: /^Exchange of .*100\.00$/ })).toContainText("0.923");
  await page.getByRole("row", { name: "Entry from R. Rose" }).press("Enter");
  const dialog = page.getByRole("dialog", { name: "Whose is it?" });
  await dialog.getByLabel("Business id").fill("506914307656634");
  await dialog.getByLabel("Rate").fill("1.0834");
  await dialog.getByRole("button", { name: "Credit it to this business" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("row", { name: "Exchange of €80.00" })).toContainText("1.0834");
});

test("the operator books what a store paid out: by its report, with what the store kept more", async ({ page }) => {
  await openAs(page, "/operator/payments");
  const stores = page.getByRole("region", { name: "App stores" });
  await expect(stores.getByRole("row", { name: /€331\.50/ })).toContainText("late, ask the store");
  await page.getByRole("row", { name: "Entry from APPLE DISTRIBUTION INTL" }).press("Enter");
  const dialog = page.getByRole("dialog", { name: "Whose is it?" });
  await expect(dialog.getByRole("radio", { name: "An app store's payout" })).toBeChecked();
  await dialog.getByLabel("Report of the store, if you have it").setInputFiles({ name: "financial_report.txt", mimeType: "text/plain", buffer: Buffer.from("Start Date\n") });
  await expect(dialog.getByLabel("Settles")).toHaveValue("84.15");
  await dialog.getByLabel("Settles").fill("85.00");
  await dialog.getByLabel("Tax withheld").fill("0.25");
  await expect(dialog.getByText("€0.60 more than was booked with the sales.")).toBeVisible();
  await dialog.getByRole("button", { name: "Book the payout" }).click();
  await expect(dialog).toBeHidden();
  await expect(stores.getByRole("row", { name: /€246\.50/ })).toBeVisible();
  await expect(stores.getByRole("table", { name: "Payouts of app stores" }).getByRole("row", { name: /€84\.15/ })).toContainText("€0.25, €0.60");
});

test("purchases go on behind their first page, and are narrowed by store and state", async ({ page }) => {
  await openAs(page, "/operator/purchases");
  const rows = page.getByRole("table", { name: "Purchases" }).getByRole("row", { name: /^Purchase of/ });
  await expect(rows).toHaveCount(3);
  await page.getByRole("button", { name: "Load more" }).click();
  await expect(rows).toHaveCount(5);
  await expect(page.getByRole("button", { name: "Load more" })).toBeHidden();
  await page.getByRole("radio", { name: "Payment failed" }).click();
  await expect(rows).toHaveCount(1);
  await page.getByRole("radio", { name: "Google" }).click();
  await expect(page.getByText("People buy in the settings of the messenger.")).toBeVisible();
});

test("the document that takes a card shows no other page", async ({ page }) => {
  const mark = (): Promise<void> => page.evaluate(() => document.documentElement.setAttribute("data-same", ""));
  const isSame = (): Promise<boolean> => page.evaluate(() => document.documentElement.hasAttribute("data-same"));
  await openAs(page, "/manager/payments");
  await page.goto("/manager/payments/card");
  await expect(page.getByRole("heading", { level: 1, name: "Add a card" })).toBeVisible();
  await mark();
  await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: "Templates" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Templates" })).toBeVisible();
  await expect(page).toHaveURL(/\/manager\/templates$/);
  expect(await isSame()).toBe(false);
  await mark();
  await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: "Numbers" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Numbers" })).toBeVisible();
  expect(await isSame(), "elsewhere one goes on in the same document").toBe(true);

  await page.goto("/manager/payments/card");
  await expect(page.getByRole("heading", { level: 1, name: "Add a card" })).toBeVisible();
  await mark();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to or do" }).fill("Messenger");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/chat$/);
  await expect(page.getByRole("navigation", { name: "Console" })).toBeHidden();
  expect(await isSame()).toBe(false);
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Add a card" })).toBeVisible();
});
