/** Invoices in both consoles against answers from memory. */
import { expect, test } from "@playwright/test";
import { open } from "./open";

test("the operator issues a draft, notes a transfer, and credits with a reason", async ({ page }) => {
  await open(page, "/operator/invoices");
  await page.getByRole("radio", { name: "Draft" }).click();
  await expect(page).toHaveURL(/status=draft/);
  await page.getByRole("row", { name: /^Invoice draft of 2026-11/ }).press("Enter");
  await page.getByRole("button", { name: "Issue now…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Issue", exact: true }).click();
  await expect(page.getByRole("heading", { name: /INV-2026-000201/ })).toBeVisible();

  await page.getByRole("button", { name: "Note a bank transfer…" }).click();
  const transfer = page.getByRole("dialog", { name: "Note a bank transfer" });
  await transfer.getByLabel("Amount, EUR").fill("9999999");
  await transfer.getByRole("button", { name: "Note", exact: true }).click();
  await expect(transfer.getByText(/^At most .* is left\.$/)).toBeVisible();
  await expect(transfer.getByText("Reference is needed.")).toBeVisible();
  await transfer.getByLabel("Amount, EUR").fill("1000.50");
  await transfer.getByLabel("Reference").fill("SEPA 815");
  await transfer.getByRole("button", { name: "Note", exact: true }).click();
  await expect(page.getByRole("region", { name: "Payments" })).toContainText("€1,000.50");

  await page.getByRole("button", { name: "Credit…" }).click();
  const credit = page.getByRole("dialog", { name: "Write a credit note" });
  await credit.getByLabel("Amount, EUR").fill("10");
  await credit.getByLabel("Reason").fill("Agreed with the customer");
  await credit.getByRole("button", { name: "Write" }).click();
  await expect(page.getByRole("region", { name: "Credit notes" })).toContainText("Agreed with the customer");
});

test("a business fetches its invoice as a file", async ({ page }) => {
  await open(page, "/manager");
  await page.getByRole("button", { name: "Open as Tulip Bakery" }).click();
  await page.getByRole("link", { name: "Billing" }).click();
  await page.getByRole("link", { name: "Invoices" }).click();
  await page.getByRole("row", { name: /^Invoice INV-/ }).first().click();
  await expect(page.getByRole("button", { name: "Credit…" })).toHaveCount(0);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "PDF" }).first().click()]);
  expect(file.suggestedFilename()).toMatch(/^INV-2026-\d{6}\.pdf$/);
});

test("no invoices yet", async ({ page }) => {
  await open(page, "/operator/invoices", "empty");
  await expect(page.getByRole("heading", { name: "No invoices yet" })).toBeVisible();
});
