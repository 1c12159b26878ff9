/** Ana and Ben, each in a browser of their own, on the real server. */
import { expect, test } from "@playwright/test";
import { comeIn, expectTicks, freshNumber, message, openConversation, write } from "../people";

test("two people talk, one is away for a while, nothing is lost", async ({ browser }) => {
  const anaContext = await browser.newContext();
  const benContext = await browser.newContext();
  const ana = await anaContext.newPage();
  let ben = await benContext.newPage();
  const anaNumber = freshNumber();
  const benNumber = freshNumber();

  await test.step("both come in", async () => {
    await comeIn(ana, "Ana", anaNumber);
    await comeIn(ben, "Ben", benNumber);
  });

  await test.step("the first message arrives, and is read", async () => {
    await openConversation(ana, benNumber);
    await write(ana, "Good morning, Ben");
    await expectTicks(ana, "Good morning, Ben", "Delivered");
    await ben.getByRole("link", { name: /Ana/ }).click();
    await expect(message(ben, "Good morning, Ben")).toBeVisible();
    await expectTicks(ana, "Good morning, Ben", "Read");
  });

  await test.step("the answer comes back", async () => {
    await write(ben, "Good morning! Coffee at nine?");
    await expect(message(ana, "Coffee at nine?")).toBeVisible();
    await expectTicks(ben, "Coffee at nine?", "Read");
  });

  await test.step("while Ben is away, what Ana writes is kept by the server", async () => {
    await ben.close();
    await write(ana, "I will be at the fountain");
    await write(ana, "And I bring the newspaper");
    await expectTicks(ana, "I will be at the fountain", "Sent");
    await expectTicks(ana, "And I bring the newspaper", "Sent");
  });

  await test.step("on his return it is delivered, and read when he looks", async () => {
    ben = await benContext.newPage();
    await ben.goto("/chat");
    await expect(ben.getByRole("link", { name: /Ana.*2 unread/ })).toBeVisible();
    await expectTicks(ana, "And I bring the newspaper", "Delivered");
    await ben.getByRole("link", { name: /Ana/ }).click();
    await expect(message(ben, "I will be at the fountain")).toBeVisible();
    await expect(message(ben, "And I bring the newspaper")).toBeVisible();
    await expectTicks(ana, "And I bring the newspaper", "Read");
  });

  await test.step("a reload loses nothing, in order", async () => {
    for (const page of [ana, ben]) {
      await page.reload();
      await expect(page.getByRole("log").getByRole("article")).toHaveCount(4);
      await expect(page.getByRole("log").getByRole("article")).toContainText([
        "Good morning, Ben",
        "Coffee at nine?",
        "I will be at the fountain",
        "And I bring the newspaper",
      ]);
    }
    await expectTicks(ana, "And I bring the newspaper", "Read");
  });

  await test.step("they go on after it", async () => {
    await write(ben, "On my way");
    await expect(message(ana, "On my way")).toBeVisible();
  });

  await anaContext.close();
  await benContext.close();
});

test("what is written without a connection leaves when it is back", async ({ browser }) => {
  const anaContext = await browser.newContext();
  const benContext = await browser.newContext();
  const ana = await anaContext.newPage();
  const ben = await benContext.newPage();
  const benNumber = freshNumber();
  await comeIn(ana, "Ana", freshNumber());
  await comeIn(ben, "Ben", benNumber);
  await openConversation(ana, benNumber);
  await write(ana, "Hello from the square");
  await expectTicks(ana, "Hello from the square", "Delivered");

  await anaContext.setOffline(true);
  await write(ana, "Written in the tunnel");
  await anaContext.setOffline(false);
  await expectTicks(ana, "Written in the tunnel", "Delivered");
  await ben.getByRole("link", { name: /Ana/ }).click();
  await expect(message(ben, "Written in the tunnel")).toBeVisible();
  await anaContext.close();
  await benContext.close();
});

test("a second tab waits, and can take over", async ({ context }) => {
  const first = await context.newPage();
  await comeIn(first, "Ana", freshNumber());
  const second = await context.newPage();
  await second.goto("/chat");
  await expect(second.getByRole("heading", { name: "Plaza is open in another tab" })).toBeVisible();
  await second.getByRole("button", { name: "Use it here" }).click();
  await expect(second.getByRole("heading", { name: "Conversations" })).toBeVisible();
  await expect(first.getByRole("heading", { name: "Plaza is open in another tab" })).toBeVisible();
});

test("a wrong code is refused with words, and the right one still works", async ({ page }) => {
  await page.goto("/chat");
  await page.getByLabel("Name").fill("Ana");
  await page.getByLabel("Phone number").fill(freshNumber());
  await page.getByRole("button", { name: "Send me a code" }).click();
  await page.getByLabel("Code", { exact: true }).fill("123456");
  await page.getByRole("button", { name: "Come in" }).click();
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await page.getByLabel("Code", { exact: true }).fill("000000");
  await page.getByRole("button", { name: "Come in" }).click();
  await expect(page.getByRole("heading", { name: "Conversations" })).toBeVisible();
});
