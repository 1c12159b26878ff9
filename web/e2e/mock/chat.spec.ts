/** The messenger's screens against the core that answers from memory: every state, by keyboard and by pointer. */
import { expect, test } from "@playwright/test";
import { expectTicks, message, write } from "../people";
import { open } from "./open";

test("signing up checks what is typed, and says where the code is", async ({ page }) => {
  await open(page, "/chat", "new");
  await page.getByRole("button", { name: "Send me a code" }).click();
  await expect(page.getByText("Write the name that others will see.")).toBeVisible();
  await page.getByLabel("Name").fill("Ana");
  await page.getByRole("button", { name: "Take a practice number" }).click();
  await page.getByRole("button", { name: "Send me a code" }).click();
  await expect(page.getByText("Practice numbers take 000000.")).toBeVisible();
  await page.getByLabel("Code", { exact: true }).fill("111111");
  await page.getByRole("button", { name: "Come in" }).click();
  await expect(page.getByRole("alert")).toContainText("4 tries left");
  await page.getByLabel("Code", { exact: true }).fill("000000");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Nobody here yet" }).or(page.getByRole("heading", { name: "Conversations" })).first()).toBeVisible();
});

test("Enter sends, Shift+Enter breaks the line, ticks move on, the answer is spoken", async ({ page }) => {
  await open(page, "/chat/cnv_ben");
  const field = page.getByRole("textbox", { name: "Message" });
  await field.fill("One");
  await field.press("Shift+Enter");
  await field.pressSequentially("two");
  await field.press("Enter");
  await expect(field).toHaveValue("");
  await expectTicks(page, "One", "Read");
  await expect(page.locator("[aria-live=polite]")).toContainText("Ben Okafor: Good, see you there.");
});

test("a draft stays with its conversation, over a reload too", async ({ page }) => {
  await open(page, "/chat/cnv_ben");
  await page.getByRole("textbox", { name: "Message" }).fill("Half a thought");
  await page.getByRole("link", { name: /Tulip Bakery/ }).click();
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("");
  await expect(page.getByRole("link", { name: /Ben Okafor.*Draft: Half a thought/ })).toBeVisible();
  await page.reload();
  await page.getByRole("link", { name: /Ben Okafor/ }).click();
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("Half a thought");
});

test("a failed message says why, and goes out on another try", async ({ page }) => {
  await open(page, "/chat/cnv_bakery");
  await expect(page.getByText("The bakery's number is not reachable right now.")).toBeVisible();
  await page.getByRole("button", { name: "Try again" }).click();
  await expectTicks(page, "fig jam", "Read");
});

test("a template shows its parts, and its answer", async ({ page }) => {
  await open(page, "/chat/cnv_bakery");
  const template = message(page, "Order 1742 is in the oven").first();
  await expect(template.getByText("Tulip Bakery, on the square since 1931")).toBeVisible();
  await expect(template.getByRole("button", { name: "Yes, deliver, your answer" })).toBeDisabled();
  await expect(template.getByRole("link", { name: "See the order" })).toHaveAttribute("href", "https://example.org/orders/1742");
  await expect(page.getByText("Business, hosted by Plaza")).toBeVisible();
});

test("messages are walked, answered and reacted to by keyboard", async ({ page }) => {
  await open(page, "/chat/cnv_ben");
  await expect(message(page, "blue basket")).toBeVisible();
  await page.getByRole("textbox", { name: "Message" }).press("ArrowUp");
  await page.keyboard.press("r");
  await expect(page.getByText("Answer to Ben Okafor")).toBeVisible();
  await write(page, "The blue one, yes");
  await expect(message(page, "The blue one, yes").getByText("mine has lost its handle")).toBeVisible();
  const last = message(page, "Perfect.").first();
  await last.focus();
  await page.keyboard.press("e");
  await page.getByRole("button", { name: "React with 👍" }).click();
  await expect(page.getByRole("log").getByText("from you").last()).toBeAttached();
});

test("older pages come at the top, under a line for what is new", async ({ page }) => {
  await open(page, "/chat/cnv_ben");
  await expect(page.getByRole("heading", { name: "New", exact: true })).toBeVisible();
  await page.getByRole("log").evaluate((element) => element.scrollTo({ top: -100_000 }));
  await expect(message(page, "Letter number 70 ")).toBeAttached();
  await page.getByRole("button", { name: /Newest|new$/ }).click();
  await expect(message(page, "blue basket")).toBeInViewport();
});

test("Ctrl+K goes to a conversation, ? lists the keys", async ({ page }) => {
  await open(page, "/chat");
  await expect(page.getByRole("link", { name: /Ben Okafor/ })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("chiara");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/cnv_chiara/);
  await page.getByRole("log").focus();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
});

test("a number that nobody has is refused with words", async ({ page }) => {
  await open(page, "/chat");
  await page.getByRole("button", { name: "New conversation" }).click();
  const dialog = page.getByRole("dialog", { name: "New conversation" });
  await dialog.getByLabel("Phone number").fill("030 1");
  await dialog.getByRole("button", { name: "Open conversation" }).click();
  await expect(dialog.getByRole("alert")).toContainText("country code");
  await dialog.getByLabel("Phone number").fill("+49 30 111111");
  await dialog.getByRole("button", { name: "Open conversation" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Nobody with this number");
});

test("the unread count stands in the title, and goes when it is read", async ({ page }) => {
  await open(page, "/chat");
  await expect(page).toHaveTitle("(2) Plaza");
  await page.getByRole("link", { name: /Ben Okafor/ }).click();
  await expect(page).toHaveTitle("Plaza");
});

test("offline is said, and another tab is offered", async ({ page }) => {
  await open(page, "/chat", "offline");
  await expect(page.getByText("You are offline.")).toBeVisible();
  await open(page, "/chat", "elsewhere");
  await page.getByRole("button", { name: "Use it here" }).click();
  await expect(page.getByRole("heading", { name: "Conversations" })).toBeVisible();
});

test("an address with a number opens its conversation", async ({ page }) => {
  await open(page, "/");
  await page.getByRole("link", { name: "Message Tulip Bakery" }).click();
  await expect(page).toHaveURL(/cnv_bakery/);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 } });
  test("one pane at a time, with a history", async ({ page }) => {
    await open(page, "/chat");
    await page.getByRole("link", { name: /Ben Okafor/ }).click();
    await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
    await expect(page.getByRole("heading", { name: "Conversations" })).toBeHidden();
    await page.goBack();
    await expect(page.getByRole("heading", { name: "Conversations" })).toBeVisible();
    await expect(page.getByRole("textbox", { name: "Message" })).toBeHidden();
  });
});
