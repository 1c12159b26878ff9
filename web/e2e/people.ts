/** What people do in a browser, by role and label: come in, open a conversation, write, read. */
import { expect } from "@playwright/test";
import type { Locator, Page } from "@playwright/test";

/** A number of the practice range that no other test has. */
export function freshNumber(): string {
  return `+9990000${String(Math.floor(Math.random() * 1_000_000)).padStart(6, "0")}`;
}

/** Registers somebody on /chat. */
export async function comeIn(page: Page, name: string, number: string): Promise<void> {
  await page.goto("/chat");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Phone number").fill(number);
  await page.getByRole("button", { name: "Send me a code" }).click();
  await page.getByLabel("Code", { exact: true }).fill("000000");
  await page.getByRole("button", { name: "Come in" }).click();
  await expect(page.getByRole("heading", { name: "Conversations" })).toBeVisible();
}

/** Opens a conversation by number. */
export async function openConversation(page: Page, number: string): Promise<void> {
  await page.getByRole("button", { name: "New conversation" }).first().click();
  const dialog = page.getByRole("dialog", { name: "New conversation" });
  await dialog.getByLabel("Phone number").fill(number);
  await dialog.getByRole("button", { name: "Open conversation" }).click();
  await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
}

/** Writes a message in the open conversation. */
export async function write(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByRole("textbox", { name: "Message" }).press("Enter");
}

/** A message of the open conversation, by its words. */
export function message(page: Page, text: string): Locator {
  return page.getByRole("log").getByRole("article").filter({ hasText: text });
}

/** Waits until a message has come so far. */
export async function expectTicks(page: Page, text: string, ticks: "Sent" | "Delivered" | "Read"): Promise<void> {
  await expect(message(page, text).getByText(ticks, { exact: true })).toBeAttached();
}
