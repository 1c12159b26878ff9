/** A business's money against answers from memory, in the business's console and in the operator's. */
import { expect, test } from "@playwright/test";
import type { Page } from "@playwright/test";
import { open } from "./open";

async function openAs(page: Page, address: string, state = "full"): Promise<void> {
  await page.addInitScript(() => sessionStorage.setItem("plaza.manager-token", "mock"));
  await open(page, address, state);
}

test("the balance says what it is made of, in the order of use", async ({ page }) => {
  await openAs(page, "/manager/billing");
  await expect(page.getByRole("heading", { name: "Billing", level: 1 })).toBeVisible();
  const balance = page.getByRole("region", { name: "Balance", exact: true });
  await expect(balance).toContainText("€270.33");
  await expect(balance.getByRole("img")).toHaveAccessibleName("Balance: Welcome €18.14, Winter fair €25.00, Paid in €38.59, Credit line €188.60, Set aside €0.16");
  await expect(balance.getByRole("listitem")).toHaveText([/^Welcome of €50.00, ends .*€18.14$/, /^Winter fair/, /^Paid in/, /^Credit line €61.40 of €250.00 used/, /^Set aside/]);
  await expect(page.getByRole("row", { name: /^service/i })).toContainText("1,026");
});

test("a cap says how far it is used and when it is reached", async ({ page }) => {
  await openAs(page, "/manager/billing");
  const caps = page.getByRole("region", { name: "Spending caps" });
  await expect(caps.getByRole("listitem").filter({ hasText: "winter_breads" })).toContainText("Reached. More is refused with 131042.");
  const whole = caps.getByRole("listitem").filter({ hasText: "€300.00" });
  await expect(whole).toContainText("At this pace it is reached on");
  await expect(whole.getByRole("meter")).toHaveAttribute("aria-valuetext", "€274.31 of €300.00");
  const theirs = caps.getByRole("listitem").filter({ hasText: "Set by the operator" });
  await expect(theirs.getByRole("button")).toHaveCount(0);
});

test("a cap is set with the keyboard, changed and taken away", async ({ page }) => {
  await openAs(page, "/manager/billing");
  const caps = page.getByRole("region", { name: "Spending caps" });
  await expect(caps.getByRole("listitem")).toHaveCount(4);
  await page.getByRole("button", { name: "New cap" }).press("Enter");
  const dialog = page.getByRole("dialog", { name: "New cap" });
  await expect(dialog.getByLabel("At most, in EUR")).toBeFocused();
  await page.keyboard.type("ten");
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("alert")).toContainText("write an amount such as 100.00");
  await dialog.getByLabel("At most, in EUR").fill("12.50");
  await dialog.getByLabel("In", { exact: true }).selectOption("A day");
  await dialog.getByLabel("For", { exact: true }).selectOption("A campaign");
  await dialog.getByLabel("Name of the campaign or template").fill("order_confirmed");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  const made = caps.getByRole("listitem").filter({ hasText: "order_confirmed, today" });
  await expect(made).toContainText("€0.00 of €12.50");
  await made.getByRole("button", { name: "Change the cap: order_confirmed, today" }).click();
  await page.getByLabel("At most, in EUR").fill("20");
  await page.keyboard.press("Enter");
  await expect(made).toContainText("€0.00 of €20.00");
  await made.getByRole("button", { name: "Take away the cap: order_confirmed, today" }).click();
  await expect(caps.getByRole("listitem")).toHaveCount(4);
});

test("thresholds are changed, and what makes no sense is said", async ({ page }) => {
  await openAs(page, "/manager/billing");
  const low = page.getByRole("region", { name: "Low balance" });
  await low.getByRole("button", { name: "Change" }).click();
  const dialog = page.getByRole("dialog", { name: "Low balance" });
  await dialog.getByLabel("Tell when less can be spent than, in EUR").fill("");
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("alert")).toContainText("needs a threshold");
  await dialog.getByLabel("Tell when less can be spent than, in EUR").fill("75");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(low).toContainText("€75.00");
});

test("a business without anything is told what stands here", async ({ page }) => {
  await openAs(page, "/manager/billing", "empty");
  await expect(page.getByRole("region", { name: "Balance", exact: true })).toContainText("Nothing goes out");
  await expect(page.getByRole("img", { name: "The balance is empty" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "No caps" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Nothing delivered this month" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Alerts" })).toContainText("Nothing yet.");
});

test("the operator gives credit, and is told what cannot be", async ({ page }) => {
  await open(page, "/operator/businesses");
  await page.getByRole("row", { name: "Business Tulip Bakery" }).press("Enter");
  await expect(page).toHaveURL(/businesses\/506914307656634/);
  await page.getByRole("button", { name: "Give credit" }).click();
  await page.getByLabel("Amount, in EUR").fill("5");
  await page.getByLabel("What for").fill("Sorry for the outage");
  await page.keyboard.press("Enter");
  const balance = page.getByRole("region", { name: "Balance", exact: true });
  await expect(balance.getByRole("listitem").filter({ hasText: "Sorry for the outage" })).toContainText("€5.00");
  await page.getByRole("button", { name: "Credit line" }).click();
  await page.getByLabel("It may owe, in EUR").fill("10");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("the credit limit cannot be below that");
  await page.getByLabel("It may owe, in EUR").fill("400");
  await page.keyboard.press("Enter");
  await expect(balance).toContainText("€61.40 of €400.00 used");
  const theirs = page.getByRole("region", { name: "Spending caps" }).getByRole("listitem").filter({ hasText: "Set by the operator" });
  await expect(theirs.getByRole("button")).toHaveCount(2);
});
