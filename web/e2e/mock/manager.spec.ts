/** The business's console against answers from memory: signing in, and each page with its four states. */
import { expect, test } from "@playwright/test";
import type { Page } from "@playwright/test";
import { open } from "./open";

/** Opens a page of somebody who is signed in. */
async function openAs(page: Page, address: string, state = "full"): Promise<void> {
  await page.addInitScript(() => sessionStorage.setItem("plaza.manager-token", "mock"));
  await open(page, address, state);
}

test("the demo's business is opened without a token, and left again", async ({ page }) => {
  await open(page, "/manager");
  await page.getByRole("button", { name: "Open as Tulip Bakery" }).click();
  await expect(page.getByRole("heading", { name: "Numbers", level: 1 })).toBeVisible();
  await expect(page).toHaveURL(/\/manager\/numbers$/);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Numbers", level: 1 })).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("Access token")).toBeVisible();
});

test("elsewhere the token is asked for, and never stands in an address", async ({ page }) => {
  await open(page, "/manager/keys", "plain");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toHaveText("Paste an access token of your app.");
  await page.getByLabel("Access token").fill("PLZsecret");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "API keys", level: 1 })).toBeVisible();
  expect(page.url()).not.toContain("secret");
});

test("a number says what keeps it from sending", async ({ page }) => {
  await openAs(page, "/manager/numbers");
  await page.getByRole("row", { name: /^Tulip Garden Café/ }).press("Enter");
  await expect(page).toHaveURL(/number=/);
  const drawer = page.getByRole("dialog", { name: "Tulip Garden Café" });
  await expect(drawer.getByRole("note")).toContainText("The number is not verified.");
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/number=/);
});

test("a number shows how it is rated, and how much of its limits is used", async ({ page }) => {
  await openAs(page, "/manager/numbers?number=106540352242944");
  const drawer = page.getByRole("dialog", { name: "Tulip Garden Café" });
  const quality = drawer.getByRole("region", { name: "Quality" });
  await expect(quality).toContainText("Medium");
  await expect(quality).toContainText("4 people blocked this number, 3 of them within a day.");
  const limits = drawer.getByRole("region", { name: "Limits" });
  await expect(limits.getByRole("meter", { name: "People written to first" })).toHaveAttribute("aria-valuetext", "231 of 250 in 24 hours");
  await expect(limits.getByRole("meter", { name: "Registrations" })).toHaveAttribute("aria-valuenow", "10");
  await expect(limits).toContainText("No limit on this server");
  await expect(limits.getByRole("listitem").filter({ hasText: "Messages to one person" })).toContainText("131056");
});

test("analytics tell what became of messages, and what they cost", async ({ page }) => {
  await openAs(page, "/manager/analytics");
  await expect(page.getByRole("img", { name: /Messages sent on each day/ })).toBeVisible();
  const days = page.getByRole("region", { name: "Messages by day" });
  await expect(days.getByRole("row")).toHaveCount(31);
  await page.getByRole("radio", { name: "7 days" }).click();
  await expect(page).toHaveURL(/days=7/);
  await expect(days.getByRole("row")).toHaveCount(8);
  await expect(page.getByRole("img", { name: "Cost in EUR by country; the same figures stand in the table below" })).toBeVisible();
  await expect(page.getByRole("row", { name: /^Marketing Germany/ })).toContainText("€47.50");
  const file = page.waitForEvent("download");
  await page.getByRole("button", { name: "CSV" }).click();
  expect((await file).suggestedFilename()).toBe("messages-7-days.csv");
  await page.getByRole("row", { name: "Template order_confirmed, en" }).press("Enter");
  await expect(page.getByRole("heading", { name: "order_confirmed", level: 1 })).toBeVisible();
  await expect(page.getByText("High", { exact: true })).toBeVisible();
});

test("templates are narrowed, and a rejected one says why", async ({ page }) => {
  await openAs(page, "/manager/templates");
  await page.getByRole("radio", { name: "Rejected" }).click();
  await expect(page).toHaveURL(/status=REJECTED/);
  await page.getByRole("row", { name: /reject_lottery/ }).click();
  await expect(page.getByRole("region", { name: "Review", exact: true })).toContainText("It promises a prize and presses for an answer.");
  await expect(page.getByRole("region", { name: "Preview" })).toContainText("You have won, Ana!");
  await page.goBack();
  await page.getByRole("searchbox", { name: "Name or text" }).fill("nothing like it");
  await page.getByRole("searchbox", { name: "Name or text" }).press("Enter");
  await expect(page.getByRole("heading", { name: "No such template" })).toBeVisible();
});

test("a template is written with the phone beside it", async ({ page }) => {
  await openAs(page, "/manager/templates/new");
  const phone = page.getByRole("region", { name: "Preview" });
  await page.getByRole("button", { name: "Submit for review" }).click();
  await expect(page.getByText("A template needs a body.")).toBeVisible();
  await page.getByLabel("Name").fill("table_free");
  await page.getByLabel("Body").fill("Hello {{1}}, a table is free at *{{2}}*. Shall we keep it?");
  await expect(phone).toContainText("Hello {{1}}");
  await page.getByLabel("Example for {{1}}").fill("Ana");
  await page.getByLabel("Example for {{2}}").fill("seven");
  await expect(phone).toContainText("Hello Ana, a table is free at seven.");
  await expect(phone.locator("strong")).toHaveText("seven");
  await page.getByRole("button", { name: "Add a button" }).click();
  await page.getByLabel("Label").fill("Yes, please");
  await expect(phone).toContainText("Yes, please");
  await expect(page.getByLabel("The request", { exact: true })).toContainText('"body_text"');
  await page.getByRole("button", { name: "Submit for review" }).click();
  await expect(page.getByRole("heading", { name: "table_free" })).toBeVisible();
});

test("a template is edited, and deleted", async ({ page }) => {
  await openAs(page, "/manager/templates/200000000000003");
  await page.getByRole("link", { name: "Edit" }).click();
  await expect(page.getByLabel("Name")).toBeDisabled();
  await page.getByLabel("Body").fill("Until Sunday, {{1}}, two loaves cost as much as one.");
  await page.getByRole("button", { name: "Submit for review" }).click();
  await expect(page.getByRole("region", { name: "Preview" })).toContainText("Until Sunday, Ana,");
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Delete reject_lottery/ }).click();
  await expect(page.getByRole("heading", { name: "Templates", level: 1 })).toBeVisible();
  await expect(page.getByRole("row", { name: /reject_lottery/ })).toHaveCount(0);
});

test("the log of messages is narrowed in the address, and leads to a message's life", async ({ page }) => {
  await openAs(page, "/manager/messages");
  await page.getByLabel("State").selectOption("read");
  await page.getByLabel("Way").selectOption("out");
  await expect(page).toHaveURL(/status=read/);
  await expect(page).toHaveURL(/direction=out/);
  await page.reload();
  await expect(page.getByLabel("State")).toHaveValue("read");
  await page.getByRole("row", { name: /Template order_confirmed, read/ }).first().press("Enter");
  await expect(page.getByRole("heading", { name: "Template order_confirmed" })).toBeVisible();
  const steps = page.getByRole("region", { name: "What happened" }).getByRole("listitem");
  await expect(steps.first()).toContainText("Accepted");
  await expect(page.getByRole("region", { name: "What happened" })).toContainText("the endpoint answered 503 instead of 200");
  await expect(page.getByRole("region", { name: "Why this price" })).toContainText("the number starts with 49");
  await page.getByRole("link", { name: /127\.0\.0\.1/ }).first().click();
  await expect(page.getByRole("dialog", { name: "Webhook delivery" })).toBeVisible();
});

test("a delivery shows each call with its answer, and is sent again", async ({ page }) => {
  await openAs(page, "/manager/webhooks");
  await page.getByRole("radio", { name: "Waiting" }).click();
  await page.getByRole("row", { name: /^Delivery of messages, pending/ }).first().click();
  const drawer = page.getByRole("dialog", { name: "Webhook delivery" });
  await expect(drawer.getByText("upstream is restarting").first()).toBeVisible();
  await expect(drawer.getByLabel("Body of the webhook", { exact: true })).toContainText("whatsapp_business_account");
  await drawer.getByRole("button", { name: "Send again" }).click();
  await expect(drawer.getByText("It is in the queue, and goes out next.")).toBeVisible();
});

test("an account gets a callback of its own, and gives it back", async ({ page }) => {
  await openAs(page, "/manager/webhooks?view=subscriptions");
  await page.getByRole("button", { name: "Set an address for this account" }).click();
  const dialog = page.getByRole("dialog", { name: "Where events of this account go" });
  await dialog.getByLabel("Callback address").fill("https://example.org/hook");
  await dialog.getByLabel("Verify token").fill("tulip");
  await dialog.getByRole("button", { name: "Verify and save" }).click();
  await expect(page.getByText("https://example.org/hook")).toBeVisible();
  await page.getByRole("button", { name: "Use the app's callback" }).click();
  await expect(page.getByText("Its events go to the app's callback.")).toBeVisible();
});

test("a key is shown once, and taken back", async ({ page }) => {
  await openAs(page, "/manager/keys");
  await page.getByRole("button", { name: "New key" }).click();
  const dialog = page.getByRole("dialog", { name: "New key" });
  await dialog.getByLabel("What it is for").fill("Shop window");
  await dialog.getByRole("button", { name: "Make the key" }).click();
  await expect(dialog.getByLabel("New access token")).toHaveText("PLZ-this-is-shown-once-Zz01");
  await dialog.getByRole("button", { name: "I have it" }).click();
  await page.getByRole("row", { name: "Key Shop window" }).click();
  await page.getByRole("button", { name: "Revoke Shop window" }).click();
  await expect(page.getByRole("row", { name: "Key Shop window" })).toHaveCount(0);
  await page.getByRole("row", { name: "Key The first token" }).click();
  await expect(page.getByText("You are signed in with this key.")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Revoke/ })).toHaveCount(0);
});

test("the explorer writes the code and shows the answer", async ({ page }) => {
  await openAs(page, "/manager/explorer");
  await page.getByRole("button", { name: "Send buttons" }).click();
  await expect(page).toHaveURL(/call=send_buttons/);
  await expect(page.getByLabel("The code", { exact: true })).toContainText("curl -X POST");
  await page.getByRole("radio", { name: "Python (pywa)" }).click();
  await expect(page.getByLabel("The code", { exact: true })).toContainText('Button(title="Yes, please", callback_data="yes")');
  await page.getByLabel("Body").fill("{");
  await expect(page.getByRole("button", { name: "Send the call" })).toBeDisabled();
  await page.getByRole("button", { name: "Send a text" }).click();
  await page.getByRole("button", { name: "Send the call" }).click();
  await expect(page.getByLabel("The answer", { exact: true })).toContainText("wamid.");
});

test("a flow runs on the phone beside its JSON", async ({ page }) => {
  await openAs(page, "/manager/flows");
  await page.getByRole("row", { name: /^Flow How was it/ }).click();
  const phone = page.getByRole("region", { name: "Preview" });
  await phone.getByRole("button", { name: "Send" }).click();
  await expect(phone.getByText("This is needed.").first()).toBeVisible();
  await phone.getByRole("radio", { name: "Good", exact: true }).check();
  await phone.getByRole("button", { name: "Send" }).click();
  await expect(phone.getByLabel("The answers", { exact: true })).toContainText("good");
  await page.getByLabel("The document").fill('{"screens": [');
  await expect(page.getByRole("button", { name: "Save" })).toBeDisabled();
  await expect(phone).toContainText("The form appears here");
});

test("the preview of a flow runs without signing in", async ({ page }) => {
  await open(page, "/flow-preview/7001/1790000000-abc");
  const phone = page.getByRole("region", { name: "Preview" });
  await phone.getByRole("radio", { name: "Good", exact: true }).check();
  await phone.getByRole("button", { name: "Send" }).click();
  await expect(phone.getByLabel("The answers", { exact: true })).toContainText("good");
});

test("a QR code is made, and deleted after a question", async ({ page }) => {
  await openAs(page, "/manager/qr-codes");
  await page.getByRole("button", { name: "New code" }).click();
  await page.getByRole("dialog").getByLabel("First words").fill("Do you have rolls?");
  await page.getByRole("dialog").getByRole("button", { name: "Make the code" }).click();
  await expect(page.getByRole("img", { name: "QR code: Do you have rolls?" })).toBeVisible();
  await page.getByRole("button", { name: /^Delete the code NEW/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Delete NEW/ }).click();
  await expect(page.getByRole("img", { name: "QR code: Do you have rolls?" })).toHaveCount(0);
});

test("a group lets people in, or not, and gets another link", async ({ page }) => {
  await openAs(page, "/manager/groups");
  await page.getByRole("row", { name: "Group Bread club" }).click();
  await expect(page).toHaveURL(/group=/);
  const drawer = page.getByRole("dialog", { name: "Bread club" });
  const waiting = drawer.getByRole("region", { name: "Waiting: 2" });
  await waiting.getByRole("button", { name: "Let +999 000 000 103 in" }).click();
  await expect(drawer.getByRole("region", { name: "In the group: 3 of 8" })).toContainText("IT.68219");
  await drawer.getByRole("button", { name: /^Refuse/ }).click();
  await expect(drawer.getByRole("region", { name: "Waiting" })).toContainText("Nobody waits to be let in.");
  await expect(drawer.getByRole("region", { name: "In the group: 3 of 8" })).toBeVisible();
  const link = drawer.getByRole("region", { name: "Invite link" });
  await expect(link).toContainText("/g/Q7x2");
  await expect(link.getByRole("button", { name: "Copy invite link" })).toBeVisible();
  await link.getByRole("button", { name: "New link" }).click();
  await link.getByRole("button", { name: "Keep it" }).click();
  await expect(link).toContainText("/g/Q7x2");
  await link.getByRole("button", { name: "New link" }).click();
  await link.getByRole("button", { name: "Replace it" }).click();
  await expect(link).toContainText("/g/anew");
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/group=/);
  await page.getByRole("button", { name: "New group" }).click();
  await page.getByLabel("Subject").fill("Sunday run");
  await page.getByRole("button", { name: "Make the group" }).click();
  await expect(page.getByRole("row", { name: "Group Sunday run" })).toBeVisible();
});

for (const [address, heading] of [
  ["numbers", "No numbers yet"],
  ["templates", "No templates yet"],
  ["messages", "No messages yet"],
  ["analytics", "Nothing sent yet"],
  ["webhooks", "No events yet"],
  ["flows", "No flows yet"],
  ["groups", "No groups yet"],
  ["qr-codes", "No codes yet"],
  ["keys", "No keys"],
] as const) {
  test(`${address}: an empty list says what it is for, an error what to do`, async ({ page }) => {
    await openAs(page, `/manager/${address}`, "empty");
    await expect(page.getByRole("heading", { name: heading })).toBeVisible();
    await openAs(page, `/manager/${address}`, "error");
    await expect(page.getByRole("alert")).toContainText("The database did not answer in time.");
    await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
  });
}
