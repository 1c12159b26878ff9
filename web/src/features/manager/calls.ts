/**
 * # The calls of the explorer
 *
 * Each is a method, a path and perhaps a body; of these three the curl line is made, and the Python, with pywa's own words
 * where it has some. A token is never written into code: both read it from the environment.
 */
import { GRAPH_VERSION } from "@/lib/paths";

/** What the calls are about. */
export type Subject = { origin: string; account: string; phone: string; app: string; business: string };

export type Method = "GET" | "POST" | "DELETE";

export type Call = {
  id: string;
  group: "Messages" | "Templates" | "Numbers" | "Webhooks" | "Flows and codes";
  title: string;
  what: string;
  method: Method;
  path: (subject: Subject) => string;
  /** The body that it begins with; absent: none is sent. */
  body?: (subject: Subject) => unknown;
  /** The statement of pywa; `body` is what stands in the box. Null: pywa has no words for this one. */
  pywa: (body: Value, subject: Subject) => Python | null;
};

export type Value = Record<string, unknown>;
export type Python = { imports?: string; statement: string };

/** Somebody of the demo. */
const TO = "+999100001";

const message = (body: object) => (): unknown => ({ messaging_product: "whatsapp", to: TO, ...body });
const messages = (subject: Subject): string => `${subject.phone}/messages`;

function object(value: unknown): Value {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Value) : {};
}

function list(value: unknown): Value[] {
  return Array.isArray(value) ? value.map(object) : [];
}

/** A value as Python writes it. */
export function python(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${python(each)}`).join(", ")}}`;
  return String(value);
}

/** `wa.name(a=1, b=2)`, over several lines; arguments that are absent are left out. */
function statement(name: string, given: Record<string, string | undefined>): string {
  const lines = Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [`    ${key}=${value},`]));
  return lines.length === 0 ? `wa.${name}()` : `wa.${name}(\n${lines.join("\n")}\n)`;
}

const optional = (value: unknown): string | undefined => (value === undefined || value === "" ? undefined : python(value));

function sendText(body: Value): Python {
  return { statement: statement("send_message", { to: python(body["to"]), text: python(object(body["text"])["body"]), reply_to_message_id: optional(object(body["context"])["message_id"]) }) };
}

function sendTemplate(body: Value): Python {
  const template = object(body["template"]);
  const parameters = (kind: string): string | undefined => {
    const found = list(template["components"]).find((each) => String(each["type"]).toLowerCase() === kind);
    if (!found) return undefined;
    const values = list(found["parameters"]).map((each) => (each["parameter_name"] === undefined ? python(each["text"]) : `${String(each["parameter_name"])}=${python(each["text"])}`));
    return `${kind === "header" ? "HeaderText" : "BodyText"}.params(${values.join(", ")})`;
  };
  const params = [parameters("header"), parameters("body")].filter((each) => each !== undefined);
  const names = ["TemplateLanguage", ...params.map((each) => each.split(".")[0] ?? "")];
  return {
    imports: `from pywa.types.templates import ${[...new Set(names)].sort().join(", ")}`,
    statement: statement("send_template", {
      to: python(body["to"]),
      name: python(template["name"]),
      language: `TemplateLanguage(${python(object(template["language"])["code"])})`,
      params: `[${params.join(", ")}]`,
    }),
  };
}

function sendButtons(body: Value): Python {
  const interactive = object(body["interactive"]);
  const buttons = list(object(interactive["action"])["buttons"]).map((each) => {
    const reply = object(each["reply"]);
    return `Button(title=${python(reply["title"])}, callback_data=${python(reply["id"])})`;
  });
  return {
    imports: "from pywa.types import Button",
    statement: statement("send_message", { to: python(body["to"]), text: python(object(interactive["body"])["text"]), footer: optional(object(interactive["footer"])["text"]), buttons: `[${buttons.join(", ")}]` }),
  };
}

export const CALLS: readonly Call[] = [
  {
    id: "send_text", group: "Messages", title: "Send a text", method: "POST", path: messages, pywa: sendText,
    what: "Within 24 hours of the person's last message; outside of that, send a template.",
    body: message({ type: "text", text: { body: "Your bread is warm." } }),
  },
  {
    id: "send_template", group: "Messages", title: "Send a template", method: "POST", path: messages, pywa: sendTemplate,
    what: "At any time, once the template is approved. Its gaps are filled in order.",
    body: message({ type: "template", template: { name: "order_confirmed", language: { code: "en" }, components: [{ type: "body", parameters: ["Ana", "T-17", "9:30"].map((text) => ({ type: "text", text })) }] } }),
  },
  {
    id: "send_buttons", group: "Messages", title: "Send buttons", method: "POST", path: messages, pywa: sendButtons,
    what: "Up to three answers to press. The webhook brings back the id of the one that was pressed.",
    body: message({ type: "interactive", interactive: { type: "button", body: { text: "Shall we keep one for you?" }, action: { buttons: [{ type: "reply", reply: { id: "yes", title: "Yes, please" } }, { type: "reply", reply: { id: "no", title: "Not today" } }] } } }),
  },
  {
    id: "send_image", group: "Messages", title: "Send a picture", method: "POST", path: messages,
    what: "From an address that Plaza can fetch, or by the id of an upload.",
    body: message({ type: "image", image: { link: "https://example.org/loaf.jpg", caption: "Fresh from the oven" } }),
    pywa: (body) => ({ statement: statement("send_image", { to: python(body["to"]), image: python(object(body["image"])["link"] ?? object(body["image"])["id"]), caption: optional(object(body["image"])["caption"]) }) }),
  },
  {
    id: "send_location", group: "Messages", title: "Send a place", method: "POST", path: messages,
    what: "It opens on the person's map.",
    body: message({ type: "location", location: { latitude: 52.5208, longitude: 13.4095, name: "Tulip Bakery", address: "Square 1" } }),
    pywa: (body) => {
      const place = object(body["location"]);
      return { statement: statement("send_location", { to: python(body["to"]), latitude: python(place["latitude"]), longitude: python(place["longitude"]), name: optional(place["name"]), address: optional(place["address"]) }) };
    },
  },
  {
    id: "send_reaction", group: "Messages", title: "React to a message", method: "POST", path: messages,
    what: "With one emoji; an empty one takes it back.",
    body: message({ type: "reaction", reaction: { message_id: "wamid.…", emoji: "👍" } }),
    pywa: (body) => ({ statement: statement("send_reaction", { to: python(body["to"]), emoji: python(object(body["reaction"])["emoji"]), message_id: python(object(body["reaction"])["message_id"]) }) }),
  },
  {
    id: "mark_read", group: "Messages", title: "Show that you read", method: "POST", path: messages,
    what: "The person sees their ticks change, and everything before this message is read too.",
    body: () => ({ messaging_product: "whatsapp", status: "read", message_id: "wamid.…" }),
    pywa: (body) => ({ statement: statement("mark_message_as_read", { message_id: python(body["message_id"]) }) }),
  },
  {
    id: "templates", group: "Templates", title: "List templates", method: "GET", path: (subject) => `${subject.account}/message_templates?fields=name,language,status,category`,
    what: "With the state of their review.",
    pywa: () => ({ statement: "for template in wa.get_templates():\n    print(template.name, template.status)" }),
  },
  {
    id: "create_template", group: "Templates", title: "Submit a template", method: "POST", path: (subject) => `${subject.account}/message_templates`,
    what: "In the sandbox it is approved at once, unless its name begins with reject_.",
    body: () => ({ name: "order_ready", language: "en", category: "UTILITY", components: [{ type: "BODY", text: "Hello {{1}}, your order is ready.", example: { body_text: [["Ana"]] } }] }),
    pywa: (body) => ({
      imports: "from pywa.types.templates import Template, TemplateCategory, TemplateLanguage",
      statement: `wa.create_template(Template(\n    name=${python(body["name"])},\n    language=TemplateLanguage(${python(body["language"])}),\n    category=TemplateCategory(${python(body["category"])}),\n    components=${python(body["components"])},\n))`,
    }),
  },
  {
    id: "numbers", group: "Numbers", title: "List numbers", method: "GET", path: (subject) => `${subject.account}/phone_numbers?fields=display_phone_number,verified_name,quality_rating,health_status`,
    what: "With quality, and what keeps them from sending.",
    pywa: () => ({ statement: "for number in wa.get_business_phone_numbers():\n    print(number.display_phone_number, number.quality_rating)" }),
  },
  {
    id: "profile", group: "Numbers", title: "Read the profile", method: "GET", path: (subject) => `${subject.phone}/whatsapp_business_profile?fields=about,description,address,email,websites`,
    what: "What people see when they look at the business.",
    pywa: () => ({ statement: "print(wa.get_business_profile())" }),
  },
  {
    id: "set_profile", group: "Numbers", title: "Change the profile", method: "POST", path: (subject) => `${subject.phone}/whatsapp_business_profile`,
    what: "Only the members that are sent change.",
    body: () => ({ messaging_product: "whatsapp", about: "Bread from seven", address: "Square 1" }),
    pywa: (body) => ({ statement: statement("update_business_profile", { about: optional(body["about"]), description: optional(body["description"]), address: optional(body["address"]), email: optional(body["email"]) }) }),
  },
  {
    id: "block", group: "Numbers", title: "Block a person", method: "POST", path: (subject) => `${subject.phone}/block_users`,
    what: "What they write does not arrive any more. They must have written within a day.",
    body: () => ({ messaging_product: "whatsapp", block_users: [{ user: TO }] }),
    pywa: (body) => ({ statement: statement("block_users", { users: python(list(body["block_users"]).map((each) => each["user"])) }) }),
  },
  {
    id: "subscriptions", group: "Webhooks", title: "Who hears of the account", method: "GET", path: (subject) => `${subject.account}/subscribed_apps`,
    what: "The apps, and the addresses that replace their own.",
    pywa: () => null,
  },
  {
    id: "subscribe", group: "Webhooks", title: "Send events somewhere", method: "POST", path: (subject) => `${subject.account}/subscribed_apps`,
    what: "The address is asked first, and must repeat the challenge.",
    body: () => ({ override_callback_uri: "https://example.org/webhook", verify_token: "a word of yours" }),
    pywa: (body) => ({ statement: statement("override_waba_callback_url", { callback_url: python(body["override_callback_uri"]), verify_token: python(body["verify_token"]) }) }),
  },
  {
    id: "flows", group: "Flows and codes", title: "List flows", method: "GET", path: (subject) => `${subject.account}/flows?fields=name,status,validation_errors`,
    what: "With what keeps them from being published.",
    pywa: () => ({ statement: "for flow in wa.get_flows():\n    print(flow.name, flow.status)" }),
  },
  {
    id: "create_qr", group: "Flows and codes", title: "Make a QR code", method: "POST", path: (subject) => `${subject.phone}/message_qrdls`,
    what: "It opens a conversation with the first words written.",
    body: () => ({ prefilled_message: "Hello! I would like to order.", generate_qr_image: "SVG" }),
    pywa: (body) => ({ imports: "from pywa.types import QRCodeImageType", statement: statement("create_qr_code", { prefilled_message: python(body["prefilled_message"]), image_type: `QRCodeImageType.${body["generate_qr_image"] === "PNG" ? "PNG" : "SVG"}` }) }),
  },
];

/** A text inside single quotes of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function curl(method: Method, path: string, body: string | null, origin: string): string {
  const lines = [`curl ${method === "GET" ? "" : `-X ${method} `}"${origin}/${GRAPH_VERSION}/${path}"`, `  -H "Authorization: Bearer $PLAZA_TOKEN"`];
  if (body !== null) lines.push(`  -H "Content-Type: application/json"`, `  -d ${quoted(body)}`);
  return lines.join(" \\\n");
}

/** A whole program. pywa is pointed at this server by its session's base address; what it has no words for goes by httpx. */
export function program(call: Call, path: string, body: string | null, subject: Subject): string {
  const base = `${subject.origin}/${GRAPH_VERSION}`;
  const value = body === null ? {} : object(JSON.parse(body));
  const pywa = call.pywa(value, subject);
  if (pywa === null) {
    const given = body === null ? "" : `    json=${python(value)},\n`;
    return `import os\n\nimport httpx\n\nanswer = httpx.${call.method.toLowerCase()}(\n    "${base}/${path}",\n    headers={"Authorization": f"Bearer {os.environ['PLAZA_TOKEN']}"},\n${given})\nprint(answer.json())\n`;
  }
  const imports = ["from pywa import WhatsApp", ...(pywa.imports === undefined ? [] : [pywa.imports])];
  return `import os\n\nimport httpx\n${imports.join("\n")}\n\nsession = httpx.Client()\nwa = WhatsApp(\n    phone_id="${subject.phone}",\n    token=os.environ["PLAZA_TOKEN"],\n    waba_id="${subject.account}",\n    session=session,\n)\nsession.base_url = "${base}"\n\n${pywa.statement}\n`;
}
