/**
 * A form of three screens, filled in by keyboard in a browser, over a business's own endpoint: its first screen, an error
 * on a screen, a way back and the end are all answered there, and the answers come back as a webhook. And one with photos
 * and a document.
 */
import { createDecipheriv, createHash, createHmac } from "node:crypto";
import { expect, test } from "@playwright/test";
import type { APIRequestContext, Locator, Page } from "@playwright/test";
import { Endpoint } from "../endpoint";
import type { Asked } from "../endpoint";
import { comeIn, freshNumber, message, openConversation, write } from "../people";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg==";
const footer = (label: string, payload: Record<string, string>) => ({ type: "Footer", label, "on-click-action": { name: "data_exchange", payload } });
const screen = (id: string, title: string, more: object, children: object[]) => ({ id, title, ...more, layout: { type: "SingleColumnLayout", children } });
const given = (example: string) => ({ type: "string", __example__: example });

const FORM = {
  version: "6.3",
  data_api_version: "3.0",
  routing_model: { TABLE: ["WHEN"], WHEN: ["SURE"], SURE: [] },
  screens: [
    screen("TABLE", "A table", { data: { free: given("7") } }, [
      { type: "TextHeading", text: "At the fountain" },
      { type: "TextBody", text: "${data.free}" },
      { type: "Image", src: PIXEL, "alt-text": "The square from above", height: 80 },
      { type: "TextInput", name: "name", label: "Your name", required: true, "input-type": "text" },
      { type: "TextInput", name: "seats", label: "How many", required: true, "input-type": "number" },
      { type: "RadioButtonsGroup", name: "place", label: "Where", required: true, "data-source": [{ id: "in", title: "Inside" }, { id: "out", title: "Under the arcade" }] },
      footer("Continue", { name: "${form.name}", seats: "${form.seats}", place: "${form.place}" }),
    ]),
    screen("WHEN", "The day", { data: { hint: given("We are open from nine.") }, refresh_on_back: true }, [
      { type: "TextBody", text: "${data.hint}" },
      { type: "DatePicker", name: "day", label: "On which day", required: true },
      { type: "Dropdown", name: "hour", label: "At what time", required: true, "data-source": [{ id: "9", title: "Nine" }, { id: "18", title: "Six in the evening" }] },
      { type: "CheckboxGroup", name: "wishes", label: "Wishes", required: false, "data-source": [{ id: "high_chair", title: "A high chair" }, { id: "candles", title: "Candles" }] },
      footer("Continue", { day: "${form.day}", hour: "${form.hour}", wishes: "${form.wishes}" }),
    ]),
    screen("SURE", "All right?", { data: { summary: given("Two on Friday.") }, terminal: true }, [
      { type: "TextSubheading", text: "${data.summary}" },
      { type: "TextArea", name: "note", label: "Anything else", required: false },
      { type: "OptIn", name: "news", label: "Tell me about new breads" },
      footer("Book the table", { note: "${form.note}", news: "${form.news}" }),
    ]),
  ],
};

/** The business's program: it keeps what it heard between the screens. */
function host(): (asked: Asked) => unknown {
  let known: Record<string, unknown> = {};
  return ({ action, screen: on, data = {}, flow_token }) => {
    if (action === "INIT") return { screen: "TABLE", data: { free: "Seven tables are free." } };
    if (action === "BACK") return { screen: "TABLE", data: { free: "Six tables are still free." } };
    if (on === "TABLE" && Number(data["seats"]) > 8) return { screen: "TABLE", data: { free: "Seven tables are free.", error_message: "At most eight sit at one table." } };
    known = { ...known, ...data };
    if (on === "TABLE") return { screen: "WHEN", data: { hint: `We keep a table for ${String(data["seats"])}.` } };
    if (on === "WHEN") return { screen: "SURE", data: { summary: `${String(known["name"])}, ${String(known["seats"])} people, ${String(known["day"])}` } };
    return { screen: "SUCCESS", data: { extension_message_response: { params: { flow_token, ...known } } } };
  };
}

type Business = { business_id: string; waba_id: string; phone_number_id: string; display_phone_number: string; access_token: string; app_secret: string };

/** A business of this test alone, whose webhooks and forms go to `endpoint`. */
async function open(request: APIRequestContext, endpoint: Endpoint): Promise<{ business: Business; graph: <Answer>(path: string, data: object) => Promise<Answer> }> {
  const { operator_token } = (await (await request.get("/_sandbox/session")).json()) as { operator_token: string };
  const operator = { authorization: `Bearer ${operator_token}` };
  const number = `+4930${String(Math.floor(Math.random() * 10_000_000)).padStart(7, "0")}`;
  const made = await request.post("/operator/api/businesses", { headers: operator, data: { name: "Tulip Tables", number, country: "DE", currency: "EUR", credit: "100.00" } });
  const business = (await made.json()) as Business;
  endpoint.secret = business.app_secret;
  const subscribed = await request.post(`/operator/api/wabas/${business.waba_id}/subscribe`, { headers: operator, data: { callback: `${endpoint.url}/hook`, verify_token: "vt" } });
  expect(subscribed.ok(), await subscribed.text()).toBe(true);
  async function graph<Answer>(path: string, data: object): Promise<Answer> {
    const answer = await request.post(`/v23.0/${path}`, { headers: { authorization: `Bearer ${business.access_token}` }, data });
    expect(answer.ok(), await answer.text()).toBe(true);
    return (await answer.json()) as Answer;
  }
  return { business, graph };
}

/** Goes on by Tab until this has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let steps = 0; steps < 40; steps += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(target).toBeFocused();
}

async function type(page: Page, label: string, words: string): Promise<void> {
  await tabTo(page, page.getByRole("dialog").getByLabel(label, { exact: false }));
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(words);
}

async function press(page: Page, button: string, key = "Enter"): Promise<void> {
  await tabTo(page, page.getByRole("dialog").getByRole("button", { name: button, exact: true }));
  await page.keyboard.press(key);
}

test("a form of three screens is filled in by keyboard, over the business's endpoint", async ({ page, request }, info) => {
  const endpoint = await new Endpoint(host()).open();
  try {
    const { business, graph } = await open(request, endpoint);
    const number = freshNumber();
    await comeIn(page, "Ana", number);
    await openConversation(page, business.display_phone_number);
    await write(page, "A table, please");
    await endpoint.hears((told) => JSON.stringify(told.value).includes("A table, please"));

    await graph(`${business.phone_number_id}/whatsapp_business_encryption`, { business_public_key: endpoint.publicKey });
    const flow = await graph<{ id: string; success: boolean; validation_errors: unknown[] }>(`${business.waba_id}/flows`, {
      name: "table", categories: ["APPOINTMENT_BOOKING"], flow_json: JSON.stringify(FORM), endpoint_uri: `${endpoint.url}/flow`, publish: true,
    });
    expect(flow.validation_errors).toEqual([]);
    const parameters = { flow_message_version: "3", flow_id: flow.id, flow_cta: "Book", flow_token: "t-17", flow_action: "data_exchange" };
    await graph(`${business.phone_number_id}/messages`, {
      messaging_product: "whatsapp", to: number, type: "interactive",
      interactive: { type: "flow", body: { text: "Tell us when." }, action: { name: "flow", parameters } },
    });

    await test.step("the first screen comes from the endpoint", async () => {
      const button = message(page, "Tell us when.").getByRole("button", { name: "Book" });
      await expect(button).toBeVisible();
      await button.focus();
      await page.keyboard.press("Enter");
      await expect(page.getByRole("dialog")).toContainText("Seven tables are free.");
      await expect(page.getByRole("img", { name: "The square from above" })).toBeVisible();
    });

    await test.step("what the endpoint does not take is said on the same screen", async () => {
      await type(page, "Your name", "Ana Duarte");
      await type(page, "How many", "12");
      await tabTo(page, page.getByRole("radio", { name: "Inside" }));
      await page.keyboard.press("ArrowDown");
      await info.attach("first screen", { body: await page.screenshot(), contentType: "image/png" });
      await press(page, "Continue");
      await expect(page.getByRole("dialog").getByRole("alert")).toContainText("At most eight sit at one table.");
      await expect(page.getByRole("dialog").getByLabel("Your name")).toHaveValue("Ana Duarte");
    });

    await test.step("the second screen, the way back, and the second again", async () => {
      await type(page, "How many", "2");
      await press(page, "Continue");
      await expect(page.getByRole("dialog")).toContainText("We keep a table for 2.");
      await press(page, "Page before");
      await expect(page.getByRole("dialog")).toContainText("Six tables are still free.");
      await expect(page.getByRole("dialog").getByLabel("How many")).toHaveValue("2");
      await press(page, "Continue");
      await expect(page.getByRole("dialog")).toContainText("We keep a table for 2.");
      await tabTo(page, page.getByRole("dialog").getByLabel("On which day"));
      // In which order the browser takes day and month depends on its language.
      await page.keyboard.type("05052027");
      await expect(page.getByRole("dialog").getByLabel("On which day")).toHaveValue("2027-05-05");
      await tabTo(page, page.getByRole("dialog").getByLabel("At what time"));
      await page.keyboard.type("Six");
      await tabTo(page, page.getByRole("checkbox", { name: "Candles" }));
      await page.keyboard.press("Space");
      await info.attach("second screen", { body: await page.screenshot(), contentType: "image/png" });
      await press(page, "Continue");
    });

    await test.step("the last one sends the answers", async () => {
      await expect(page.getByRole("dialog")).toContainText("Ana Duarte, 2 people, 2027-05-05");
      await type(page, "Anything else", "By the wall");
      await tabTo(page, page.getByRole("checkbox", { name: /new breads/ }));
      await page.keyboard.press("Space");
      await info.attach("third screen", { body: await page.screenshot(), contentType: "image/png" });
      await press(page, "Book the table");
      await expect(page.getByRole("dialog")).toHaveCount(0);
    });

    const told = await endpoint.hears(({ value }) => JSON.stringify(value).includes("nfm_reply"));
    const [reply] = told.value["messages"] as { context: { id: string }; interactive: { nfm_reply: { name: string; response_json: string } } }[];
    expect(reply?.interactive.nfm_reply.name).toBe("flow");
    expect(JSON.parse(reply?.interactive.nfm_reply.response_json ?? "")).toMatchObject({
      flow_token: "t-17", name: "Ana Duarte", seats: "2", place: "out", day: "2027-05-05", hour: "18", wishes: ["candles"], note: "By the wall", news: true,
    });
    expect(endpoint.asked.map(({ action, screen: on }) => [action, action === "INIT" ? "" : on])).toEqual([
      ["INIT", ""], ["data_exchange", "TABLE"], ["data_exchange", "TABLE"], ["BACK", "WHEN"], ["data_exchange", "TABLE"], ["data_exchange", "WHEN"], ["data_exchange", "SURE"],
    ]);
    expect(new Set(endpoint.asked.map((asked) => asked.flow_token))).toEqual(new Set(["t-17"]));
  } finally {
    endpoint.close();
  }
});

const PHOTOS = {
  version: "6.3",
  data_api_version: "3.0",
  routing_model: { SHOW: ["SEND"], SEND: [] },
  screens: [
    screen("SHOW", "Your table", {}, [
      { type: "PhotoPicker", name: "photos", label: "Photos of it", "min-uploaded-photos": 1, "max-uploaded-photos": 2 },
      footer("Continue", { photos: "${form.photos}" }),
    ]),
    screen("SEND", "The bill", { data: { seen: given("1") }, terminal: true }, [
      { type: "TextBody", text: "${data.seen}" },
      { type: "DocumentPicker", name: "bill", label: "The bill", "min-uploaded-documents": 1, "max-uploaded-documents": 1, "allowed-mime-types": ["application/pdf"] },
      { type: "Footer", label: "Send", "on-click-action": { name: "complete", payload: { bill: "${form.bill}" } } },
    ]),
  ],
};

type SealedFile = { file_name: string; cdn_url: string; encryption_metadata: Record<"encryption_key" | "hmac_key" | "iv" | "plaintext_hash" | "encrypted_hash", string> };

/** Opens a file that a form sent to its endpoint, as the published interface says: AES-256-CBC, an HMAC of ten bytes behind it. */
async function openFile(request: APIRequestContext, { cdn_url, encryption_metadata: keys }: SealedFile): Promise<Buffer> {
  const fetched = await request.get(cdn_url);
  expect(fetched.ok(), await fetched.text()).toBe(true);
  const all = await fetched.body();
  const bytes = (text: string): Buffer => Buffer.from(text, "base64");
  const [sealed, tag] = [all.subarray(0, -10), all.subarray(-10)];
  expect(createHash("sha256").update(all).digest("base64")).toBe(keys.encrypted_hash);
  expect(createHmac("sha256", bytes(keys.hmac_key)).update(bytes(keys.iv)).update(sealed).digest().subarray(0, 10)).toEqual(tag);
  const decipher = createDecipheriv("aes-256-cbc", bytes(keys.encryption_key), bytes(keys.iv));
  const opened = Buffer.concat([decipher.update(sealed), decipher.final()]);
  expect(createHash("sha256").update(opened).digest("base64")).toBe(keys.plaintext_hash);
  return opened;
}

test("a form takes photos and a document: its endpoint opens the ones, the other comes with the answers", async ({ page, request }, info) => {
  const photo = Buffer.from(PIXEL, "base64");
  const bill = Buffer.from("%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n");
  const endpoint = await new Endpoint(({ data = {} }) => ({ screen: "SEND", data: { seen: `${String((data["photos"] as unknown[]).length)} photos, thank you.` } })).open();
  try {
    const { business, graph } = await open(request, endpoint);
    const number = freshNumber();
    await comeIn(page, "Ana", number);
    await openConversation(page, business.display_phone_number);
    await write(page, "Look at this");
    await endpoint.hears((told) => JSON.stringify(told.value).includes("Look at this"));
    await graph(`${business.phone_number_id}/whatsapp_business_encryption`, { business_public_key: endpoint.publicKey });
    const flow = await graph<{ id: string; validation_errors: unknown[] }>(`${business.waba_id}/flows`, {
      name: "photos", categories: ["OTHER"], flow_json: JSON.stringify(PHOTOS), endpoint_uri: `${endpoint.url}/flow`, publish: true,
    });
    expect(flow.validation_errors).toEqual([]);
    const parameters = { flow_message_version: "3", flow_id: flow.id, flow_cta: "Show", flow_token: "t-18", flow_action: "navigate", flow_action_payload: { screen: "SHOW" } };
    await graph(`${business.phone_number_id}/messages`, {
      messaging_product: "whatsapp", to: number, type: "interactive",
      interactive: { type: "flow", body: { text: "Show us." }, action: { name: "flow", parameters } },
    });

    await message(page, "Show us.").getByRole("button", { name: "Show" }).click();
    const form = page.getByRole("dialog");
    await form.getByRole("button", { name: "Continue" }).click();
    await expect(form).toContainText("Add at least 1 photo.");
    const picker = form.locator("input[type=file]");
    await picker.setInputFiles([{ name: "text.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") }]);
    await form.getByRole("button", { name: "Continue" }).click();
    await expect(form).toContainText("text.txt is not of a kind that can be sent here.");
    await form.getByRole("button", { name: "Take out text.txt" }).click();
    await picker.setInputFiles([{ name: "table.png", mimeType: "image/png", buffer: photo }, { name: "chair.png", mimeType: "image/png", buffer: photo }]);
    await expect(form.getByRole("img", { name: "chair.png" })).toBeVisible();
    await expect(form.getByRole("button", { name: "Add photos" }), "there are as many as may be").toHaveCount(0);
    await form.getByRole("button", { name: "Take out chair.png" }).click();
    await picker.setInputFiles([{ name: "lamp.png", mimeType: "image/png", buffer: photo }]);
    await info.attach("photos", { body: await page.screenshot(), contentType: "image/png" });
    await form.getByRole("button", { name: "Continue" }).click();
    await expect(form).toContainText("2 photos, thank you.");
    const shown = endpoint.asked.at(-1)?.data?.["photos"] as SealedFile[];
    expect(shown.map((each) => each.file_name)).toEqual(["table.png", "lamp.png"]);
    for (const each of shown) expect(await openFile(request, each)).toEqual(photo);

    await form.locator("input[type=file]").setInputFiles([{ name: "bill.pdf", mimeType: "application/pdf", buffer: bill }]);
    await info.attach("document", { body: await page.screenshot(), contentType: "image/png" });
    await form.getByRole("button", { name: "Send" }).click();
    await expect(form).toHaveCount(0);
    const told = await endpoint.hears(({ value }) => JSON.stringify(value).includes("nfm_reply"));
    const [reply] = told.value["messages"] as { interactive: { nfm_reply: { response_json: string } } }[];
    const answers = JSON.parse(reply?.interactive.nfm_reply.response_json ?? "") as { flow_token: string; bill: { id: string; file_name: string; mime_type: string; sha256: string }[] };
    expect(answers).toMatchObject({ flow_token: "t-18", bill: [{ file_name: "bill.pdf", mime_type: "application/pdf" }] });
    const headers = { authorization: `Bearer ${business.access_token}` };
    const media = (await (await request.get(`/v23.0/${answers.bill[0]?.id ?? ""}`, { headers })).json()) as { url: string };
    expect(await (await request.get(media.url, { headers })).body()).toEqual(bill);
  } finally {
    endpoint.close();
  }
});
