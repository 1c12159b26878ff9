/** Calls on the screen: made, taken, declined, missed, by pointer and by keyboard. */
import { expect, test } from "@playwright/test";
import { open } from "./open";

const bar = "Call with Tulip Bakery";

test("a business is called, muted, and hung up", async ({ page }) => {
  await open(page, "/chat/cnv_bakery");
  await page.getByRole("button", { name: "Call Tulip Bakery" }).click();
  const call = page.getByRole("region", { name: bar });
  await expect(call.getByRole("status")).toHaveText("Ringing…");
  await expect(page.getByRole("button", { name: "Call Tulip Bakery" })).toBeDisabled();
  await expect(call.getByRole("status")).toHaveText("In the call");
  await expect(call.getByText("0:00")).toBeVisible();
  await call.getByRole("button", { name: "Mute the microphone" }).click();
  await expect(call.getByRole("button", { name: "Switch the microphone on" })).toHaveAttribute("aria-pressed", "true");
  // One may read and write meanwhile.
  await page.getByRole("textbox", { name: "Message" }).fill("I am on the phone with you");
  await call.getByRole("button", { name: "Hang up" }).click();
  await expect(call.getByRole("status")).toHaveText("The call has ended.");
  await expect(page.getByText("Voice call, 1 min 15 s").first()).toBeVisible();
  await call.getByRole("button", { name: "Close" }).click();
  await expect(call).toBeHidden();
});

test("a call that comes in is announced, holds the focus, and is taken", async ({ page }) => {
  await open(page, "/chat/cnv_ben", "ringing");
  const dialog = page.getByRole("alertdialog", { name: "Tulip Bakery is calling" });
  await expect(dialog).toBeVisible();
  await expect(dialog).toHaveAccessibleDescription(/Voice call from a business/);
  // The focus stays inside, and Escape decides nothing.
  for (let presses = 0; presses < 4; presses += 1) {
    await page.keyboard.press("Tab");
    await expect(dialog.locator(":focus")).toHaveCount(1);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toBeVisible();
  await dialog.getByRole("button", { name: "Accept" }).press("Enter");
  await expect(page.getByRole("region", { name: bar }).getByRole("status")).toHaveText("In the call");
  await expect(dialog).toBeHidden();
});

test("a call that comes in is declined", async ({ page }) => {
  await open(page, "/chat/cnv_bakery", "ringing");
  await page.getByRole("alertdialog").getByRole("button", { name: "Decline" }).click();
  await expect(page.getByRole("region", { name: bar }).getByRole("status")).toHaveText("You declined the call.");
  await expect(page.getByText("You declined a voice call")).toBeVisible();
});

test("without a microphone it says what to do", async ({ page }) => {
  await open(page, "/chat/cnv_bakery", "silent");
  await page.getByRole("button", { name: "Call Tulip Bakery" }).click();
  await expect(page.getByRole("region", { name: bar }).getByRole("status")).toContainText("Plaza may not use the microphone. Allow it");
});

test("calls stand in the conversation, and a missed one is answered by a call", async ({ page }) => {
  await open(page, "/chat/cnv_bakery");
  await expect(page.getByText("Voice call, 2 min 14 s")).toBeVisible();
  await expect(page.getByText("Missed voice call")).toBeVisible();
  await page.getByRole("button", { name: "Call back" }).click();
  await expect(page.getByRole("region", { name: bar })).toBeVisible();
});

test("who takes no calls has no button for them", async ({ page }) => {
  await open(page, "/chat/cnv_market");
  await expect(page.getByRole("button", { name: "About Square Market" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Call Square Market" })).toHaveCount(0);
});
