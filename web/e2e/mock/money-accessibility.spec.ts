/**
 * # Every page and dialog about money, in light and in dark, on a desk and on a phone
 *
 * The operator's pages and the business's billing pages, each with its dialogs open one after the other: axe finds no fault,
 * and on a phone the page itself never scrolls sideways (what is wide scrolls by itself).
 */
import { expect, test } from "@playwright/test";
import type { Locator, Page } from "@playwright/test";
import { judge } from "./axe";
import { open } from "./open";

test.use({ trace: "off" });
// Axe walks through every element of every dialog, and another worker may hold the processor.
test.describe.configure({ timeout: 240_000 });

type Dialog = { opens: string | RegExp; title: string | RegExp };
type Case = { name: string; address: string; state?: string; go?: (page: Page) => Promise<void>; shows: (page: Page) => Locator; dialogs?: Dialog[] };

const row = (name: string | RegExp) => (page: Page) => page.getByRole("row", { name }).first();
const heading = (name: string | RegExp) => (page: Page) => page.getByRole("heading", { name }).first();
const button = (name: string | RegExp) => (page: Page) => page.getByRole("button", { name }).first();
const enter = (name: string | RegExp) => async (page: Page) => row(name)(page).press("Enter");

const CASES: Case[] = [
  { name: "revenue", address: "/operator/revenue?period=30d&by=portfolio", shows: row("Customer Tulip Bakery") },
  { name: "no revenue", address: "/operator/revenue", state: "empty", shows: heading("Nothing delivered in these days") },
  { name: "growth", address: "/operator/growth", shows: (page) => page.getByRole("region", { name: "Customers by the month of their first payment" }) },
  { name: "charges", address: "/operator/charges", shows: row(/why this price/) },
  { name: "a charge", address: "/operator/charges/chg_1", shows: heading("Why this price?") },
  { name: "invoices", address: "/operator/invoices", shows: row(/^Invoice INV-/) },
  {
    name: "an issued invoice", address: "/operator/invoices/inv_00000000000000000000000000000001", shows: button("Note a bank transfer…"),
    dialogs: [{ opens: "Note a bank transfer…", title: "Note a bank transfer" }, { opens: "Credit…", title: "Write a credit note" }],
  },
  {
    name: "a draft", address: "/operator/invoices?status=draft", go: enter(/^Invoice/), shows: button("Issue now…"),
    dialogs: [{ opens: "Issue now…", title: "Issue this invoice now?" }],
  },
  { name: "unpaid", address: "/operator/unpaid", shows: row(/^Business/) },
  { name: "operator's payments", address: "/operator/payments", shows: row("Entry from Tulip GmbH"), dialogs: [{ opens: "Import a bank statement", title: "Import a bank statement" }] },
  { name: "a payment", address: "/operator/payments", go: enter(/^Payment of/), shows: (page) => page.getByRole("dialog", { name: "Payment" }) },
  { name: "an entry of the bank", address: "/operator/payments", go: enter("Entry from Tulip GmbH"), shows: (page) => page.getByRole("dialog", { name: "Whose is it?" }) },
  { name: "reminders", address: "/operator/reminders", shows: (page) => page.getByText("Arcade Cinema"), dialogs: [{ opens: "Change", title: "Steps" }] },
  { name: "plans", address: "/operator/plans", shows: (page) => page.getByRole("cell", { name: "Plaza Plus", exact: true }) },
  { name: "purchases", address: "/operator/purchases", shows: row("Purchase of themes") },
  { name: "a purchase", address: "/operator/purchases", go: enter("Purchase of themes"), shows: (page) => page.getByRole("dialog") },
  {
    name: "invoice settings", address: "/operator/invoice-settings", shows: (page) => page.getByText("BYLADEM1001"),
    dialogs: [{ opens: "Change", title: "Who sends invoices" }, { opens: "New rate", title: "New tax rate" }, { opens: "Change the numbers of Invoices of 2027", title: "Invoices of 2027" }],
  },
  { name: "price books", address: "/operator/prices", shows: row(/^Price book/), dialogs: [{ opens: "New contract", title: "New contract" }] },
  { name: "a price book", address: "/operator/prices", go: enter(/^Price book/), shows: button("New prices from a file"), dialogs: [{ opens: "New prices from a file", title: "New prices from a file" }] },
  { name: "a version of prices", address: "/operator/prices", go: async (page) => { await enter(/^Price book/)(page); await enter(/^Prices from/)(page); }, shows: heading(/^Prices from/) },
  {
    name: "a draft of prices", address: "/operator/prices/list-USD/drafts/draft-1", shows: button("Publish…"),
    dialogs: [{ opens: "Publish…", title: "Publish these prices?" }, { opens: "Drop…", title: "Drop this draft?" }],
  },
  { name: "businesses", address: "/operator/businesses", shows: row("Business Fern & Folk") },
  {
    name: "a business", address: "/operator/businesses/506914307656634", shows: button("Give credit"),
    dialogs: [{ opens: "Give credit", title: "Give promotional credit" }, { opens: "Credit line", title: "Credit line" }, { opens: "New cap", title: "New cap" }],
  },
  { name: "verifications", address: "/operator/verifications", shows: (page) => page.getByRole("cell", { name: "Harbour Coffee", exact: true }) },
  { name: "an application", address: "/operator/verifications/11", shows: button("Reject…"), dialogs: [{ opens: "Reject…", title: "Reject" }, { opens: "Ask for more…", title: /^Ask/ }] },
  { name: "templates", address: "/operator/templates?status=PENDING", shows: button("Approve order_ready"), dialogs: [{ opens: "Reject spring_offer", title: "Reject this template" }] },
  { name: "audit", address: "/operator/audit", shows: heading("Audit") },
  { name: "billing", address: "/manager/billing", shows: (page) => page.getByRole("meter").first(), dialogs: [{ opens: "New cap", title: "New cap" }] },
  { name: "billing, low balance", address: "/manager/billing", go: async (page) => page.getByRole("region", { name: "Low balance" }).getByRole("button", { name: "Change" }).click(), shows: (page) => page.getByRole("dialog", { name: "Low balance" }) },
  { name: "billing, empty", address: "/manager/billing", state: "empty", shows: heading("No caps") },
  { name: "own payments", address: "/manager/payments", shows: button("Remove Visa ending in 4242"), dialogs: [{ opens: "Top up", title: "Top up" }, { opens: "Add a method", title: "Add a payment method" }] },
  { name: "own invoices", address: "/manager/billing/invoices", shows: row(/^Invoice INV-/) },
  { name: "own invoice", address: "/manager/billing/invoices/inv_00000000000000000000000000000003", shows: button(/^Pay /), dialogs: [{ opens: /^Pay /, title: /^Pay INV/ }] },
  { name: "plan", address: "/manager/plan", shows: heading("Verified Max"), dialogs: [{ opens: "Change…: Verified Plus", title: "Change to Verified Plus" }, { opens: "Cancel…", title: "Cancel the plan" }] },
  { name: "refused sends", address: "/manager/messages", shows: (page) => page.getByRole("note", { name: "Sends are refused" }) },
];

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    test.describe(`${colorScheme}, ${width} px`, () => {
      test.use({ colorScheme, viewport: { width, height: 844 }, contextOptions: { reducedMotion: "reduce" } });
      for (const each of CASES) {
        test(each.name, async ({ page }) => {
          await page.addInitScript(() => {
            sessionStorage.setItem("plaza.manager-token", "mock");
            sessionStorage.setItem("plaza.operator-token", "mock");
          });
          await open(page, each.address, each.state);
          await each.go?.(page);
          await expect(each.shows(page).first()).toBeVisible();
          await judge(page);
          const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          expect(sideways, "the page scrolls sideways").toBe(0);
          for (const dialog of each.dialogs ?? []) {
            await button(dialog.opens)(page).click();
            await expect(page.getByRole("dialog", { name: dialog.title })).toBeVisible();
            await judge(page);
            await page.keyboard.press("Escape");
            await expect(page.getByRole("dialog")).toHaveCount(0);
          }
        });
      }
    });
  }
}
