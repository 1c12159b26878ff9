/** The bakery in its console, over the demo's traffic: a template, a message's life, its webhooks, keys, a flow, a code. */
import { expect, test } from "@playwright/test";
import type { Page } from "@playwright/test";
import { comeIn, freshNumber, message, openConversation } from "../people";

const TRAFFIC_MS = 60_000;

test.setTimeout(180_000);

/** A name that no other run has used. */
const fresh = (name: string): string => `${name}_${String(Math.floor(Math.random() * 1_000_000)).padStart(6, "0")}`;

async function signIn(page: Page): Promise<void> {
  await page.goto("/manager");
  await page.getByRole("button", { name: "Open as Tulip Bakery" }).click();
  await expect(page.getByRole("heading", { name: "Numbers", level: 1 })).toBeVisible();
}

test("a template is written, approved, sent from the explorer, and followed to its price", async ({ page, browser }) => {
  const number = freshNumber();
  const person = await (await browser.newContext()).newPage();
  await comeIn(person, "Ana", number);

  await signIn(page);
  await expect(page.getByRole("row", { name: /^Tulip Bakery/ })).toContainText("Can send");
  const name = fresh("table_free");
  await page.goto("/manager/templates/new");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Body").fill("Hello {{1}}, the table by the window is free at {{2}}. Shall we keep it?");
  await page.getByLabel("Example for {{1}}").fill("Ana");
  await page.getByLabel("Example for {{2}}").fill("seven");
  await expect(page.getByRole("region", { name: "Preview" })).toContainText("free at seven");
  await page.getByRole("button", { name: "Submit for review" }).click();
  await expect(page.getByRole("region", { name: "Review", exact: true })).toContainText("Approved");

  await page.getByRole("link", { name: "Send it" }).click();
  const body = page.getByLabel("Body");
  await expect(body).toHaveValue(new RegExp(name));
  await body.fill((await body.inputValue()).replace(/"to": "[^"]*"/, `"to": "${number}"`));
  await page.getByRole("button", { name: "Send the call" }).click();
  const answer = page.getByLabel("The answer", { exact: true });
  await expect(answer).toContainText("wamid.");
  const id = /wamid\.[\w-]+/.exec((await answer.textContent()) ?? "")?.[0] ?? "";

  await person.getByRole("link", { name: /Tulip Bakery/ }).click();
  await expect(message(person, "free at seven")).toBeVisible();
  await page.goto(`/manager/messages/${id}`);
  await expect(page.getByRole("region", { name: "What happened" })).toContainText("Read by the person", { timeout: TRAFFIC_MS });
  await expect(page.getByRole("region", { name: "Why this price" })).toContainText("List price");
  await page.getByRole("region", { name: "What happened" }).getByRole("link").first().click();
  const drawer = page.getByRole("dialog", { name: "Webhook delivery" });
  await expect(drawer.getByLabel("Body of the webhook", { exact: true })).toContainText(id);
  await expect(drawer.getByRole("region", { name: "Calls" })).toContainText("200", { timeout: TRAFFIC_MS });
  await drawer.getByRole("button", { name: "Send again" }).click();
  await expect(drawer.getByText("It is in the queue, and goes out next.")).toBeVisible();
});

test("what was sent stands in the analytics and counts against the limits, and a report against the rating", async ({ page, browser }) => {
  const person = await (await browser.newContext()).newPage();
  await comeIn(person, "Chiara", freshNumber());
  await openConversation(person, "+4930901820");
  await person.getByRole("textbox", { name: "Message" }).fill("When are you open? hours");
  await person.getByRole("textbox", { name: "Message" }).press("Enter");
  await expect(message(person, "We are open")).toBeVisible({ timeout: TRAFFIC_MS });
  await person.getByRole("button", { name: /^About/ }).click();
  const about = person.getByRole("dialog", { name: "About" });
  await about.getByRole("button", { name: "Stop advertising" }).click();
  await expect(about.getByRole("button", { name: "Let advertising in again" })).toBeVisible();
  await about.getByRole("button", { name: "Report Tulip Bakery" }).click();
  await expect(about.getByText("Thank you. It counts against this business")).toBeVisible();

  await signIn(page);
  await page.getByRole("row", { name: /^Tulip Bakery/ }).press("Enter");
  const drawer = page.getByRole("dialog", { name: "Tulip Bakery" });
  await expect(drawer.getByRole("region", { name: "Quality" })).toContainText(/reported it/, { timeout: TRAFFIC_MS });
  await expect(drawer.getByRole("meter", { name: "Management calls" })).toBeVisible();
  await page.goto("/manager/analytics?days=7");
  await expect(page.getByRole("img", { name: /Messages sent on each day/ })).toBeVisible();
  await expect(page.getByRole("region", { name: "Messages by day" }).getByRole("row")).toHaveCount(9);
});

test("a rejected template says so", async ({ page }) => {
  await signIn(page);
  await page.goto("/manager/templates/new");
  await page.getByLabel("Name").fill(fresh("reject_offer"));
  await page.getByLabel("Body").fill("You have won!");
  await page.getByRole("button", { name: "Submit for review" }).click();
  await expect(page.getByRole("region", { name: "Review", exact: true })).toContainText("Rejected");
});

test("the log is narrowed to a person", async ({ page, browser }) => {
  const number = freshNumber();
  const person = await (await browser.newContext()).newPage();
  await comeIn(person, "Ben", number);
  await openConversation(person, "+4930901820");
  await person.getByRole("textbox", { name: "Message" }).fill("When are you open? hours");
  await person.getByRole("textbox", { name: "Message" }).press("Enter");
  await expect(message(person, "We are open")).toBeVisible({ timeout: TRAFFIC_MS });

  await signIn(page);
  await page.goto("/manager/messages");
  await page.getByRole("searchbox", { name: "Person's number" }).fill(number);
  await page.getByRole("searchbox", { name: "Person's number" }).press("Enter");
  await expect(page).toHaveURL(/person=/);
  await expect(page.getByRole("row", { name: /^From Ben/ })).toHaveCount(1);
  await page.getByLabel("Way").selectOption("in");
  await expect(page.getByRole("row", { name: /^To Ben/ })).toHaveCount(0);
  await page.getByRole("row", { name: /^From Ben/ }).press("Enter");
  await expect(page.getByRole("region", { name: "What happened" })).toContainText("Received");
});

test("a key signs in until it is revoked", async ({ page, browser }) => {
  await signIn(page);
  await page.goto("/manager/keys");
  const name = fresh("Shop");
  await page.getByRole("button", { name: "New key" }).click();
  const dialog = page.getByRole("dialog", { name: "New key" });
  await dialog.getByLabel("What it is for").fill(name);
  await dialog.getByRole("checkbox", { name: /^Management/ }).check();
  await dialog.getByRole("button", { name: "Make the key" }).click();
  const token = (await dialog.getByLabel("New access token").textContent()) ?? "";
  await dialog.getByRole("button", { name: "I have it" }).click();

  const other = await (await browser.newContext()).newPage();
  await other.goto("/manager/numbers");
  await other.getByLabel("Access token").fill(token.trim());
  await other.getByRole("button", { name: "Sign in" }).click();
  await expect(other.getByRole("heading", { name: "Numbers", level: 1 })).toBeVisible();

  await page.getByRole("row", { name: `Key ${name}` }).click();
  await page.getByRole("button", { name: `Revoke ${name}` }).click();
  await expect(page.getByRole("row", { name: `Key ${name}` })).toHaveCount(0);
  await other.goto("/manager/keys");
  await expect(other.getByRole("button", { name: "Sign in with another token" })).toBeVisible();
});

test("a flow is made from the example, tried on the phone, and published", async ({ page }) => {
  await signIn(page);
  await page.goto("/manager/flows");
  await page.getByRole("button", { name: "New flow" }).first().click();
  await page.getByRole("dialog").getByLabel("Name").fill(fresh("Order"));
  await page.getByRole("dialog").getByRole("button", { name: "Make the flow" }).click();
  const phone = page.getByRole("region", { name: "Preview" });
  await phone.getByRole("radio", { name: "Walnut loaf" }).check();
  await phone.getByLabel("On which day").fill("2027-01-05");
  await phone.getByRole("button", { name: "Continue" }).click();
  await phone.getByLabel("Name on the bag").fill("Ana");
  await phone.getByRole("button", { name: "Order" }).click();
  await expect(phone.getByLabel("The answers", { exact: true })).toContainText("walnut");
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Publish/ }).click();
  await expect(page.getByText("Published", { exact: true })).toBeVisible();
});

test("a QR code leads into a conversation", async ({ page }) => {
  await signIn(page);
  await page.goto("/manager/qr-codes");
  const words = fresh("Do you have rolls");
  await page.getByRole("button", { name: "New code" }).first().click();
  await page.getByRole("dialog").getByLabel("First words").fill(words);
  await page.getByRole("dialog").getByRole("button", { name: "Make the code" }).click();
  const picture = page.getByRole("img", { name: `QR code: ${words}` });
  await expect(picture).toBeVisible();
  const address = (await picture.getAttribute("src")) ?? "";
  expect((await page.request.get(address)).headers()["content-type"]).toContain("svg");
  const led = await page.request.get(address.replace(".svg", ""), { maxRedirects: 0 });
  expect(led.headers()["location"]).toContain("/chat?to=");
});

test("the subscriptions say where events go", async ({ page }) => {
  await signIn(page);
  await page.goto("/manager/webhooks?view=subscriptions");
  await expect(page.getByText("Your app hears of it")).toBeVisible();
  await page.getByRole("radio", { name: "Deliveries" }).click();
  await expect(page.getByRole("row", { name: /^Delivery of messages/ }).first()).toBeVisible({ timeout: TRAFFIC_MS });
});
