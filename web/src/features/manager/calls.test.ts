import { expect, it } from "vitest";
import { CALLS, curl, program, python } from "./calls";
import type { Call, Subject } from "./calls";

const SUBJECT: Subject = { origin: "http://localhost:8080", account: "200", phone: "100", app: "300", business: "400" };
const call = (id: string): Call => CALLS.find((each) => each.id === id) as Call;
const bodyOf = (each: Call): string | null => (each.body ? JSON.stringify(each.body(SUBJECT)) : null);

it("writes a curl line that keeps quotes and reads the token from the environment", () => {
  expect(curl("POST", "100/messages", `{"text":"it's"}`, SUBJECT.origin)).toMatchInlineSnapshot(`
    "curl -X POST "http://localhost:8080/v23.0/100/messages" \\
      -H "Authorization: Bearer $PLAZA_TOKEN" \\
      -H "Content-Type: application/json" \\
      -d '{"text":"it'\\''s"}'"
  `);
  expect(curl("GET", "200/flows", null, SUBJECT.origin)).not.toContain("-d");
});

it("writes the words of pywa", () => {
  const template = program(call("send_template"), "100/messages", bodyOf(call("send_template")), SUBJECT);
  expect(template).toContain("from pywa.types.templates import BodyText, TemplateLanguage");
  expect(template).toContain(`params=[BodyText.params("Ana", "T-17", "9:30")],`);
  expect(template).toContain(`session.base_url = "http://localhost:8080/v23.0"`);
  const text = program(call("send_text"), "100/messages", `{"to":"+1","text":{"body":"a \\"b\\""}}`, SUBJECT);
  expect(text).toContain(`wa.send_message(\n    to="+1",\n    text="a \\"b\\"",\n)`);
});

it("goes without pywa where that has no words", () => {
  expect(program(call("subscriptions"), "200/subscribed_apps", null, SUBJECT)).toContain("httpx.get(");
});

it("knows Python's values", () => {
  expect(python({ a: [true, null, 1.5], b: "é" })).toBe(`{"a": [True, None, 1.5], "b": "é"}`);
});

it("has each call once, and code for each", () => {
  expect(new Set(CALLS.map((each) => each.id)).size).toBe(CALLS.length);
  for (const each of CALLS) expect(program(each, each.path(SUBJECT), bodyOf(each), SUBJECT)).toContain("PLAZA_TOKEN");
});
