// whatsapp-api-js, unmodified, driven by lines of JSON: what a test asks for goes in, what the SDK says comes out. Its
// own webhook handler verifies and reads the events. Only the host that it calls is another.
//
//   in   {"id": 1, "call": "sendMessage", "args": ["17", "49151…", {"new": "Text", "args": ["Hello"]}]}
//        an argument may also be {"form": {"type": "image/png", "base64": "…"}}
//   out  {"ready": "http://127.0.0.1:…"}, {"id": 1, "answer": …} or {"id": 1, "error": "…"},
//        {"event": "message" | "status", "value": …}

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { WhatsAppAPI } from "whatsapp-api-js";
import * as messages from "whatsapp-api-js/messages";

const { url, token, app_secret: appSecret } = JSON.parse(process.env.BUSINESS);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// Calls to the interface go to this server; everything else where it points.
const redirected = (address, options) =>
  fetch(String(address).replace(/^https:\/\/graph\.facebook\.com/, url), options);

const whatsapp = new WhatsAppAPI({
  token,
  appSecret,
  webhookVerifyToken: "vt",
  v: "v23.0",
  ponyfill: { fetch: redirected },
});
// What the SDK offers on an event is called when the test asks for it by the id of the message.
const offered = new Map();
whatsapp.on.message = (event) => {
  offered.set(event.message.id, event);
  const { from, name, phoneID, message, contact } = event;
  say({ event: "message", value: { from, name, phoneID, message, contact } });
};
whatsapp.on.status = ({ status, id, phone, pricing, error, biz_opaque_callback_data }) => {
  say({ event: "status", value: { status, id, phone, pricing, error, biz_opaque_callback_data } });
};
whatsapp.on.sent = ({ id, type, to }) => say({ event: "sent", value: { id, type, to } });

const server = createServer(async (request, response) => {
  const address = new URL(request.url, "http://localhost");
  try {
    if (request.method === "GET") {
      response.end(whatsapp.get(Object.fromEntries(address.searchParams)));
      return;
    }
    let body = "";
    for await (const piece of request) body += piece;
    await whatsapp.post(JSON.parse(body), body, request.headers["x-hub-signature-256"]);
    response.end();
  } catch (error) {
    response.statusCode = error.httpStatus ?? 500;
    response.end();
  }
});
server.listen(0, "127.0.0.1", () => say({ ready: `http://127.0.0.1:${server.address().port}/` }));

function argument(value) {
  if (Array.isArray(value)) return value.map(argument);
  if (value === null || typeof value !== "object") return value ?? undefined;
  if (value.new) return new messages[value.new](...value.args.map(argument));
  if (value.form) {
    const form = new FormData();
    form.set("file", new Blob([Buffer.from(value.form.base64, "base64")], { type: value.form.type }), "file");
    return form;
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, argument(item)]));
}

async function call({ call: method, on, args = [] }) {
  const made = args.map(argument);
  if (on) return offered.get(on)[method](...made);
  if (method === "broadcastMessage") return Promise.all(whatsapp.broadcastMessage(...made));
  if (method === "fetchMedia") {
    const response = await whatsapp.fetchMedia(...made);
    return Buffer.from(await response.arrayBuffer()).toString("base64");
  }
  return whatsapp[method](...made);
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  call(asked).then(
    (answer) => say({ id: asked.id, answer: answer ?? null }),
    (error) => say({ id: asked.id, error: String(error) }),
  );
}
process.exit(0);
