/** Plans and verification in both consoles, against answers from memory. */
import { expect, test } from "@playwright/test";
import type { Page } from "@playwright/test";
import { open } from "./open";

async function openAs(page: Page, address: string, state = "full"): Promise<void> {
  await page.addInitScript(() => sessionStorage.setItem("plaza.manager-token", "mock"));
  await open(page, address, state);
}

test("a change of plan shows what it costs before it is made", async ({ page }) => {
  await openAs(page, "/manager/plan");
  await expect(page.getByRole("region", { name: "Your plan" })).toContainText("Paid until 11 December 2026");
  await page.getByRole("button", { name: "Change…: Verified Plus" }).click();
  const dialog = page.getByRole("dialog", { name: "Change to Verified Plus" });
  await expect(dialog).toContainText("13 of 30 days");
  await expect(dialog).toContainText("€17.333333");
  await expect(dialog).toContainText("€5.633333");
  await expect(dialog).toContainText("€11.70");
  await dialog.getByRole("button", { name: "Change to Verified Plus" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("region", { name: "Your plan" })).toContainText("Verified Plus");
});

test("the plan page leads to the public page of the business", async ({ page }) => {
  await openAs(page, "/manager/plan");
  const pages = page.getByRole("region", { name: "Your public page" });
  await expect(pages.getByRole("link")).toHaveAttribute("href", "/b/tulip.bakery");
  await expect(page.getByText("A public page of your business").first()).toBeVisible();
});

test("without money the plan stays, and the page says what is needed", async ({ page }) => {
  await openAs(page, "/manager/plan?term=year");
  await page.getByRole("button", { name: "Change…: Verified Max" }).click();
  const dialog = page.getByRole("dialog", { name: "Change to Verified Max" });
  await dialog.getByRole("button", { name: "Change to Verified Max" }).click();
  await expect(dialog.getByRole("alert")).toContainText("top it up first");
});

test("a plan is paused, canceled at its end, and kept", async ({ page }) => {
  await openAs(page, "/manager/plan");
  const own = page.getByRole("region", { name: "Your plan" });
  await own.getByRole("button", { name: "Pause" }).click();
  await expect(own).toContainText("13 paid days wait");
  await own.getByRole("button", { name: "Resume" }).click();
  await own.getByRole("button", { name: "Cancel…" }).click();
  await page.getByRole("button", { name: "End it on 11 December 2026" }).click();
  await expect(own).toContainText("Ends on 11 December 2026");
  await own.getByRole("button", { name: "Keep the plan" }).click();
  await expect(own).toContainText("Active");
});

test("who has no plan may try one", async ({ page }) => {
  await openAs(page, "/manager/plan", "empty");
  await page.getByRole("button", { name: "Try 14 days free…: Verified", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Begin with Verified" })).toContainText("A trial is had once.");
});

test("an application says what is missing, and is sent in", async ({ page }) => {
  await openAs(page, "/manager/verification");
  await expect(page.getByRole("note")).toContainText("Please send one of this year.");
  await page.getByLabel("Document", { exact: true }).setInputFiles({ name: "Extract 2026.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7") });
  await expect(page.getByText("Extract 2026.pdf")).toBeVisible();
  await page.getByRole("button", { name: "Send it to the operator" }).click();
  await expect(page.getByRole("note")).toContainText("being looked at");
  await expect(page.getByRole("button", { name: "Add a document" })).toBeHidden();
});

test("a document that is too large is not sent", async ({ page }) => {
  await openAs(page, "/manager/verification");
  await page.getByLabel("Document", { exact: true }).setInputFiles({ name: "scan.png", mimeType: "image/png", buffer: Buffer.alloc(10 * 1024 * 1024 + 1) });
  await expect(page.getByRole("alert")).toHaveText("scan.png is larger than 10 MB. Send a smaller scan.");
});

test("nothing can be sent in before everything is there", async ({ page }) => {
  await openAs(page, "/manager/verification", "empty");
  await expect(page.getByRole("button", { name: "Send it to the operator" })).toBeDisabled();
  await expect(page.getByText("A proof of registration: is missing")).toBeVisible();
});

test("the operator looks at documents and decides with a reason", async ({ page }) => {
  await open(page, "/operator/verifications");
  await page.getByRole("row", { name: /^Application of Harbour Coffee/ }).press("Enter");
  await expect(page.getByRole("heading", { name: "Harbour Coffee" })).toBeVisible();
  await page.getByRole("button", { name: /^Handelsregister.png/ }).click();
  await expect(page.getByRole("img", { name: "Proof of registration: Handelsregister.png" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Reject…" }).click();
  const dialog = page.getByRole("dialog", { name: "Reject" });
  await dialog.getByLabel("Reason").selectOption({ label: "Another reason, which is given in words." });
  await expect(dialog.getByRole("button", { name: "Reject" })).toBeDisabled();
  await dialog.getByLabel("In words").fill("The stamp is missing.");
  await dialog.getByRole("button", { name: "Reject" }).click();
  await expect(page.getByRole("region", { name: "Every step" })).toContainText("OTHER: The stamp is missing.");
});

test("reports of impersonation stand in the queue, and can be dismissed", async ({ page }) => {
  await open(page, "/operator/verifications");
  await page.getByRole("row", { name: /^Application of Tullip Bakery/ }).click();
  await expect(page.getByRole("region", { name: "Decision" })).toContainText("3 people say");
  await page.getByRole("button", { name: "Dismiss the reports…" }).click();
  await page.getByRole("button", { name: "Dismiss the reports", exact: true }).click();
  await expect(page.getByRole("region", { name: "Decision" })).toBeHidden();
});

test("two operators: the page says that another one has to look", async ({ page }) => {
  await open(page, "/operator/verifications/12");
  await expect(page.getByRole("region", { name: "Decision" })).toContainText("Ada has approved. A second operator has to approve too.");
});

for (const [address, empty] of [
  ["/operator/verifications", "Nothing to look at"],
  ["/operator/plans", "Nobody has a plan yet"],
  ["/operator/audit", "Nothing has happened yet"],
] as const) {
  test(`${address} when there is nothing`, async ({ page }) => {
    await open(page, address, "empty");
    await expect(page.getByText(empty)).toBeVisible();
  });
}
