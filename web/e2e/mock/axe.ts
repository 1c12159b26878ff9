/** What axe says of a page that has come to rest: nothing. */
import { AxeBuilder } from "@axe-core/playwright";
import { expect } from "@playwright/test";
import type { Page } from "@playwright/test";

/** Waits until the page has come to rest: a half-transparent or half-loaded page is nobody's to judge. */
async function rest(page: Page): Promise<void> {
  await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
  await page.evaluate(async () => {
    await document.fonts.ready;
    await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
  });
}

/** Looks at the page as it is. */
export async function judge(page: Page): Promise<void> {
  await rest(page);
  // No frame of another origin is on these pages: one pass in this page is all of it.
  const result = await new AxeBuilder({ page }).setLegacyMode().analyze();
  expect(result.violations.map((fault) => `${fault.id}: ${fault.nodes.map((node) => node.html).join(" | ")}`)).toEqual([]);
}
