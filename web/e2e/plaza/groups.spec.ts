/** A business opens a group, two people follow its invite link, and everybody reads everybody. On the real server. */
import { expect, test } from "@playwright/test";
import type { APIRequestContext, Page } from "@playwright/test";
import { comeIn, freshNumber, message, write } from "../people";

test.setTimeout(180_000);

type Calls = (method: "get" | "post" | "delete", path: string, data?: object) => Promise<unknown>;

/** Calls the interface as the demo's bakery. */
async function bakery(request: APIRequestContext): Promise<{ call: Calls; phone: string }> {
  const { access_token: token } = (await (await request.get("/_sandbox/business")).json()) as { access_token: string };
  const headers = { Authorization: `Bearer ${token}` };
  const call: Calls = async (method, path, data) => {
    const answer = await request[method](`/v23.0/${path}`, { headers, ...(data ? { data } : {}) });
    const body: unknown = await answer.json();
    expect(answer.ok(), `${method} ${path}: ${JSON.stringify(body)}`).toBe(true);
    return body;
  };
  const session = (await (await request.get("/manager/api/session", { headers })).json()) as { accounts: { id: string }[] };
  const numbers = (await call("get", `${session.accounts[0]?.id}/phone_numbers`)) as { data: { id: string; display_phone_number: string }[] };
  const phone = numbers.data.find((each) => each.display_phone_number.replaceAll(/\D/g, "") === "4930901820");
  return { call, phone: phone?.id ?? "" };
}

async function follow(page: Page, link: string, button: string): Promise<void> {
  await page.goto(new URL(link).pathname);
  await page.getByRole("button", { name: button, exact: true }).click();
}

test("people follow an invite link, talk with the bakery and with each other, and one leaves", async ({ browser, request }) => {
  const subject = `Friday bakers ${String(Math.floor(Math.random() * 1_000_000))}`;
  const { call, phone } = await bakery(request);
  await call("post", `${phone}/groups`, { messaging_product: "whatsapp", subject, description: "In the big oven", join_approval_mode: "approval_required" });
  const { data } = (await call("get", `${phone}/groups?limit=100`)) as { data: { groups: { id: string; subject: string }[] } };
  const group = data.groups.find((each) => each.subject === subject)?.id ?? "";
  const { invite_link: link } = (await call("get", `${group}/invite_link`)) as { invite_link: string };

  const pages: Record<"ana" | "ben", Page> = { ana: await (await browser.newContext()).newPage(), ben: await (await browser.newContext()).newPage() };
  const { ana, ben } = pages;
  await comeIn(ana, "Ana", freshNumber());
  await comeIn(ben, "Ben", freshNumber());

  await test.step("both ask, and the bakery approves", async () => {
    for (const page of [ana, ben]) {
      await follow(page, link, "Ask to join");
      await expect(page.getByRole("status").filter({ hasText: "You have asked to be let in" })).toBeVisible();
      await page.getByRole("button", { name: "Close" }).last().click();
    }
    const asked = (await call("get", `${group}/join_requests`)) as { data: { join_request_id: string }[] };
    expect(asked.data).toHaveLength(2);
    await call("post", `${group}/join_requests`, { messaging_product: "whatsapp", join_requests: asked.data.map((each) => each.join_request_id) });
    for (const page of [ana, ben]) await page.getByRole("link", { name: new RegExp(subject) }).click();
  });

  await test.step("the bakery writes to all, and all read each other", async () => {
    await write(ana, "Good morning from Ana");
    await expect(message(ben, "Good morning from Ana")).toBeVisible();
    await call("post", `${phone}/messages`, { messaging_product: "whatsapp", recipient_type: "group", to: group, type: "text", text: { body: "The oven is hot" } });
    for (const page of [ana, ben]) await expect(message(page, "The oven is hot")).toBeVisible();
    await write(ben, "On my way");
    await expect(message(ana, "On my way")).toBeVisible();
  });

  await test.step("one leaves: the others are told, and what comes after does not reach them", async () => {
    await ben.getByRole("button", { name: `About ${subject}` }).click();
    await ben.getByRole("button", { name: `Leave ${subject}` }).click();
    await ben.getByRole("button", { name: "Leave the group" }).click();
    await expect(ben.getByText("You are no longer in this group. What was said")).toBeVisible();
    await expect(ana.getByRole("log").getByText("Ben is no longer in the group.")).toBeVisible();
    await call("post", `${phone}/messages`, { messaging_product: "whatsapp", recipient_type: "group", to: group, type: "text", text: { body: "Only for who stayed" } });
    await expect(message(ana, "Only for who stayed")).toBeVisible();
    await ben.reload();
    await expect(message(ben, "The oven is hot")).toBeVisible();
    await expect(message(ben, "Only for who stayed")).toHaveCount(0);
  });
});
