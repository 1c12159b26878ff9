/** Real calls: Ana in her browser, and a business whose endpoint is a peer in another; what they hear is counted. */
import { expect, test } from "@playwright/test";
import type { Browser, BrowserContext, Page } from "@playwright/test";
import config from "../../playwright.config";
import { Business, connect, describe, received, watchPeers } from "../business";
import { comeIn, freshNumber, openConversation, write } from "../people";

const options = config.use?.launchOptions;

// A microphone that plays a tone, and media over the loopback.
test.use({ launchOptions: { ...options, args: [...(options?.args ?? []), "--use-fake-device-for-media-stream", "--allow-loopback-in-peer-connection"] } });

/** A page that may use the microphone, or may not. */
async function browserOf(browser: Browser, mayHear: boolean): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext();
  if (mayHear) await context.grantPermissions(["microphone"]);
  const page = await context.newPage();
  await watchPeers(page);
  return { context, page };
}

async function bothHear(ana: Page, endpoint: Page): Promise<void> {
  await expect.poll(() => received(ana), { message: "Ana hears the business" }).toBeGreaterThan(0);
  await expect.poll(() => received(endpoint), { message: "the business hears Ana" }).toBeGreaterThan(0);
}

const call = (page: Page) => page.getByRole("region", { name: "Call with Tulip" });

test("Ana calls a business, both hear each other, and she hangs up", async ({ browser, request }) => {
  const business = await Business.open(request, "Tulip");
  const { page: ana } = await browserOf(browser, true);
  const { page: endpoint } = await browserOf(browser, true);
  await endpoint.goto("/");
  await comeIn(ana, "Ana", freshNumber());
  await openConversation(ana, business.number);
  await ana.getByRole("button", { name: "Call Tulip" }).click();
  await expect(call(ana).getByRole("status")).toHaveText("Ringing…");

  const offer = await business.hears("connect");
  expect(offer.direction).toBe("USER_INITIATED");
  const sdp = await describe(endpoint, offer.session?.sdp ?? "");
  const session = { sdp_type: "answer", sdp };
  await business.act({ action: "pre_accept", call_id: offer.id, session });
  await business.act({ action: "accept", call_id: offer.id, session });
  await expect(call(ana).getByRole("status")).toHaveText("In the call");
  await bothHear(ana, endpoint);

  await call(ana).getByRole("button", { name: "Hang up" }).click();
  const end = await business.hears("terminate");
  expect(end.status).toBe("COMPLETED");
  expect(business.words()).toEqual(["connect", "terminate"]);
  await expect(ana.getByRole("log").getByText(/^Voice call, /)).toBeVisible();
  business.close();
});

test("a business that was allowed to calls Ana, she picks up, and it hangs up", async ({ browser, request }) => {
  const business = await Business.open(request, "Tulip");
  const { page: ana } = await browserOf(browser, true);
  const { page: endpoint } = await browserOf(browser, true);
  await endpoint.goto("/");
  const number = freshNumber();
  await comeIn(ana, "Ana", number);
  await openConversation(ana, business.number);
  await write(ana, "Could you call me?");
  const ask = {
    messaging_product: "whatsapp", to: number, type: "interactive",
    interactive: { type: "call_permission_request", body: { text: "May we call you?" }, action: { name: "call_permission_request" } },
  };
  const asked = async (): Promise<boolean> => (await request.post(`/v23.0/${business.phone}/messages`, { headers: { Authorization: `Bearer ${business.token}` }, data: ask })).ok();
  await expect.poll(asked, { message: "the window opens" }).toBe(true);
  await ana.getByRole("button", { name: "Allow calls for a week" }).click();
  await expect.poll(() => business.replies).toContainEqual(expect.objectContaining({ type: "call_permission_reply", call_permission_reply: expect.objectContaining({ response: "accept" }) }));

  const sdp = await describe(endpoint, null);
  const placed = await business.act({ action: "connect", to: number, session: { sdp_type: "offer", sdp } });
  expect(placed["calls"]).toHaveLength(1);
  await ana.getByRole("alertdialog", { name: "Tulip is calling" }).getByRole("button", { name: "Accept" }).click();
  const answer = await business.hears("connect");
  await connect(endpoint, answer.session?.sdp ?? "");
  await expect(call(ana).getByRole("status")).toHaveText("In the call");
  await bothHear(ana, endpoint);

  await business.act({ action: "terminate", call_id: answer.id });
  await expect(call(ana).getByRole("status")).toHaveText("The call has ended.");
  await business.hears("terminate");
  expect(business.words()).toEqual(["RINGING", "connect", "ACCEPTED", "terminate"]);
  business.close();
});

test("Ana declines, and without a microphone she is told what to do", async ({ browser, request }) => {
  const business = await Business.open(request, "Tulip");
  const { page: ana } = await browserOf(browser, false);
  const { page: endpoint } = await browserOf(browser, true);
  await endpoint.goto("/");
  const number = freshNumber();
  await comeIn(ana, "Ana", number);
  await openConversation(ana, business.number);
  await ana.getByRole("button", { name: "Call Tulip" }).click();
  await expect(call(ana).getByRole("status")).toContainText("Plaza may not use the microphone.");
  expect(business.calls).toEqual([]);

  // Who calls back is asked for the microphone too, and can decline without one.
  await business.post(`${business.phone}/settings`, { calling: { callback_permission_status: "ENABLED" } });
  await ana.context().grantPermissions(["microphone"]);
  await ana.getByRole("button", { name: "Call Tulip" }).click();
  const offer = await business.hears("connect");
  await business.act({ action: "reject", call_id: offer.id });
  await expect(call(ana).getByRole("status")).toHaveText("Tulip does not take the call.");
  const sdp = await describe(endpoint, null);
  await business.act({ action: "connect", to: number, session: { sdp_type: "offer", sdp } });
  await ana.getByRole("alertdialog", { name: "Tulip is calling" }).getByRole("button", { name: "Decline" }).click();
  await business.hears("REJECTED");
  await expect.poll(() => business.words().at(-1)).toBe("terminate");
  expect(business.words()).toEqual(["connect", "terminate", "RINGING", "REJECTED", "terminate"]);
  business.close();
});
