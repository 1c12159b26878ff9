/** Beyond words: files, places and contacts; changing and deleting; commands, suggestions, and being left in peace. */
import { Buffer } from "node:buffer";
import { expect, test } from "@playwright/test";
import type { Page } from "@playwright/test";
import { expectTicks, message, write } from "../people";
import { open } from "./open";

const BEN = "/chat/cnv_ben";
const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=", "base64");

/** As somebody pastes or drops it: the browser makes the event, the test only its content. */
async function hand(page: Page, how: "paste" | "drop", name: string): Promise<void> {
  const bytes = [...PICTURE];
  await page.getByRole("textbox", { name: "Message" }).evaluate(
    (element, given) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(given.bytes)], given.name, { type: "image/png" }));
      if (given.how === "paste") element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      else for (const type of ["dragenter", "dragover", "drop"]) element.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    { how, name, bytes },
  );
}

test("files are chosen, looked at, and sent with words", async ({ page }) => {
  await open(page, BEN);
  await page.getByRole("button", { name: "Attach" }).click();
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("menuitem", { name: "Photo, film or file" }).click()]);
  await chooser.setFiles([
    { name: "square.png", mimeType: "image/png", buffer: PICTURE },
    { name: "list.txt", mimeType: "text/plain", buffer: Buffer.from("bread, olives") },
  ]);
  const dialog = page.getByRole("dialog", { name: "Send 2 files" });
  await expect(dialog.getByRole("img", { name: "Preview of square.png" })).toBeVisible();
  await dialog.getByLabel("Caption").fill("The shopping list");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(dialog).toBeHidden();
  await expectTicks(page, "The shopping list", "Read");
  await expect(page.getByRole("button", { name: "The shopping list, show large" })).toHaveCount(1);
  await expect(message(page, "list.txt")).toContainText("13 byte");
});

test("an empty file is not sent, and says why", async ({ page }) => {
  await open(page, BEN);
  await page.getByLabel("Files to send").setInputFiles({ name: "nothing.txt", mimeType: "text/plain", buffer: Buffer.from("") });
  const dialog = page.getByRole("dialog", { name: "Send a file" });
  await expect(dialog.getByText("nothing.txt is empty.")).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Send" })).toBeDisabled();
  await dialog.getByRole("button", { name: "Leave out nothing.txt" }).click();
  await expect(dialog).toBeHidden();
});

for (const how of ["paste", "drop"] as const) {
  test(`a picture comes by ${how}`, async ({ page }) => {
    await open(page, BEN);
    await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
    await hand(page, how, "view.png");
    const dialog = page.getByRole("dialog", { name: "Send a file" });
    await expect(dialog.getByRole("img", { name: "Preview of view.png" })).toBeVisible();
    await dialog.getByLabel("Caption").fill("From the bridge");
    await dialog.getByLabel("Caption").press("Enter");
    await expect(page.getByRole("button", { name: "From the bridge, show large" })).toBeVisible();
  });
}

test("a place and a contact are sent by keyboard alone", async ({ page }) => {
  await open(page, BEN);
  await page.getByRole("button", { name: "Attach" }).press("Enter");
  await page.getByRole("menuitem", { name: "Place" }).press("Enter");
  const place = page.getByRole("dialog", { name: "Send a place" });
  await place.getByLabel("Latitude").fill("52,5");
  await place.getByLabel("Longitude").fill("13.4");
  await place.getByLabel("Name").fill("By the old bridge");
  await page.keyboard.press("Enter");
  await expect(message(page, "By the old bridge")).toContainText("52.50000, 13.40000");

  await page.getByRole("button", { name: "Attach" }).press("Enter");
  await page.getByRole("menuitem", { name: "Contact" }).press("Enter");
  const contact = page.getByRole("dialog", { name: "Send a contact" });
  await contact.getByRole("button", { name: "Send this contact" }).click();
  await expect(contact.getByText("Write who this is.")).toBeVisible();
  await contact.getByRole("button", { name: /Chiara Rossi/ }).press("Enter");
  await expect(message(page, "Chiara Rossi").getByRole("link", { name: "Message Chiara Rossi" })).toBeVisible();
});

test("the arrow up changes the last message, Escape leaves it", async ({ page }) => {
  await open(page, BEN);
  await write(page, "At nine by the fountian");
  await expectTicks(page, "fountian", "Read");
  await page.getByRole("textbox", { name: "Message", exact: true }).press("ArrowUp");
  const field = page.getByRole("textbox", { name: "Your message" });
  await expect(field).toBeFocused();
  await expect(field).toHaveValue("At nine by the fountian");
  await field.press("Escape");
  await expect(page.getByRole("textbox", { name: "Message", exact: true })).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await field.fill("At nine by the fountain");
  await field.press("Enter");
  const changed = message(page, "At nine by the fountain");
  await expect(changed.getByText("edited")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Message", exact: true })).toHaveValue("");
  await changed.hover();
  await changed.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).press("Enter");
  await expect(field).toBeFocused();
});

test("a change that is refused says why, and keeps the words", async ({ page }) => {
  await open(page, BEN);
  await write(page, "Half past nine, then");
  await expectTicks(page, "Half past nine, then", "Read");
  await page.getByRole("textbox", { name: "Message", exact: true }).press("ArrowUp");
  await page.getByRole("textbox", { name: "Your message" }).fill("refuse me");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "It is too late to change this message." })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Your message" })).toHaveValue("refuse me");
});

test("a message is deleted after a question, by keyboard and from its menu", async ({ page }) => {
  await open(page, BEN);
  const own = message(page, "I ordered the bread for tomorrow");
  await own.focus();
  await page.keyboard.press("Delete");
  const dialog = page.getByRole("dialog", { name: "Delete this message?" });
  await dialog.getByRole("button", { name: "Keep it" }).click();
  await expect(own).toBeVisible();
  await own.hover();
  await own.getByRole("button", { name: "More" }).click();
  await expect(page.getByRole("menuitem", { name: "Edit" })).toHaveCount(0);
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(own).toBeHidden();
  await expect(message(page, "You deleted this message")).toBeVisible();
});

test("a business's suggestions begin a conversation, and go with the first words", async ({ page }) => {
  await open(page, "/chat/cnv_city");
  await page.getByRole("button", { name: "Extend my loan" }).click();
  await expectTicks(page, "Extend my loan", "Read");
  await expect(page.getByRole("list", { name: "Ways to begin" })).toBeHidden();
});

test("a slash lists what a business understands", async ({ page }) => {
  await open(page, "/chat/cnv_market");
  const field = page.getByRole("textbox", { name: "Message" });
  await field.pressSequentially("/");
  await expect(page.getByRole("option")).toHaveCount(3);
  await field.press("ArrowDown");
  await expect(page.getByRole("option", { name: /\/help/ })).toHaveAttribute("aria-selected", "true");
  await field.press("Enter");
  await expect(field).toHaveValue("/help ");
  await field.press("Enter");
  await expect(message(page, "/help")).toBeVisible();
});

test("who is blocked is not written to, and can be unblocked", async ({ page }) => {
  await open(page, BEN);
  await page.getByRole("button", { name: "About Ben Okafor" }).click();
  await page.getByRole("button", { name: "Block Ben Okafor" }).click();
  await expect(page.getByRole("button", { name: "Unblock Ben Okafor" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByText("You have blocked Ben Okafor.")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveCount(0);
  await page.getByRole("button", { name: "Unblock" }).click();
  await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
});
