/** Messages of every kind, for the mock: an afternoon with a friend, and a market with all its questions. */
import type { Action, Attachment, Body, Card, ContactCard, Interactive, Media, MediaForm, Product, Template, TemplateButton } from "./content";
import { TABLE_FORM } from "./mockFlow";
import type { Item } from "./types";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export type Line = Partial<Item> & { ago: number };

function attachment(blob_id: string, mime_type: string, bytes: number, width = 0, height = 0): Attachment {
  return { blob_id, sha256: "", bytes, mime_type, width, height };
}

function media(form: MediaForm, file: Attachment, part: Partial<Media> = {}): Media {
  return { form, attachment: file, caption: "", filename: "", is_voice: false, is_animated: false, ...part };
}

const picture = (blob: string, width: number, height: number, caption = ""): Media => media("image", attachment(blob, "image/png", 84_200, width, height), { caption });

function said(body: Body, text: string, line: Partial<Item> & { ago: number }): Line {
  return { kind: body.kind, content: body, text, ...line };
}

function card(name: string, number: string, part: Partial<ContactCard> = {}): ContactCard {
  return {
    formatted_name: name, first_name: name.split(" ")[0] ?? "", last_name: name.split(" ")[1] ?? "", middle_name: "", prefix: "", suffix: "", birthday: "",
    phones: [{ value: number, kind: "WORK", wa_id: number.replace("+", "") }], emails: [], urls: [], addresses: [], org: null, ...part,
  };
}

/** What one hears of a friend in an afternoon. */
export function friendLines(): Line[] {
  const author = "Chiara Rossi";
  const file = (body: Media, text: string, line: Partial<Item> & { ago: number }): Line => said({ kind: "media", ...body }, text, { author, ...line });
  return [
    file(picture("blob-square", 640, 480, "The square, ten minutes ago"), "The square, ten minutes ago", { ago: 5 * HOUR }),
    file(picture("blob-flaky", 600, 400), "Photo", { ago: 5 * HOUR - 2 * MINUTE }),
    file(media("video", attachment("blob-gone", "video/mp4", 4_200_000, 1280, 720), { caption: "The fountain at full height" }), "The fountain at full height", { ago: 4 * HOUR }),
    file(media("audio", attachment("blob-voice", "audio/wav", 32_044), { is_voice: true }), "Voice message", { ago: 4 * HOUR - 3 * MINUTE }),
    file(media("document", attachment("blob-score", "text/plain", 214_300), { filename: "Second movement, viola.txt" }), "Second movement, viola.txt", { ago: 3 * HOUR }),
    file(media("sticker", attachment("blob-sticker", "image/svg+xml", 2100, 200, 200)), "Sticker", { ago: 3 * HOUR - 5 * MINUTE }),
    file(picture("blob-bread", 600, 400, "Lunch"), "Lunch", { ago: 2 * HOUR, mine: true, author: "Ana" }),
    said({ kind: "location", latitude: 52.5163, longitude: 13.3777, name: "Rehearsal room", address: "Arcade Street 5, second yard", url: "" }, "Rehearsal room", { ago: 100 * MINUTE, author }),
    said(
      {
        kind: "contacts",
        cards: [
          card("Dimitri Petrov", "+999000000104", {
            emails: [{ value: "dimitri@example.org", kind: "WORK", wa_id: "" }],
            urls: [{ value: "javascript:alert(1)", kind: "HOME", wa_id: "" }],
            addresses: [{ street: "Clock Lane 2", city: "Berlin", state: "", zip: "10117", country: "Germany", country_code: "DE", kind: "WORK" }],
            org: { company: "Petrov Clocks", department: "", title: "Clockmaker" },
          }),
        ],
      },
      "Dimitri Petrov",
      { ago: 90 * MINUTE, author },
    ),
    { ago: 80 * MINUTE, author, text: "Bring the score, and a pencil.", is_edited: true },
    { ago: 79 * MINUTE, author, kind: "revoked", content: null, text: "This message was deleted" },
    { ago: 70 * MINUTE, mine: true, kind: "revoked", content: null, text: "This message was deleted" },
    { ago: 66 * MINUTE, author, kind: "unsupported", content: null, text: "This message is not supported yet." },
    { ago: 6 * MINUTE, mine: true, text: "I will bring two pencils", ticks: "delivered" },
    { ago: 5 * MINUTE, author, text: "The rehearsal is at six, bring the score" },
  ];
}

const product = (retailer_id: string, name: string, euros: number, description = ""): Product => ({
  catalog_id: "9", retailer_id, name, description, price_micros: euros * 1_000_000, currency: "EUR", image_url: "https://shop.example/pictures/a.jpg",
});

const LOAF = product("walnut-loaf", "Walnut loaf", 4.2, "Sourdough, baked at four in the morning, a kilogram");
const ROLL = product("roll", "Roll", 0.65);
const JAM = product("fig-jam", "Fig jam", 5.9, "From the last figs of October");
const BASKET = product("basket", "Basket", 24, "Willow, woven in the city");

const button = (kind: string, text: string, value = "", action: Action | null = null): TemplateButton => ({ kind, text, value, action });

const cards = (): Card[] =>
  [
    ["Saturday market", "From eight, until the last olive is gone", "sat"],
    ["Evening of the bakers", "Ovens open at six", "bakers"],
    ["Flower Sunday", "Bring a vase", "flowers"],
  ].map(([title, words, id]) => ({
    header: { type: "media" as const, ...picture("blob-square", 640, 480) },
    body: `*${title}*\n${words}`,
    buttons: [button("QUICK_REPLY", "Remind me", id), button("URL", "Read more", `https://example.org/${id}`)],
  }));

function template(part: Partial<Template>): Template {
  return { name: "market_news", language: "en", header: "", body: "", footer: "", buttons: [], rich_header: null, cards: [], offer: null, ...part };
}

const asks = (action: Action | null, body: string, part: Partial<Interactive> = {}): Body => ({ kind: "interactive", header: null, body, footer: "", action, cards: [], ...part });

const ORDER = {
  reference_id: "M-2041", type: "physical-goods", currency: "EUR", total_amount: { value: 1694, offset: 100 },
  payment_settings: [
    { type: "pix_dynamic_code", pix_dynamic_code: { code: "00020126580014br.gov.bcb.pix0136market" } },
    { type: "payment_link", payment_link: { uri: "https://pay.example/M-2041" } },
  ],
  order: {
    status: "pending",
    items: [
      { retailer_id: "walnut-loaf", name: "Walnut loaf", amount: { value: 420, offset: 100 }, quantity: 2 },
      { retailer_id: "fig-jam", name: "Fig jam", amount: { value: 690, offset: 100 }, sale_amount: { value: 590, offset: 100 }, quantity: 1 },
    ],
    subtotal: { value: 1430, offset: 100 }, tax: { value: 100, offset: 100, description: "VAT 7 %" }, shipping: { value: 264, offset: 100, description: "Bicycle" }, discount: { value: 100, offset: 100, description: "Neighbours" },
  },
};

const flow = (part: object): Action => ({
  type: "flow", flow_id: "77", text: "Book a table", token: "table-77", action: "navigate", screen: "DETAILS", data: '{"name":"Ana"}', is_draft: false, flow_json: JSON.stringify(TABLE_FORM), has_endpoint: true, ...part,
});

/** A market with all its questions, newest last. */
export function marketLines(now: number): Line[] {
  const author = "Square Market";
  const rows = (from: number, titles: readonly string[]): { id: string; title: string; description: string }[] => titles.map((title, n) => ({ id: `row-${from + n}`, title, description: n === 0 ? "Only today" : "" }));
  const lines: [Body, string][] = [
    [{ kind: "template", ...template({ rich_header: { type: "media", ...picture("blob-square", 640, 480) }, body: "Autumn on the square: *two loaves for one* until Sunday.", footer: "Square Market", offer: { text: "Two for one", expires_at: Math.floor(now / 1000) + 2 * 3600 }, buttons: [button("COPY_CODE", "Copy the code", "AUTUMN2"), button("CATALOG", "See the stalls", "", { type: "catalog", catalog_id: "9", thumbnail_retailer_id: "walnut-loaf", products: [LOAF, ROLL, JAM, BASKET] }), button("REQUEST_CONTACT_INFO", "Share my number"), button("PHONE_NUMBER", "Call the market", "+4930555020"), button("MYSTERY", "Look into the future")] }) }, "Autumn on the square: two loaves for one until Sunday."],
    [{ kind: "template", ...template({ name: "programme", body: "What is on this month:", cards: cards() }) }, "What is on this month:"],
    [asks({ type: "buttons", buttons: [{ id: "yes", title: "Yes, keep it", description: "" }, { id: "no", title: "No, thank you", description: "" }, { id: "later", title: "Ask me later", description: "" }] }, "Shall we keep a basket of the last figs for you?", { header: { type: "text", text: "The last figs" }, footer: "Until six" }), "Shall we keep a basket of the last figs for you?"],
    [asks({ type: "list", button: "Choose a stall", sections: [{ title: "Bread and cake", rows: rows(1, ["Tulip Bakery", "The Oven", "Mill Number 3", "Sweet Corner"]) }, { title: "Fruit", rows: rows(10, ["Olive Otto", "Apples of the lake", "Figs and nuts", "Berry cart"]) }] }, "Which stall would you like to visit first?"), "Which stall would you like to visit first?"],
    [asks({ type: "link", text: "See the map", url: "https://example.org/map" }, "All stalls on one page."), "All stalls on one page."],
    [asks({ type: "link", text: "Win a prize", url: "javascript:alert(1)" }, "Somebody wrote a strange address here."), "Somebody wrote a strange address here."],
    [asks({ type: "product", product: LOAF }, "Warm from the oven."), "Warm from the oven."],
    [asks({ type: "product_list", catalog_id: "9", sections: [{ title: "Bread", products: [LOAF, ROLL] }, { title: "Pantry", products: [JAM, BASKET] }] }, "For your breakfast.", { header: { type: "text", text: "Breakfast" } }), "For your breakfast."],
    [asks({ type: "location_request" }, "Where shall the bicycle go?"), "Where shall the bicycle go?"],
    [asks({ type: "address", country: "IN", values: '{"name":"Ana Paz"}', saved_addresses: '[{"id":"a1","value":{"name":"Ana Paz","address":"Arcade Street 5","city":"Mumbai"}}]', validation_errors: '{"in_pin_code":"We do not deliver to this PIN code."}' }, "Where shall we send the parcel?"), "Where shall we send the parcel?"],
    [asks({ type: "order_details", reference_id: "M-2041", currency: "EUR", total_micros: 16_940_000, details: JSON.stringify(ORDER) }, "Your order is ready to be paid."), "Your order is ready to be paid."],
    [asks({ type: "order_status", reference_id: "M-2041", status: "shipped", description: "The bicycle has left the square." }, "Good news."), "Good news."],
    [asks({ type: "call_permission" }, "May we call you when the basket is ready?"), "May we call you when the basket is ready?"],
    [asks({ type: "voice_call", text: "Call the stall", expires_at: 0, payload: "" }, "Or talk to us."), "Or talk to us."],
    [asks(null, "Three things of this week", { cards: cards() }), "Three things of this week"],
    [asks(flow({ text: "Tell us", flow_json: "", has_endpoint: false, screen: "", data: "", token: "feedback-1" }), "How was your last visit?"), "How was your last visit?"],
    [asks(flow({}), "The restaurant under the arcade has tables this evening."), "The restaurant under the arcade has tables this evening."],
  ];
  return lines.map(([body, text], n) => said(body, text, { ago: (lines.length - n) * 4 * MINUTE, author }));
}
