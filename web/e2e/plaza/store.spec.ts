/** Ana buys the accent colours in the built-in store, tries Plaza Plus, pins conversations, and finds all of it again. */
import { expect, test } from "@playwright/test";
import { comeIn, freshNumber, openConversation, write } from "../people";

test("what is bought works, and is there after a reload", async ({ page, browser }) => {
  const numbers = [freshNumber(), freshNumber(), freshNumber(), freshNumber()];
  for (const [n, number] of numbers.entries()) {
    const friend = await (await browser.newContext()).newPage();
    await comeIn(friend, `Friend ${n + 1}`, number);
    await friend.context().close();
  }
  await comeIn(page, "Ana", freshNumber());
  for (const number of numbers) {
    await openConversation(page, number);
    await write(page, "Good morning");
  }
  const list = page.getByRole("navigation", { name: "Conversations" });
  const settings = page.getByRole("dialog", { name: "Settings" });

  await test.step("three conversations can be pinned", async () => {
    for (const n of [1, 2, 3]) await list.getByRole("button", { name: `Pin Friend ${n}`, exact: true }).click();
    await expect(list.getByRole("button", { name: /^Pin Friend 4: 3 are pinned already/ })).toHaveAttribute("aria-disabled", "true");
    await expect(list.getByRole("listitem").last()).toContainText("Friend 4");
  });

  await test.step("a colour that was not bought cannot be chosen", async () => {
    await page.getByRole("button", { name: "Settings" }).click();
    await expect(settings.getByRole("radio", { name: "Sea" })).toBeDisabled();
  });

  await test.step("bought once, it can", async () => {
    await settings.getByRole("button", { name: "Buy Accent colours" }).click();
    await expect(settings.getByRole("article", { name: "Accent colours" }).getByText("Yours for good.")).toBeVisible();
    await settings.getByText("Sea", { exact: true }).click();
    await expect(page.locator("html")).toHaveAttribute("data-accent", "sea");
  });

  await test.step("Plaza Plus is tried, canceled and kept", async () => {
    const plus = settings.getByRole("article", { name: "Plaza Plus" });
    await plus.getByRole("radio", { name: "By the year" }).click();
    await plus.getByRole("button", { name: "Try Plaza Plus" }).click();
    await expect(plus.getByText(/Free at first/)).toBeVisible();
    await plus.getByRole("button", { name: "Cancel Plaza Plus" }).click();
    await expect(plus.getByText(/It ends on/)).toBeVisible();
    await plus.getByRole("button", { name: "Keep Plaza Plus" }).click();
    await expect(plus.getByRole("button", { name: "Cancel Plaza Plus" })).toBeVisible();
    await settings.getByRole("button", { name: "Close" }).click();
    await list.getByRole("button", { name: "Pin Friend 4", exact: true }).click();
  });

  await test.step("after a reload all of it is there", async () => {
    await page.reload();
    await expect(page.locator("html")).toHaveAttribute("data-accent", "sea");
    await expect(list.getByRole("button", { name: /^Take Friend/ })).toHaveCount(4);
    await page.getByRole("button", { name: "Settings" }).click();
    await expect(settings.getByRole("radio", { name: "Sea" })).toBeChecked();
    await expect(settings.getByText("Yours for good.")).toBeVisible();
  });
});
