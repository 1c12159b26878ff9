/** Choosing and sending stickers by keyboard, packs that somebody has not got, and the operator's packs. */
import { expect, test } from "@playwright/test";
import type { Locator, Page } from "@playwright/test";
import { open } from "./open";

/** A sticker of the open conversation, by what is seen on it. */
function sticker(page: Page, seen: string): Locator {
  return page.getByRole("log").getByRole("article").getByRole("img", { name: `Sticker: ${seen}` });
}

async function openPicker(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "Stickers", exact: true }).click();
  const picker = page.getByRole("dialog", { name: "Stickers" });
  await expect(picker.getByRole("tab", { name: "Pigeon of the square" })).toBeFocused();
  return picker;
}

test("arrows walk over the stickers, Enter sends one, Escape closes", async ({ page }) => {
  await open(page, "/chat/cnv_ben");
  const picker = await openPicker(page);
  await page.keyboard.press("Tab");
  await expect(picker.getByRole("button", { name: "A pigeon waves hello" })).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(picker.getByRole("button", { name: "A pigeon waves hello" })).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await expect(picker.getByRole("button", { name: "A pigeon in love" })).toBeFocused();
  await page.keyboard.press("End");
  await expect(picker.getByRole("button", { name: "A pigeon asleep in a night cap" })).toBeFocused();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(picker).toBeHidden();
  await expect(sticker(page, "A pigeon laughs until it cries")).toBeVisible();
  await expect(page.getByRole("link", { name: /Ben Okafor.*Sticker: A pigeon laughs/ })).toBeVisible();

  await page.getByRole("button", { name: "Stickers", exact: true }).click();
  await expect(picker.getByRole("tab", { name: "Sent last" })).toHaveAttribute("aria-selected", "true");
  await expect(picker.getByRole("button", { name: "A pigeon laughs until it cries" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(picker).toBeHidden();
  await expect(page.getByRole("button", { name: "Stickers", exact: true })).toBeFocused();
});

test("a sticker is no text: it is not changed, and stands without a bubble", async ({ page }) => {
  await open(page, "/chat/cnv_ben");
  const picker = await openPicker(page);
  await picker.getByRole("button", { name: "A pigeon in love" }).click();
  const sent = page.getByRole("log").getByRole("article").filter({ has: page.getByRole("img", { name: "Sticker: A pigeon in love" }) });
  await expect(sent.getByText("Read", { exact: true })).toBeAttached();
  await expect(sent).toHaveCSS("background-color", "rgba(0, 0, 0, 0)");
  await sent.focus();
  await page.keyboard.press("F2");
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeVisible();
});

test("a pack that was not bought leads to the settings, and opens there", async ({ page }) => {
  await open(page, "/chat/cnv_ben");
  const picker = await openPicker(page);
  await page.keyboard.press("ArrowRight");
  await expect(picker.getByRole("tab", { name: "Market day, not yours yet" })).toHaveAttribute("aria-selected", "true");
  await expect(picker.getByText("10 stickers. They come with Plaza Plus. Or buy them once for €2.00")).toBeVisible();
  await expect(picker.getByRole("button", { name: "A cheerful tomato" })).toHaveCount(0);
  await picker.getByRole("button", { name: "See it in the settings" }).click();
  const settings = page.getByRole("dialog", { name: "Settings" });
  await settings.getByRole("button", { name: "Buy Stickers: Market day" }).click();
  await expect(settings.getByRole("article", { name: "Stickers: Market day" }).getByText("Yours for good.")).toBeVisible();
  await settings.getByRole("button", { name: "Close" }).click();
  await openPicker(page);
  await picker.getByRole("tab", { name: "Market day", exact: true }).click();
  await picker.getByRole("button", { name: "A furious chili" }).click();
  await expect(sticker(page, "A furious chili")).toBeVisible();
});

test("where motion is not welcome, what moves shows its first frame", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await open(page, "/chat/cnv_ben");
  const picker = await openPicker(page);
  await expect(picker.locator("canvas")).toHaveCount(2);
  await picker.getByRole("button", { name: "A pigeon waves hello" }).click();
  await expect(sticker(page, "A pigeon waves hello")).toHaveJSProperty("tagName", "CANVAS");
});

test("the operator sees the packs, and removes one that was added", async ({ page }) => {
  await open(page, "/operator/stickers");
  const own = page.getByRole("region", { name: "Market day", exact: true });
  await expect(own.getByText("10 stickers. In the plans plus, market-day.")).toBeVisible();
  await expect(own.getByRole("img", { name: "A furious chili" })).toBeVisible();
  await expect(own.getByRole("button")).toHaveCount(0);
  const harvest = page.getByRole("region", { name: "Harvest on the square" });
  await expect(harvest.getByText("No plan gives it yet")).toBeVisible();
  await harvest.getByRole("button", { name: "Remove Harvest on the square" }).click();
  await page.getByRole("dialog", { name: "Remove Harvest on the square?" }).getByRole("button", { name: "Remove it" }).click();
  await expect(harvest).toHaveCount(0);
});
