/** Messages of every kind: what they show, what can be done with them, and what stands there afterwards. */
import { expect, test } from "@playwright/test";
import type { Locator, Page } from "@playwright/test";
import { expectTicks, message } from "../people";
import { open } from "./open";

const MARKET = "/chat/cnv_market";
const FRIEND = "/chat/cnv_chiara";

/** The last message that has these words: an answer quotes its question. */
function asked(page: Page, words: string): Locator {
  return message(page, words).first();
}

test.describe("from a friend", () => {
  test("a picture opens large; one that did not arrive comes at another try", async ({ page }) => {
    await open(page, FRIEND);
    // Pictures are fetched when they come near.
    await asked(page, "The square, ten minutes ago").scrollIntoViewIfNeeded();
    await page.getByRole("button", { name: "The square, ten minutes ago, show large" }).click();
    const large = page.getByRole("dialog", { name: "The square, ten minutes ago" });
    await expect(large.getByRole("img")).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(large).toBeHidden();
    await expect(page.getByText("The file did not arrive whole.")).toBeAttached();
    await page.getByRole("button", { name: "Try again to open the photo" }).click();
    await expect(page.getByRole("button", { name: "Photo, show large" })).toBeVisible();
  });

  test("a document is handed out under its name, a recording has a player, a lost film says so", async ({ page }) => {
    await open(page, FRIEND);
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download Second movement, viola.txt" }).click()]);
    expect(file.suggestedFilename()).toBe("Second movement, viola.txt");
    await page.getByRole("log").evaluate((element) => element.scrollTo({ top: -100_000 }));
    await expect(page.getByLabel("Voice message", { exact: true })).toBeAttached();
    await expect(page.getByText("The server no longer has this file. Ask for it again.")).toBeVisible();
  });

  test("a place and a card are shown without asking anybody else", async ({ page }) => {
    const elsewhere: string[] = [];
    page.on("request", (request) => {
      if (!/^(http:\/\/127\.0\.0\.1|blob:|data:)/.test(request.url())) elsewhere.push(request.url());
    });
    await open(page, FRIEND);
    await expect(asked(page, "Rehearsal room").getByRole("link", { name: "Open in a map app" })).toHaveAttribute("href", /^geo:52\.5163,13\.3777/);
    const card = asked(page, "Dimitri Petrov");
    await card.getByText("2 more").click();
    await expect(card.getByText("javascript:alert(1)")).toBeVisible();
    await expect(card.getByRole("link", { name: "javascript:alert(1)" })).toHaveCount(0);
    await card.getByRole("link", { name: "Message Dimitri Petrov" }).click();
    await expect(page).toHaveURL(/cnv_dimitri/);
    expect(elsewhere).toEqual([]);
  });

  test("changed and deleted messages say so", async ({ page }) => {
    await open(page, FRIEND);
    await expect(asked(page, "Bring the score, and a pencil.").getByText("edited")).toBeVisible();
    await expect(message(page, "This message was deleted")).toBeVisible();
    await expect(message(page, "You deleted this message")).toBeVisible();
  });
});

test.describe("from a business", () => {
  test("a button answers once", async ({ page }) => {
    await open(page, MARKET);
    const question = asked(page, "The last figs");
    await question.getByRole("button", { name: "Yes, keep it" }).click();
    await expect(question.getByRole("button", { name: "Yes, keep it, your answer" })).toBeDisabled();
    await expect(question.getByRole("button", { name: "No, thank you" })).toBeDisabled();
    await expectTicks(page, "Yes, keep it", "Read");
  });

  test("a row of a list is found, chosen, and shown", async ({ page }) => {
    await open(page, MARKET);
    await page.getByRole("button", { name: "Choose a stall" }).click();
    const dialog = page.getByRole("dialog", { name: "Choose a stall" });
    await dialog.getByRole("searchbox", { name: "Find in the list" }).fill("olive");
    await expect(dialog.getByRole("listitem")).toHaveCount(1);
    await dialog.getByRole("button", { name: /Olive Otto/ }).press("Enter");
    await expect(dialog).toBeHidden();
    await expect(page.getByRole("button", { name: "Olive Otto, your answer" })).toBeDisabled();
  });

  test("two products make an order with exact money", async ({ page }) => {
    await open(page, MARKET);
    const question = asked(page, "For your breakfast.");
    await question.getByRole("button", { name: "See the products" }).click();
    const shop = page.getByRole("dialog", { name: "Order from Square Market" });
    await expect(shop.getByRole("button", { name: "Send the order" })).toBeDisabled();
    await shop.getByRole("button", { name: "Add Roll" }).click();
    await shop.getByRole("textbox", { name: "Quantity of Roll" }).fill("3");
    await shop.getByRole("button", { name: "Add Fig jam" }).click();
    await expect(shop.getByRole("status")).toContainText("€7.85");
    await shop.getByRole("button", { name: "Send the order" }).click();
    await expect(shop).toBeHidden();
    await expect(message(page, "3 × Roll")).toContainText("€7.85");
    await expect(question.getByText("You ordered here")).toBeVisible();
  });

  test("pictures of products are fetched only when somebody asks", async ({ page }) => {
    const asked: string[] = [];
    await page.route("https://shop.example/**", (route) => {
      asked.push(route.request().url());
      return route.abort();
    });
    await open(page, MARKET);
    await page.getByRole("button", { name: "Order this" }).click();
    expect(asked).toEqual([]);
    const answered = page.waitForRequest("https://shop.example/**");
    await page.getByRole("button", { name: "Show pictures from the business's own server" }).click();
    await answered;
  });

  test("a place is shared from the device, with its consent, or typed", async ({ page, context }) => {
    await context.grantPermissions(["geolocation"]);
    await context.setGeolocation({ latitude: 52.5, longitude: 13.4 });
    await open(page, MARKET);
    await page.getByRole("button", { name: "Share a place" }).click();
    const dialog = page.getByRole("dialog", { name: "Share a place" });
    await dialog.getByRole("button", { name: "Send this place" }).click();
    await expect(dialog.getByText("From -90 to 90")).toBeVisible();
    await dialog.getByRole("button", { name: "Use where I am" }).click();
    await expect(dialog.getByLabel("Latitude")).toHaveValue("52.500000");
    await dialog.getByLabel("Name").fill("By the fountain");
    await dialog.getByRole("button", { name: "Send this place" }).click();
    await expect(dialog).toBeHidden();
    await expect(message(page, "By the fountain")).toContainText("52.50000, 13.40000");
    await expect(page.getByRole("button", { name: "You shared a place, your answer" })).toBeDisabled();
  });

  test("an address shows what was wrong, and checks what is typed", async ({ page }) => {
    await open(page, MARKET);
    await page.getByRole("button", { name: "Give an address" }).click();
    const dialog = page.getByRole("dialog", { name: "Give an address" });
    await expect(dialog.getByText("We do not deliver to this PIN code.")).toBeVisible();
    await dialog.getByLabel("PIN code").fill("40006");
    await dialog.getByRole("button", { name: "Send the address" }).click();
    await expect(dialog.getByText("A PIN code has six digits.")).toBeVisible();
    await dialog.getByLabel("PIN code").fill("400063");
    await dialog.getByLabel("Phone number").fill("+91 98765 43210");
    await dialog.getByLabel("Street and area").fill("Arcade Street 5");
    await dialog.getByLabel("City").fill("Mumbai");
    await dialog.getByRole("button", { name: "Send the address" }).click();
    await expect(dialog).toBeHidden();
    await message(page, "Address given").getByText("What was sent").click();
    await expect(message(page, "Address given")).toContainText("400063");
  });

  test("an address that the business has is given with one choice", async ({ page }) => {
    await open(page, MARKET);
    await page.getByRole("button", { name: "Give an address" }).click();
    const dialog = page.getByRole("dialog", { name: "Give an address" });
    await dialog.getByRole("radio", { name: /Ana Paz/ }).check();
    await dialog.getByRole("button", { name: "Send the address" }).click();
    await expect(page.getByRole("button", { name: "You gave an address, your answer" })).toBeDisabled();
  });

  test("calls are allowed for a week", async ({ page }) => {
    await open(page, MARKET);
    await page.getByRole("button", { name: "Allow calls for a week" }).click();
    await expect(page.getByText("You allowed calls for a week")).toBeVisible();
    await expect(page.getByRole("button", { name: "No calls" })).toHaveCount(0);
    await page.getByRole("button", { name: "Change your answer" }).click();
    await page.getByRole("button", { name: "No calls" }).click();
    await expect(page.getByText("You declined calls")).toBeVisible();
    await expect(page.getByRole("link", { name: "Call the stall" })).toHaveAttribute("href", "tel:+4930555020");
  });

  test("cards are leafed through, and one of them answers", async ({ page }) => {
    await open(page, MARKET);
    const cards = asked(page, "Three things of this week");
    await cards.getByRole("button", { name: "Next card" }).click();
    await expect(cards.getByText("2 of 3")).toBeVisible();
    await cards.getByRole("listitem", { name: "Card 2 of 3" }).getByRole("button", { name: "Remind me" }).click();
    await expect(cards.getByRole("listitem", { name: "Card 2 of 3" }).getByRole("button", { name: "Remind me, your answer" })).toBeDisabled();
    await expect(cards.getByRole("button", { name: "Remind me, your answer" })).toHaveCount(1);
  });

  test("an order to pay for has its lines, its sums and no sum of its own", async ({ page }) => {
    await open(page, MARKET);
    const order = asked(page, "Your order is ready to be paid.");
    await expect(order.getByRole("row", { name: "Total €16.94" })).toBeVisible();
    await expect(order.getByRole("row", { name: /2 × Walnut loaf €8.40/ })).toBeVisible();
    await expect(order.getByRole("row", { name: "Neighbours -€1.00" })).toBeVisible();
    await expect(order.getByRole("link", { name: "Pay on the business's page" })).toHaveAttribute("rel", "noopener noreferrer");
    await expect(asked(page, "The bicycle has left the square.")).toContainText("On its way");
  });

  test("an offer says when it ends, its buttons do what they say, a strange address does not open", async ({ page, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await open(page, MARKET);
    const offer = asked(page, "Two for one");
    await expect(offer.getByText("Ends in 2 hr")).toBeVisible();
    await offer.getByRole("button", { name: "Copy the code" }).click();
    await expect(offer.getByText("Copied")).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("AUTUMN2");
    await offer.getByRole("button", { name: "Share my number" }).click();
    await expect(offer.getByRole("button", { name: "You shared your number" })).toBeDisabled();
    await expect(offer.getByText("Look into the future: not possible here yet")).toBeVisible();
    const strange = asked(page, "Somebody wrote a strange address here.");
    await expect(strange.getByRole("link")).toHaveCount(0);
    await expect(strange.getByText("Win a prize: this is no web address")).toBeVisible();
    await expect(page.getByRole("link", { name: "See the map" })).toHaveAttribute("href", "https://example.org/map");
  });
});

test.describe("a form", () => {
  test("runs over three pages with its endpoint, and its answer stands in the conversation", async ({ page }) => {
    await open(page, MARKET);
    await page.getByRole("button", { name: "Book a table" }).click();
    const form = page.getByRole("dialog");
    await expect(form.getByText("Good afternoon, Ana. When would you like to come?")).toBeVisible();
    await form.getByRole("button", { name: "See free times" }).click();
    await expect(form.getByText("This is needed.")).toHaveCount(2);
    await expect(form.getByLabel("How many")).toBeFocused();
    await form.getByLabel("How many").selectOption("9 people");
    await form.getByLabel(/Outside/).check();
    await form.getByLabel(/Blankets, please/).check();
    await form.getByRole("button", { name: "See free times" }).click();
    await expect(form.getByText("We have no table for nine. Two tables of four and five?")).toBeVisible();
    await form.getByLabel("How many").selectOption("4 people");
    await form.getByLabel("Name", { exact: true }).press("Enter");
    await expect(form.getByRole("heading", { name: "Free times" })).toBeVisible();
    await form.getByRole("button", { name: "19:30" }).click();
    await form.getByRole("button", { name: "Continue" }).click();
    await expect(form.getByText("Ana, 4 people")).toBeVisible();
    await form.getByRole("button", { name: "Page before" }).click();
    await expect(form.getByRole("button", { name: "19:30" })).toHaveAttribute("aria-pressed", "true");
    await form.getByRole("button", { name: "Continue" }).click();
    await form.getByLabel("I will call if I cannot come").check();
    await form.getByRole("button", { name: "Book", exact: true }).click();
    await expect(form).toBeHidden();
    await message(page, "Form filled in").getByText("What was sent").click();
    await expect(message(page, "Form filled in")).toContainText("A4");
    await expect(page.getByRole("button", { name: "Filled in, your answer" })).toBeDisabled();
  });

  test("that is kept on the server opens too; what is not known leaves a note", async ({ page }) => {
    await open(page, MARKET);
    await page.getByRole("button", { name: "Tell us" }).click();
    const form = page.getByRole("dialog", { name: "How was it?" });
    await expect(form.getByText("this version of Plaza cannot show it yet")).toBeVisible();
    await form.getByLabel("Good", { exact: true }).check();
    await form.getByLabel("The crust").check();
    await form.getByRole("button", { name: "Send" }).click();
    await expect(message(page, "Form filled in")).toBeVisible();
  });
});
