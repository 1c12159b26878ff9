/**
 * The pictures of the README and of docs/, taken from a running demo: light, dark, and as on a phone. Those of money need
 * `PLAZA_BIN`: a server of their own, whose clock is moved.
 */
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import type { Page } from "@playwright/test";
import { OwnServer } from "./server";
import { comeIn, expectTicks, freshNumber, message, openConversation, write } from "./people";

const FOLDER = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

test.use({ viewport: DESKTOP, deviceScaleFactor: 1 });
test.setTimeout(120_000);

/** Takes a page in its three looks, without leaving it. */
async function pictures(page: Page, name: string): Promise<void> {
  await page.addStyleTag({ content: "*{caret-color:transparent!important}" });
  for (const [look, colorScheme, size] of [["light", "light", DESKTOP], ["dark", "dark", DESKTOP], ["phone", "light", PHONE]] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize(size);
    await page.evaluate(() => document.fonts.ready);
    await page.waitForLoadState("networkidle").catch(() => undefined);
    await page.screenshot({ path: `${FOLDER}${name}-${look}.png`, animations: "disabled" });
  }
  await page.setViewportSize(DESKTOP);
}

test("front", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "On the square today" })).toBeVisible();
  await pictures(page, "front");
});

test("chat", async ({ page, browser }) => {
  const benNumber = freshNumber();
  const benContext = await browser.newContext();
  const ben = await benContext.newPage();
  await comeIn(ben, "Ben Okafor", benNumber);
  await comeIn(page, "Ana Duarte", freshNumber());

  const world = (await (await page.request.get("/demo/api/world")).json()) as { businesses: { number: string }[] };
  const bakery = world.businesses[0]?.number;
  if (bakery) {
    await openConversation(page, bakery);
    await write(page, "Good afternoon! Is there a walnut loaf left for tomorrow?");
    await expect(page.getByRole("log").getByRole("article")).not.toHaveCount(1, { timeout: 30_000 });
  }
  await openConversation(page, benNumber);
  await write(page, "Are you going to the market on Saturday? They have the good olives again.");
  await ben.getByRole("link", { name: /Ana Duarte/ }).click();
  await write(ben, "Only if we go early. By eleven the square is so full that you cannot hear the fountain any more.");
  await write(page, "Nine, then?");
  await write(page, "At the corner with the arcade, next to the flower stall");
  await expectTicks(page, "At the corner with the arcade", "Read");
  await write(ben, "Perfect. Save me the chair that looks at the clock.");
  await expect(page.getByRole("log").getByText("Perfect.")).toBeVisible();
  await write(page, "I ordered the bread, we can pick it up on the way");
  await expectTicks(page, "I ordered the bread", "Read");
  await pictures(page, "chat");
  await benContext.close();
});

test("stickers", async ({ page, browser }) => {
  const benNumber = freshNumber();
  const benContext = await browser.newContext();
  const ben = await benContext.newPage();
  await comeIn(ben, "Ben Okafor", benNumber);
  await comeIn(page, "Ana Duarte", freshNumber());
  await openConversation(page, benNumber);
  await write(page, "The square at nine?");
  await ben.getByRole("link", { name: /Ana Duarte/ }).click();
  const picker = page.getByRole("dialog", { name: "Stickers" });
  for (const seen of ["A pigeon with a cup of coffee", "A pigeon in love"]) {
    await page.getByRole("button", { name: "Stickers", exact: true }).click();
    // It opens with what was sent last.
    await picker.getByRole("tab", { name: "Pigeon of the square" }).click();
    await picker.getByRole("button", { name: seen }).click();
    await expect(page.getByRole("log").getByRole("img", { name: `Sticker: ${seen}` })).toBeVisible();
  }
  await write(ben, "I bring the rolls.");
  await expect(page.getByRole("log").getByText("I bring the rolls.")).toBeVisible();
  await page.getByRole("button", { name: "Stickers", exact: true }).click();
  await picker.getByRole("tab", { name: "Pigeon of the square" }).click();
  await expect(picker.getByRole("button", { name: "A pigeon waves hello" })).toBeVisible();
  await pictures(page, "stickers");
  await benContext.close();
});

test("manager", async ({ page, browser }) => {
  const number = freshNumber();
  const ana = await (await browser.newContext()).newPage();
  await comeIn(ana, "Ana Duarte", number);
  const world = (await (await page.request.get("/demo/api/world")).json()) as { businesses: { number: string }[] };
  await openConversation(ana, world.businesses[0]?.number ?? "");
  await write(ana, "Good morning! I would like to order a walnut loaf.");
  await expect(message(ana, "is ready at the counter")).toBeVisible({ timeout: 60_000 });

  await page.goto("/manager");
  await page.getByRole("button", { name: /^Open as/ }).click();
  await page.goto("/manager/messages");
  await page.getByRole("row", { name: /^To Ana Duarte, Template/ }).first().click();
  await expect(page.getByRole("region", { name: "What happened" })).toContainText("Read by the person", { timeout: 60_000 });
  await pictures(page, "manager-message");
  await page.goto("/manager/templates");
  await page.getByRole("row", { name: /^Template order_confirmed/ }).first().click();
  await page.getByRole("link", { name: "Edit" }).click();
  await expect(page.getByRole("region", { name: "Preview" })).toContainText("is ready at the counter");
  await pictures(page, "manager-template");
  await page.goto("/manager/analytics?days=7");
  await expect(page.getByRole("img", { name: /Messages sent on each day/ })).toBeVisible();
  await pictures(page, "manager-analytics");
  await page.goto("/manager/numbers");
  await page.getByRole("row", { name: /^Tulip Bakery/ }).first().press("Enter");
  await expect(page.getByRole("region", { name: "Limits" })).toBeVisible();
  await pictures(page, "manager-number");
  await page.goto("/manager/webhooks");
  await expect(page.getByRole("row", { name: /^Delivery of messages/ }).first()).toBeVisible();
  await pictures(page, "manager-webhooks");
});

test("operator", async ({ page }) => {
  await page.goto("/operator/revenue?period=today");
  await expect(page.getByRole("img", { name: /over time/ })).toBeVisible({ timeout: 60_000 });
  await pictures(page, "operator");
});

test("money", async ({ page }) => {
  test.setTimeout(300_000);
  const plaza = await OwnServer.start();
  await plaza.seller();
  const names = ["Tulip Bakery", "City Library", "Arcade Cinema"];
  const businesses = [];
  for (const [n, name] of names.entries()) {
    const business = await plaza.open(name, `+493090182${n}0`);
    await plaza.buyer(business, name, "500.00");
    businesses.push(business);
  }
  const ana = await plaza.person("Ana");
  // A month of ups and downs: less at weekends.
  for (let day = 0; day < 33; day += 1) {
    for (const [n, business] of businesses.entries()) {
      const messages = Math.max(1, Math.round((3 - n) * (day % 7 > 4 ? 0.4 : 1)));
      for (let sent = 0; sent < messages; sent += 1) await plaza.post(business, ana);
    }
    await plaza.pass(1);
  }
  await plaza.send("POST", "/operator/api/invoices/close", plaza.operator, { period: "2026-11", early: true });
  const { data } = (await plaza.send("GET", "/operator/api/price-books", plaza.operator)) as { data: { price_book_id: string; currency: string; kind: string }[] };
  const book = data.find((each) => each.currency === "EUR" && each.kind === "list")?.price_book_id ?? "";
  const { versions } = (await plaza.send("GET", `/operator/api/price-books/${book}`, plaza.operator)) as { versions: { price_version_id: string }[] };
  const headers = { Authorization: `Bearer ${plaza.operator}` };
  const file = await (await plaza.request.get(`/operator/api/price-books/${book}/export?version=${versions.at(-2)?.price_version_id}`, { headers })).text();
  const raised = file.replaceAll(/^2026-10-01,[^,]*,/gm, "2027-04-01,,").replace(/(Other,EUR,marketing,0,)[\d.]+/, "$10.0599").replace(/(Germany,EUR,utility,0,)[\d.]+/, "$10.0452");
  const made = await plaza.request.post(`/operator/api/price-books/${book}/drafts`, { headers, data: raised });
  const draft = ((await made.json()) as { price_version_id: string }).price_version_id;

  await plaza.console(page, "operator", plaza.operator);
  await page.goto(`${plaza.url}/operator/prices/${book}/drafts/${draft}?view=preview&period=202611`);
  await expect(page.getByRole("img", { name: /would have been/ })).toBeVisible();
  await pictures(page, "operator-prices");
  await page.goto(`${plaza.url}/operator/growth`);
  await expect(page.getByRole("img", { name: /Paid traffic/ })).toBeVisible();
  await pictures(page, "operator-growth");
  await page.goto(`${plaza.url}/operator/unpaid`);
  await expect(page.getByRole("row", { name: "Business Tulip Bakery" })).toBeVisible();
  await pictures(page, "operator-unpaid");
  await page.getByRole("row", { name: "Business Tulip Bakery" }).press("Enter");
  await expect(page.getByRole("table", { name: "Invoices of the business" })).toBeVisible();
  await pictures(page, "operator-customer");
  await page.getByRole("row", { name: /^Invoice INV/ }).first().press("Enter");
  await expect(page.getByRole("table", { name: "Lines of the invoice" })).toBeVisible();
  await pictures(page, "operator-invoice");
  await plaza.stop();
});

test("payments", async ({ page, browser }) => {
  test.setTimeout(300_000);
  const plaza = await OwnServer.start();
  await plaza.seller();
  const ana = await plaza.person("Ana");
  const names = ["Tulip Bakery", "City Library", "Arcade Cinema", "North Clinic"];
  const businesses = [];
  for (const [n, name] of names.entries()) {
    const business = await plaza.open(name, `+493090183${n}0`);
    await plaza.buyer(business, name, "50.00");
    businesses.push(business);
  }
  const tulip = businesses[0] ?? (await plaza.open("Tulip Bakery", "+4930901849"));
  const business = (path: string): string => `/operator/api/businesses/${tulip.business_id}/${path}`;
  // The sales of the built-in store: a month each, of some months ago.
  const store = await browser.newContext({ baseURL: plaza.url });
  const buyer = await store.newPage();
  await comeIn(buyer, "Ben Okafor", freshNumber());
  await buyer.getByRole("button", { name: "Settings" }).click();
  const settings = buyer.getByRole("dialog", { name: "Settings" });
  await settings.getByRole("button", { name: "Buy Accent colours" }).click();
  await expect(settings.getByText("Yours for good.").first()).toBeVisible();
  await store.close();
  await plaza.send("POST", business("promo"), plaza.operator, { amount: "5.00", days: 90, note: "Welcome", key: "welcome" });
  await plaza.send("POST", business("caps"), plaza.operator, { scope: "portfolio", period: "month", limit: "25.00", action: "block" });

  await plaza.console(page, "manager", tulip.access_token);
  await page.goto(`${plaza.url}/manager/payments`);
  for (const card of ["A card that pays", "A card that is declined when it pays"]) {
    await page.getByRole("button", { name: "Add a method" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Card").selectOption(card);
    await dialog.getByRole("button", { name: "Add it" }).click();
    await expect(dialog).toBeHidden();
  }
  for (const [card, amount, end] of [[0, "80.00", "It is on your balance."], [1, "30.00", "No money was taken"], [0, "40.00", "It is on your balance."]] as const) {
    await page.getByRole("button", { name: "Top up" }).click();
    const dialog = page.getByRole("dialog", { name: "Top up" });
    await dialog.getByLabel("Amount in EUR").fill(amount);
    await dialog.getByLabel("Pay with").selectOption({ index: card });
    await dialog.getByRole("button", { name: `Pay ${amount} EUR` }).click();
    await expect(page.getByRole("dialog").getByText(end)).toBeVisible();
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  }
  for (let day = 0; day < 12; day += 1) {
    for (const [n, each] of businesses.entries()) {
      for (let sent = 0; sent < Math.max(1, 9 - 2 * n - (day % 4)); sent += 1) await plaza.post(each, ana);
    }
    await plaza.pass(1);
  }
  await page.goto(`${plaza.url}/manager/billing`);
  for (const [limit, period] of [["2.00", "A day"], ["20.00", "A month"]] as const) {
    await page.getByRole("button", { name: "New cap" }).click();
    const dialog = page.getByRole("dialog", { name: "New cap" });
    await dialog.getByLabel("At most, in EUR").fill(limit);
    await dialog.getByLabel("In", { exact: true }).selectOption(period);
    await dialog.getByRole("button", { name: "Set the cap" }).click();
    await expect(dialog).toBeHidden();
  }
  for (let sent = 0; sent < 20; sent += 1) await plaza.post(tulip, ana);
  await page.reload();
  await expect(page.getByRole("meter").first()).toBeVisible();
  await pictures(page, "manager-billing");
  await page.goto(`${plaza.url}/manager/payments`);
  await expect(page.getByRole("row", { name: "Payment of €80.00" })).toBeVisible();
  await pictures(page, "manager-payments");
  await page.goto(`${plaza.url}/manager/plan`);
  await page.getByRole("button", { name: /: Verified$/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Begin the trial" }).click();
  await expect(page.getByRole("region", { name: "Your plan" })).toContainText("Trial");
  await pictures(page, "manager-plan");

  await plaza.console(page, "operator", plaza.operator);
  await page.goto(`${plaza.url}/operator/revenue?period=30d&by=portfolio`);
  await expect(page.getByRole("img", { name: /by part/ })).toBeVisible();
  await pictures(page, "operator-customers");
  await page.goto(`${plaza.url}/operator/payments`);
  await expect(page.getByRole("table", { name: "What app stores owe" })).toBeVisible();
  await pictures(page, "operator-payments");
  await plaza.stop();
});
