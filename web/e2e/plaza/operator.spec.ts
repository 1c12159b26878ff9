/** The operator's pages over the demo's traffic: what was charged and why, what was sent to webhooks, which codes wait. */
import { expect, test } from "@playwright/test";

const TRAFFIC_MS = 60_000;

test.setTimeout(120_000);

test("revenue of today and of some days, split each way, followed down to the charges", async ({ page }) => {
  await page.goto("/operator");
  await expect(page.getByRole("heading", { name: "Revenue", level: 1 })).toBeVisible();
  const table = page.getByRole("table", { name: "Revenue by part" });
  await expect(table.getByRole("row").nth(1)).toBeVisible({ timeout: TRAFFIC_MS });
  await expect(page.getByRole("img", { name: /over time/ })).toBeVisible();
  await page.getByLabel("Period").selectOption("Last 7 days");
  await expect(page).toHaveURL(/period=7d/);
  await page.getByRole("radio", { name: "Plan" }).click();
  await expect(page.getByRole("img", { name: /by part/ })).toBeVisible();
  await expect(table.getByRole("row").nth(1)).toBeVisible();
  await page.getByRole("radio", { name: "Customer" }).click();
  await expect(table.getByRole("row", { name: "Customer Tulip Bakery" })).toBeVisible();
  await page.getByRole("radio", { name: "Market and category" }).click();
  await expect(table.getByRole("row", { name: /^Charges of .*, / }).first()).toBeVisible();
  await table.getByRole("row", { name: /^Charges of .*, / }).first().press("Enter");
  await expect(page.getByRole("heading", { name: "Charges", level: 1 })).toBeVisible();
  await expect(page).toHaveURL(/market=/);
});

test("a charge says why it has its price", async ({ page }) => {
  await page.goto("/operator/charges");
  const first = page.getByRole("row", { name: /why this price/ }).first();
  await expect(first).toBeVisible({ timeout: TRAFFIC_MS });
  await first.focus();
  await first.press("Enter");
  await expect(page.getByRole("heading", { name: "Why this price?" })).toBeVisible();
  const steps = page.getByRole("region", { name: "How it was worked out" }).getByRole("listitem");
  expect(await steps.count()).toBeGreaterThan(1);
  await expect(page.getByRole("region", { name: "Ledger transfers" }).first()).toBeVisible();
  await expect(page.getByLabel("JSON of the charge", { exact: true })).toContainText("charge_id");
  await page.goBack();
  await expect(first).toBeVisible();
});

test("webhook deliveries show their bodies and can be sent again", async ({ page }) => {
  await page.goto("/operator/webhooks");
  const first = page.getByRole("row", { name: /^Delivery of messages/ }).first();
  await expect(first).toBeVisible({ timeout: TRAFFIC_MS });
  await first.click();
  const drawer = page.getByRole("dialog", { name: "Webhook delivery" });
  await expect(drawer.getByLabel("Body of the webhook", { exact: true })).toContainText("whatsapp_business_account");
  await drawer.getByRole("button", { name: "Send again" }).click();
  await expect(drawer.getByText("It is in the queue, and goes out next.")).toBeVisible();
});

test("the code of a number of one's own waits in the outbox", async ({ page }) => {
  const number = `+49151${String(Math.floor(Math.random() * 100_000_000)).padStart(8, "0")}`;
  await page.goto("/chat");
  await page.getByLabel("Name").fill("Otto");
  await page.getByLabel("Phone number").fill(number);
  await page.getByRole("button", { name: "Send me a code" }).click();
  await expect(page.getByRole("heading", { name: "Is it you?" })).toBeVisible();
  await page.goto("/operator/outbox");
  const digits = number.slice(1).split("").join("\\s?");
  const row = page.getByRole("row", { name: new RegExp(digits) });
  await expect(row).toBeVisible();
  await expect(row.getByText(/^\d{6}$/)).toBeVisible();
});
