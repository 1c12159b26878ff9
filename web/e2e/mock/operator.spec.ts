/** The console's screens against answers from memory: figures, lists and their four states. */
import { readFile } from "node:fs/promises";
import { expect, test } from "@playwright/test";
import { open } from "./open";

test("the period stands in the address", async ({ page }) => {
  await open(page, "/operator");
  await expect(page).toHaveURL(/period=today/);
  await page.getByLabel("Period").selectOption("This month");
  await expect(page).toHaveURL(/period=month/);
  await page.goBack();
  await expect(page.getByLabel("Period")).toHaveValue("today");
});

test("any days are chosen, and what cannot be shown is said", async ({ page }) => {
  await open(page, "/operator/revenue?period=7d&by=market");
  await expect(page.getByRole("img", { name: /over time/ })).toBeVisible();
  await page.getByLabel("Period").selectOption("From … to …");
  await expect(page).toHaveURL(/from=2026-11-12&to=2026-11-18/);
  await page.getByLabel("First day").fill("2026-11-02");
  await expect(page).toHaveURL(/from=2026-11-02/);
  await expect(page.getByRole("img", { name: /over time/ })).toBeVisible();
  await page.getByLabel("Last day").fill("2026-11-01");
  await expect(page.getByRole("alert")).toHaveText("The last day is before the first.");
  await page.getByLabel("Last day").fill("2027-11-01");
  await expect(page.getByRole("alert")).toHaveText("At most 92 days can be shown.");
});

test("revenue is split by customer, as a chart and as figures that go into a file", async ({ page }) => {
  await open(page, "/operator/revenue?period=30d");
  await page.getByRole("radio", { name: "Customer" }).click();
  await expect(page).toHaveURL(/by=portfolio/);
  await page.getByRole("radio", { name: "Table" }).click();
  const table = page.getByRole("table", { name: "Revenue over time" });
  await expect(table.getByRole("columnheader", { name: "Tulip Bakery" })).toBeVisible();
  await expect(table.getByRole("row")).toHaveCount(31);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV of the table over time" }).click()]);
  expect(file.suggestedFilename()).toBe("revenue-portfolio-30d-USD-by-day.csv");
  const lines = (await readFile(await file.path(), "utf8")).trim().split(/\r?\n/).slice(1);
  const sum = (of: (cells: number[]) => number): number => Math.round(lines.reduce((all, line) => all + of(line.split(",").slice(1, -1).map(Number)), 0) * 1e6);
  expect(sum(([total]) => total ?? 0)).toBe(sum(([, ...parts]) => parts.reduce((all, part) => all + part, 0)));
  await page.getByRole("row", { name: "Customer Tulip Bakery" }).press("Enter");
  await expect(page).toHaveURL(/\/operator\/businesses\/\d+/);
});

test("customers of the same name are told apart", async ({ page }) => {
  await open(page, "/operator/revenue?period=90d&by=portfolio");
  for (const id of ["2007", "2012"]) await expect(page.getByRole("row", { name: `Customer Corner Books (${id})` })).toBeVisible();
  await page.getByRole("row", { name: "Customer Corner Books (2012)" }).press("Enter");
  await expect(page).toHaveURL(/\/operator\/businesses\/2012/);
});

test("a row of revenue leads to its charges, and a charge to its reasons", async ({ page }) => {
  await open(page, "/operator/revenue?by=market_category");
  await page.getByRole("row", { name: "Charges of Spain, Marketing" }).press("Enter");
  await expect(page).toHaveURL(/market=Spain/);
  await page.getByRole("row", { name: /why this price/ }).first().click();
  await expect(page.getByRole("heading", { name: "Why this price?" })).toBeVisible();
  await expect(page.getByText("the number starts with 34", { exact: true })).toBeVisible();
});

test("growth says what a year would bring, who shrinks, and who stays", async ({ page }) => {
  await open(page, "/operator/growth");
  await expect(page.getByText("Run rate, a year")).toBeVisible();
  await page.getByRole("radio", { name: "Shrinking" }).click();
  const rows = page.getByRole("table", { name: "Customers" }).getByRole("row");
  await expect(rows.nth(1)).toContainText(/-\d+\s?%/);
  await expect(page.getByRole("region", { name: /first payment/ }).getByRole("rowheader").first()).toContainText("customers");
  await page.getByRole("radio", { name: "EUR" }).click();
  await expect(page).toHaveURL(/currency=EUR/);
});

test("the table as a file holds what is shown", async ({ page }) => {
  await open(page, "/operator/charges");
  await expect(page.getByRole("row", { name: /why this price/ }).first()).toBeVisible();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  expect(file.suggestedFilename()).toBe("charges.csv");
});

test("more rows come on demand", async ({ page }) => {
  await open(page, "/operator/charges");
  await expect(page.getByRole("row", { name: /why this price/ })).toHaveCount(50);
  await page.getByRole("button", { name: "Load more" }).click();
  await expect(page.getByRole("row", { name: /why this price/ })).toHaveCount(100);
});

test("a delivery shows its body, and is sent again", async ({ page }) => {
  await open(page, "/operator/webhooks");
  await page.getByRole("radio", { name: "Dead" }).click();
  await page.getByRole("row", { name: /^Delivery of messages, dead/ }).click();
  const drawer = page.getByRole("dialog", { name: "Webhook delivery" });
  await expect(drawer.getByLabel("Body of the webhook", { exact: true })).toContainText('"pricing_model": "PMP"');
  await drawer.getByRole("button", { name: "Send again" }).click();
  await expect(drawer.getByText("It is in the queue, and goes out next.")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/delivery=/);
});

test("templates are approved, or rejected with a reason", async ({ page }) => {
  await open(page, "/operator/templates");
  await page.getByRole("button", { name: "Approve order_ready" }).click();
  await expect(page.getByRole("heading", { name: "order_ready" })).toBeHidden();
  await page.getByRole("button", { name: "Reject spring_offer" }).click();
  const dialog = page.getByRole("dialog", { name: "Reject this template" });
  await expect(dialog.getByRole("button", { name: "Reject spring_offer" })).toBeDisabled();
  await dialog.getByLabel("Reason").fill("The offer has no end date.");
  await dialog.getByRole("button", { name: "Reject spring_offer" }).click();
  await expect(page.getByRole("heading", { name: "Nothing to review" })).toBeVisible();
});

test("an error says what to do, and the request's id", async ({ page }) => {
  await open(page, "/operator/charges", "error");
  await expect(page.getByRole("alert")).toContainText("The database did not answer in time.");
  await expect(page.getByRole("alert")).toContainText("req_01j9x3k2");
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
});

test("an empty list says what it is for", async ({ page }) => {
  await open(page, "/operator/webhooks", "empty");
  await expect(page.getByRole("heading", { name: "No events yet" })).toBeVisible();
});

test("outside the sandbox the token is asked for, and can be given back", async ({ page }) => {
  await open(page, "/operator/outbox", "plain");
  await page.getByLabel("Operator token").fill("secret");
  await page.getByRole("button", { name: "Open the console" }).click();
  await expect(page.getByRole("heading", { name: "Outbox", level: 1 })).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("Operator token")).toBeVisible();
});
