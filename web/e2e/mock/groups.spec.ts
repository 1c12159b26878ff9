/** Groups against the core that answers from memory: the invitation, who is in it, and the way out. */
import { expect, test } from "@playwright/test";
import { message, write } from "../people";
import { open } from "./open";

test("an invite link shows what it leads to before anything happens", async ({ page }) => {
  await open(page, "/g/open");
  const dialog = page.getByRole("dialog", { name: "Join this group?" });
  await expect(dialog.getByRole("heading", { name: "Sourdough circle II" })).toBeVisible();
  await expect(dialog.getByText("Managed by Tulip Bakery")).toBeVisible();
  await expect(dialog.getByText("3 people are in it")).toBeVisible();
  await expect(dialog.getByText("The keys of Tulip Bakery are kept by Plaza")).toBeVisible();
  await dialog.getByRole("button", { name: "Not now" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("link", { name: /Sourdough circle II/ })).toHaveCount(0);
});

test("joining opens the group, and what one writes is there", async ({ page }) => {
  await open(page, "/g/open");
  await page.getByRole("button", { name: "Join group" }).click();
  await expect(page).toHaveURL(/\/chat\/cnv_join_open$/);
  await expect(page.getByRole("log").getByText("You joined the group.")).toBeVisible();
  await write(page, "Hello, bakers");
  await expect(message(page, "Hello, bakers")).toBeVisible();
});

test("where the manager approves one asks, and can take it back", async ({ page }) => {
  await open(page, "/g/ask");
  await page.getByRole("button", { name: "Ask to join" }).click();
  await expect(page.getByRole("status").filter({ hasText: "You have asked to be let in" })).toBeVisible();
  await page.getByRole("button", { name: "Take the request back" }).click();
  await expect(page.getByRole("button", { name: "Ask to join" })).toBeVisible();
});

test("a full group takes nobody, and a link that was replaced leads nowhere", async ({ page }) => {
  await open(page, "/g/full");
  await expect(page.getByText("The group is full just now.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Join group" })).toBeDisabled();
  await open(page, "/g/replaced");
  await expect(page.getByRole("alert")).toContainText("This invite link leads nowhere.");
});

test("a group says who speaks, who is in it, and who can read along", async ({ page }) => {
  await open(page, "/chat/cnv_club");
  await expect(page.getByText("You, Ben Okafor", { exact: false }).first()).toBeVisible();
  await expect(page.getByRole("log").getByText("Chiara Rossi joined.")).toBeVisible();
  // Once where it was said, once where it is quoted.
  await expect(message(page, "Rye or wheat?")).toHaveCount(2);
  await page.getByRole("button", { name: "About Sourdough circle" }).click();
  const dialog = page.getByRole("dialog", { name: "About this group" });
  await expect(dialog.getByRole("region", { name: "Members" }).getByRole("listitem")).toHaveCount(4);
  await expect(dialog.getByText("Tulip Bakery manages the group")).toBeVisible();
});

test("leaving is asked twice, and what was said stays", async ({ page }) => {
  await open(page, "/chat/cnv_club");
  await page.getByRole("button", { name: "About Sourdough circle" }).click();
  await page.getByRole("button", { name: "Leave Sourdough circle" }).click();
  await page.getByRole("button", { name: "Stay" }).click();
  await page.getByRole("button", { name: "Leave Sourdough circle" }).click();
  await page.getByRole("button", { name: "Leave the group" }).click();
  await expect(page.getByText("You are no longer in this group. What was said")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveCount(0);
  // Once where it was said, once where it is quoted.
  await expect(message(page, "Rye or wheat?")).toHaveCount(2);
});
