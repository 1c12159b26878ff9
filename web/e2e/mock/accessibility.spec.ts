/**
 * # No page has a fault that axe knows, in light and in dark
 *
 * Each page says by what it is known to be complete, and axe looks only then: after that is there, nothing is loading,
 * the fonts have come and every animation has ended. The clock stands still, so a page shows the same on every day and
 * at every hour. Nothing is recorded meanwhile: the recorder would take a picture of each of axe's many steps.
 */
import { expect, test } from "@playwright/test";
import type { Locator, Page } from "@playwright/test";
import { message } from "../people";
import { judge } from "./axe";
import { open } from "./open";

/** Axe walks through every element, and another worker may hold the processor: time for both. */
const PATIENCE_MS = 240_000;

test.use({ trace: "off" });
test.describe.configure({ timeout: PATIENCE_MS });

type Case = { name: string; address: string; state?: string; width?: number; /** In the businesses' console. */ signedIn?: boolean; go?: (page: Page) => Promise<void>; shows: (page: Page) => Locator };

const heading = (name: string | RegExp) => (page: Page) => page.getByRole("heading", { name });
const dialog = (name: string | RegExp) => (page: Page) => page.getByRole("dialog", { name });
const press = (name: string) => async (page: Page) => page.getByRole("button", { name, exact: true }).first().click();

const CASES: Case[] = [
  { name: "front page", address: "/", shows: (page) => page.getByRole("link", { name: "Message Tulip Bakery" }) },
  { name: "sign-up", address: "/chat", state: "new", shows: (page) => page.getByRole("button", { name: "Send me a code" }) },
  { name: "no conversations", address: "/chat", state: "empty", shows: heading("Nobody here yet") },
  { name: "another tab", address: "/chat", state: "elsewhere", shows: heading("Plaza is open in another tab") },
  { name: "conversation", address: "/chat/cnv_ben", shows: (page) => message(page, "blue basket") },
  { name: "business, offline", address: "/chat/cnv_bakery", state: "offline", shows: (page) => message(page, "fig jam") },
  { name: "files, place, card", address: "/chat/cnv_chiara", shows: (page) => page.getByRole("button", { name: "Lunch, show large" }) },
  { name: "questions of a business", address: "/chat/cnv_market", shows: (page) => message(page, "tables this evening") },
  { name: "questions, on a phone", address: "/chat/cnv_market", width: 390, shows: (page) => message(page, "tables this evening") },
  { name: "suggestions", address: "/chat/cnv_city", shows: (page) => page.getByRole("button", { name: "Extend my loan" }) },
  { name: "list", address: "/chat/cnv_market", go: press("Choose a stall"), shows: dialog("Choose a stall") },
  {
    name: "shop",
    address: "/chat/cnv_market",
    go: async (page) => {
      await press("Order this")(page);
      await press("One more: Walnut loaf")(page);
    },
    shows: (page) => page.getByRole("status").filter({ hasText: "€8.40" }),
  },
  { name: "place", address: "/chat/cnv_market", go: press("Share a place"), shows: dialog("Share a place") },
  { name: "address", address: "/chat/cnv_market", go: press("Give an address"), shows: dialog("Give an address") },
  {
    name: "form with faults",
    address: "/chat/cnv_market",
    go: async (page) => {
      await press("Book a table")(page);
      await press("See free times")(page);
    },
    shows: (page) => page.getByText("This is needed.").first(),
  },
  { name: "form, on a phone", address: "/chat/cnv_market", width: 390, go: press("Tell us"), shows: dialog("How was it?") },
  {
    name: "estimate",
    address: "/manager/billing/estimate",
    signedIn: true,
    go: async (page) => {
      await page.getByLabel("Phone numbers").fill("+4915112345678, +447911123456");
      await press("Estimate")(page);
    },
    shows: heading("By market and price"),
  },
  { name: "estimate of markets, on a phone", address: "/manager/billing/estimate", width: 390, signedIn: true, go: async (page) => page.getByRole("radio", { name: "Markets" }).click(), shows: (page) => page.getByRole("button", { name: "Another market" }) },
  { name: "pay an invoice", address: "/manager/billing/invoices/inv_00000000000000000000000000000003", signedIn: true, go: async (page) => page.getByRole("button", { name: /^Pay / }).click(), shows: dialog(/^Pay INV/) },
  { name: "whom invoices name", address: "/manager/billing", signedIn: true, go: async (page) => page.getByRole("region", { name: "Invoices go to" }).getByRole("button").click(), shows: dialog("Invoices go to") },
  { name: "reminders", address: "/operator/reminders", signedIn: true, shows: (page) => page.getByText("Arcade Cinema") },
  { name: "steps, on a phone", address: "/operator/reminders", width: 390, signedIn: true, go: press("Change"), shows: dialog("Steps") },
  { name: "nobody gets mails", address: "/operator/reminders", state: "empty", signedIn: true, shows: heading("Everybody has paid") },
  { name: "invoice settings", address: "/operator/invoice-settings", signedIn: true, shows: (page) => page.getByText("BYLADEM1001") },
  { name: "tax rate, on a phone", address: "/operator/invoice-settings", width: 390, signedIn: true, go: press("New rate"), shows: dialog("New tax rate") },
  { name: "plan", address: "/manager/plan", signedIn: true, shows: heading("Verified Max") },
  { name: "plan, on a phone", address: "/manager/plan", width: 390, signedIn: true, shows: heading("Verified Max") },
  { name: "verification", address: "/manager/verification", signedIn: true, shows: heading("Send it in") },
  { name: "queue of verifications", address: "/operator/verifications", shows: (page) => page.getByRole("cell", { name: "Harbour Coffee", exact: true }) },
  { name: "review", address: "/operator/verifications/11", shows: heading("Harbour Coffee") },
  { name: "plans and subscribers", address: "/operator/plans", shows: (page) => page.getByRole("cell", { name: "Plaza Plus", exact: true }) },
  { name: "attach menu", address: "/chat/cnv_ben", go: press("Attach"), shows: (page) => page.getByRole("menuitem", { name: "Contact" }) },
  {
    name: "file before it goes",
    address: "/chat/cnv_ben",
    go: (page) => page.getByLabel("Files to send").setInputFiles({ name: "list.txt", mimeType: "text/plain", buffer: Buffer.from("olives") }),
    shows: dialog("Send a file"),
  },
  { name: "commands", address: "/chat/cnv_market", go: (page) => page.getByRole("textbox", { name: "Message" }).fill("/"), shows: (page) => page.getByRole("option").first() },
  { name: "a call comes in", address: "/chat/cnv_ben", state: "ringing", shows: (page) => page.getByRole("alertdialog", { name: "Tulip Bakery is calling" }) },
  {
    name: "a call without a microphone, on a phone",
    address: "/chat/cnv_bakery",
    state: "silent",
    width: 390,
    go: press("Call Tulip Bakery"),
    shows: (page) => page.getByText("Plaza may not use the microphone."),
  },
  { name: "in a call", address: "/chat/cnv_bakery", go: press("Call Tulip Bakery"), shows: (page) => page.getByText("In the call") },
  { name: "details", address: "/chat/cnv_market", go: press("About Square Market"), shows: (page) => page.getByRole("button", { name: "Block Square Market" }) },
  { name: "group", address: "/chat/cnv_club", shows: (page) => message(page, "Rye or wheat?") },
  { name: "group, details", address: "/chat/cnv_club", go: press("About Sourdough circle"), shows: (page) => page.getByRole("button", { name: "Leave Sourdough circle" }) },
  { name: "invitation, on a phone", address: "/g/open", width: 390, shows: (page) => page.getByRole("button", { name: "Join group" }) },
  { name: "invitation, asked", address: "/g/ask", go: press("Ask to join"), shows: (page) => page.getByRole("button", { name: "Take the request back" }) },
  { name: "revenue", address: "/operator/revenue?period=today&by=market_category", shows: (page) => page.getByRole("row", { name: "Charges of Spain, Marketing" }) },
  { name: "revenue by customer, as a table, on a phone", address: "/operator/revenue?period=30d&by=portfolio&view=table", width: 390, shows: (page) => page.getByRole("table", { name: "Revenue over time" }) },
  { name: "growth", address: "/operator/growth", shows: (page) => page.getByRole("region", { name: "Customers by the month of their first payment" }) },
  { name: "no growth", address: "/operator/growth", state: "empty", shows: heading("Nothing delivered in the last 90 days") },
  { name: "charges", address: "/operator/charges", shows: (page) => page.getByRole("row", { name: /why this price/ }).first() },
  { name: "charge", address: "/operator/charges/chg_1", shows: heading("Why this price?") },
  { name: "invoices", address: "/operator/invoices", shows: (page) => page.getByRole("row", { name: /^Invoice INV-/ }).first() },
  { name: "an invoice", address: "/operator/invoices/inv_00000000000000000000000000000001", shows: (page) => page.getByRole("button", { name: "Note a bank transfer…" }) },
  { name: "webhooks", address: "/operator/webhooks", shows: (page) => page.getByRole("row", { name: /^Delivery of/ }).first() },
  { name: "no webhooks", address: "/operator/webhooks", state: "empty", shows: heading("No events yet") },
  { name: "templates to review", address: "/operator/templates?status=PENDING", shows: (page) => page.getByRole("button", { name: "Approve order_ready" }) },
  { name: "operator: unpaid", address: "/operator/unpaid", shows: (page) => page.getByRole("row", { name: /^Business/ }).first() },
  { name: "operator: price books", address: "/operator/prices", shows: (page) => page.getByRole("row", { name: /^Price book/ }).first() },
  { name: "operator: payments", address: "/operator/payments", shows: (page) => page.getByRole("row", { name: "Entry from Tulip GmbH" }) },
  { name: "outbox", address: "/operator/outbox", shows: (page) => page.getByText("482913") },
  { name: "an error", address: "/operator/charges", state: "error", shows: (page) => page.getByRole("button", { name: "Try again" }) },
  { name: "manager: sign in", address: "/manager", shows: (page) => page.getByRole("button", { name: "Open as Tulip Bakery" }) },
  { name: "manager: numbers", address: "/manager/numbers", signedIn: true, shows: (page) => page.getByRole("row", { name: /^Tulip Garden/ }) },
  { name: "manager: a number", address: "/manager/numbers?number=106540352242944", signedIn: true, shows: dialog("Tulip Garden Café") },
  { name: "manager: billing", address: "/manager/billing", signedIn: true, shows: (page) => page.getByRole("meter", { name: "winter_breads, today" }) },
  { name: "manager: a new cap", address: "/manager/billing", signedIn: true, go: press("New cap"), shows: dialog("New cap") },
  { name: "settings", address: "/chat", go: press("Settings"), shows: (page) => page.getByRole("button", { name: "Try Plaza Plus" }) },
  {
    name: "settings in plum, on a phone",
    address: "/chat",
    width: 390,
    go: async (page) => {
      await page.evaluate(() => document.documentElement.setAttribute("data-accent", "plum"));
      await press("Settings")(page);
    },
    shows: (page) => page.getByRole("button", { name: "Buy Accent colours" }),
  },
  { name: "stickers", address: "/chat/cnv_ben", go: press("Stickers"), shows: (page) => page.getByRole("button", { name: "A pigeon in love" }) },
  {
    name: "stickers that were not bought, on a phone",
    address: "/chat/cnv_ben",
    width: 390,
    go: async (page) => {
      await press("Stickers")(page);
      await page.getByRole("tab", { name: "Market day, not yours yet" }).click();
    },
    shows: (page) => page.getByRole("button", { name: "See it in the settings" }),
  },
  { name: "operator: stickers", address: "/operator/stickers", shows: (page) => page.getByRole("img", { name: "A furious chili" }).first() },
  { name: "operator: purchases", address: "/operator/purchases", shows: (page) => page.getByRole("row", { name: "Purchase of themes" }) },
  { name: "operator: businesses", address: "/operator/businesses", shows: (page) => page.getByRole("row", { name: "Business Fern & Folk" }) },
  { name: "operator: money of a business", address: "/operator/businesses/506914307656634", shows: (page) => page.getByRole("button", { name: "Give credit" }) },
  { name: "manager: analytics", address: "/manager/analytics", signedIn: true, shows: (page) => page.getByRole("row", { name: /^Template winter_breads/ }) },
  { name: "manager: analytics, on a phone", address: "/manager/analytics?days=7", signedIn: true, width: 390, shows: (page) => page.getByRole("row", { name: /^Template winter_breads/ }) },
  { name: "manager: templates", address: "/manager/templates", signedIn: true, shows: (page) => page.getByRole("row", { name: /reject_lottery/ }) },
  { name: "manager: a template", address: "/manager/templates/200000000000003", signedIn: true, shows: (page) => page.getByText("Reason:") },
  { name: "manager: writing a template", address: "/manager/templates/200000000000001/edit", signedIn: true, go: press("Add a button"), shows: (page) => page.getByLabel("Button 3", { exact: true }) },
  {
    name: "manager: a template with faults",
    address: "/manager/templates/new",
    signedIn: true,
    go: press("Submit for review"),
    shows: (page) => page.getByText("A template needs a body."),
  },
  { name: "manager: messages", address: "/manager/messages", signedIn: true, shows: (page) => page.getByRole("row", { name: /order_confirmed/ }).first() },
  { name: "manager: messages, on a phone", address: "/manager/messages", signedIn: true, width: 390, shows: (page) => page.getByRole("row", { name: /order_confirmed/ }).first() },
  { name: "manager: a message's life", address: "/manager/messages/wamid.bWVzc2FnZS0wMDAzIQ", signedIn: true, shows: heading("Why this price") },
  { name: "manager: a delivery", address: "/manager/webhooks?delivery=whd_x", signedIn: true, shows: (page) => page.getByText("upstream is restarting").first() },
  { name: "manager: subscriptions", address: "/manager/webhooks?view=subscriptions", signedIn: true, shows: (page) => page.getByText("Its events go to the app's callback.") },
  { name: "manager: flows", address: "/manager/flows", signedIn: true, shows: (page) => page.getByRole("row", { name: /^Flow/ }).first() },
  { name: "manager: a flow", address: "/manager/flows/300000000000002", signedIn: true, shows: (page) => page.getByRole("region", { name: "Preview" }).getByRole("button", { name: "Send" }) },
  { name: "manager: groups", address: "/manager/groups", signedIn: true, shows: (page) => page.getByRole("row", { name: "Group Bread club" }) },
  { name: "manager: a group", address: "/manager/groups?group=cGxhemFfZ3JvdXA6Mjk0NzE4M1Y2", signedIn: true, shows: (page) => page.getByRole("region", { name: "Waiting: 2" }) },
  { name: "manager: QR codes", address: "/manager/qr-codes", signedIn: true, shows: (page) => page.getByRole("img", { name: /^QR code/ }).first() },
  { name: "manager: payments", address: "/manager/payments", signedIn: true, shows: (page) => page.getByRole("button", { name: "Remove Visa ending in 4242" }) },
  { name: "manager: a top-up", address: "/manager/payments", signedIn: true, go: press("Top up"), shows: dialog("Top up") },
  { name: "manager: keys", address: "/manager/keys", signedIn: true, shows: (page) => page.getByRole("row", { name: "Key The first token" }) },
  { name: "manager: a new key", address: "/manager/keys", signedIn: true, go: press("New key"), shows: dialog("New key") },
  { name: "manager: explorer", address: "/manager/explorer?call=send_template", signedIn: true, shows: (page) => page.getByLabel("The code", { exact: true }) },
  { name: "manager: explorer, on a phone", address: "/manager/explorer", signedIn: true, width: 390, shows: (page) => page.getByLabel("Call", { exact: true }) },
  { name: "manager: nothing yet", address: "/manager/messages", state: "empty", signedIn: true, shows: heading("No messages yet") },
  { name: "manager: an error", address: "/manager/templates", state: "error", signedIn: true, shows: (page) => page.getByRole("button", { name: "Try again" }) },
  { name: "no such page", address: "/nowhere", shows: heading(/./) },
];

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: "reduce" } });
    for (const each of CASES) {
      test(each.name, async ({ page }) => {
        if (each.width) await page.setViewportSize({ width: each.width, height: 844 });
        if (each.signedIn) await page.addInitScript(() => sessionStorage.setItem("plaza.manager-token", "mock"));
        await open(page, each.address, each.state);
        await each.go?.(page);
        await expect(each.shows(page).first()).toBeVisible();
        await judge(page);
      });
    }
  });
}
