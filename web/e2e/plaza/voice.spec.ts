/** A voice message: recorded in the browser, discarded or sent, and heard by the business as one. */
import { expect, test } from "@playwright/test";
import config from "../../playwright.config";
import { Business } from "../business";
import { comeIn, freshNumber, openConversation, write } from "../people";

const options = config.use?.launchOptions;

// A microphone that plays a tone.
test.use({ launchOptions: { ...options, args: [...(options?.args ?? []), "--use-fake-device-for-media-stream"] } });

/** How the files that browsers record begin, in hexadecimal: Ogg, MP4 (behind its first length), WebM. */
const BEGINNINGS: Record<string, RegExp> = { "audio/ogg": /^4f676753/, "audio/mp4": /^.{8}66747970/, "audio/webm": /^1a45dfa3/ };

test("Ana discards one recording, and the business hears the next", async ({ browser, request }, info) => {
  const business = await Business.open(request, "Tulip");
  const context = await browser.newContext();
  await context.grantPermissions(["microphone"]);
  const page = await context.newPage();
  await comeIn(page, "Ana", freshNumber());
  await openConversation(page, business.number);
  const recording = page.getByRole("group", { name: "Recording" });

  await page.getByRole("button", { name: "Record a voice message" }).click();
  await expect(recording.getByRole("button", { name: "Send the recording" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(recording).toHaveCount(0);
  await expect(page.getByRole("log").getByRole("article")).toHaveCount(0);

  await page.getByRole("button", { name: "Record a voice message" }).click();
  await expect(recording.getByRole("timer")).toHaveText("0:02");
  await info.attach("recording", { body: await page.screenshot(), contentType: "image/png" });
  await recording.getByRole("button", { name: "Send the recording" }).click();
  await expect(recording).toHaveCount(0);
  await expect(page.getByRole("log").getByLabel("Voice message", { exact: true })).toBeAttached();
  await info.attach("sent", { body: await page.screenshot(), contentType: "image/png" });

  // What is written after it comes after it: by then nothing else can have come.
  await write(page, "Did you hear that?");
  await expect.poll(() => business.messages.map((each) => each["type"]), { message: "the business hears both" }).toEqual(["audio", "text"]);
  const audio = business.messages[0]?.["audio"] as { id: string; mime_type: string; voice: boolean };
  expect(audio.voice).toBe(true);
  const file = await business.file(audio.id);
  expect(file.mime_type).toBe(audio.mime_type);
  const kind = audio.mime_type.split(";")[0] ?? "";
  expect(file.bytes.subarray(0, 8).toString("hex")).toMatch(BEGINNINGS[kind] ?? /^a kind that browsers record$/);
  expect(file.bytes.length, "two seconds of a tone").toBeGreaterThan(2000);
  business.close();
});

test("without a microphone it says what to do", async ({ browser, request }) => {
  const business = await Business.open(request, "Tulip");
  const page = await (await browser.newContext({ permissions: [] })).newPage();
  await comeIn(page, "Ana", freshNumber());
  await openConversation(page, business.number);
  await page.getByRole("button", { name: "Record a voice message" }).click();
  await expect(page.getByRole("alert")).toHaveText("No microphone: allow it for this page, or plug one in.");
  await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
  business.close();
});
