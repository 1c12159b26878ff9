/** Ana sends a sticker of hers, tries Plaza Plus for the others, and loses them again, all without a reload; Ben sees both. */
import { expect, test } from "@playwright/test";
import type { Locator, Page } from "@playwright/test";
import { comeIn, freshNumber, openConversation } from "../people";

function sticker(page: Page, seen: string): Locator {
  return page.getByRole("log").getByRole("article").getByRole("img", { name: `Sticker: ${seen}` });
}

/** Pictures that did not load have no size. */
async function isDrawn(image: Locator): Promise<void> {
  await expect(image).toBeVisible();
  await expect.poll(async () => image.evaluate((element) => (element as HTMLImageElement).naturalWidth)).toBe(512);
}

test("packs open and close under one's hands", async ({ page, browser, request }) => {
  const number = freshNumber();
  const ben = await (await browser.newContext()).newPage();
  await comeIn(ben, "Ben", number);
  await comeIn(page, "Ana", freshNumber());
  await openConversation(page, number);
  const button = page.getByRole("button", { name: "Stickers", exact: true });
  const picker = page.getByRole("dialog", { name: "Stickers" });
  const settings = page.getByRole("dialog", { name: "Settings" });

  await test.step("one that everybody has", async () => {
    await button.click();
    await picker.getByRole("button", { name: "A pigeon in love" }).click();
    await isDrawn(sticker(page, "A pigeon in love"));
    await ben.getByRole("link", { name: /Ana/ }).click();
    await isDrawn(sticker(ben, "A pigeon in love"));
  });

  await test.step("Plaza Plus opens the others", async () => {
    await button.click();
    await picker.getByRole("tab", { name: "Market day, not yours yet" }).click();
    await picker.getByRole("button", { name: "See it in the settings" }).click();
    await settings.getByRole("button", { name: "Try Plaza Plus" }).click();
    await expect(settings.getByText(/Free at first/)).toBeVisible();
    await settings.getByRole("button", { name: "Close" }).click();
    await button.click();
    await picker.getByRole("tab", { name: "Market day", exact: true }).click();
    await picker.getByRole("button", { name: "A sunflower turns in the sun" }).click();
    await isDrawn(sticker(page, "A sunflower turns in the sun"));
    await isDrawn(sticker(ben, "A sunflower turns in the sun"));
  });

  await test.step("who received one has not got the pack", async () => {
    await ben.getByRole("button", { name: "Stickers", exact: true }).click();
    await expect(ben.getByRole("tab", { name: "Market day, not yours yet" })).toBeVisible();
  });

  await test.step("given back by the operator, they close in front of her", async () => {
    await button.click();
    await expect(picker.getByRole("tab", { name: "Market day", exact: true })).toBeVisible();
    const session = (await (await request.get("/_sandbox/session")).json()) as { operator_token: string };
    const headers = { Authorization: `Bearer ${session.operator_token}` };
    const { data } = (await (await request.get("/operator/api/purchases?state=active", { headers })).json()) as { data: { purchase_id: string; plan: string; is_trial: boolean }[] };
    const bought = data.find((each) => each.plan === "plus" && each.is_trial);
    expect((await request.post(`/operator/api/purchases/${bought?.purchase_id}/refund`, { headers, data: {} })).ok()).toBe(true);
    await expect(picker.getByRole("tab", { name: "Market day, not yours yet" })).toBeVisible();
  });
  await ben.context().close();
});
