import { expect, it } from "vitest";
import { EMPTY_DRAFT, componentsOf, draftOf, faultsOf, filled, gapsOf, requestOf } from "./template";
import type { Draft } from "./template";

const DRAFT: Draft = {
  ...EMPTY_DRAFT,
  name: "order_ready",
  header: "For {{1}}",
  body: "Hello {{1}}, order {{2}} is ready at {{ 3 }}. See you, {{1}}!",
  footer: "Baked here",
  buttons: [
    { type: "QUICK_REPLY", text: "On my way", value: "" },
    { type: "URL", text: "Track", value: "https://example.org/{{1}}" },
    { type: "COPY_CODE", text: "", value: "LOAF10" },
  ],
  examples: { "1": "Ana", "2": "T-17", "3": "9:30" },
};

it("finds gaps once, in their order, and fills them", () => {
  expect(gapsOf(DRAFT.body)).toEqual(["1", "2", "3"]);
  expect(filled(DRAFT.body, DRAFT.examples)).toBe("Hello Ana, order T-17 is ready at 9:30. See you, Ana!");
  expect(filled("{{1}} and {{2}}", { "1": "Ana" })).toBe("Ana and {{2}}");
});

it("makes the components of the Cloud API, with examples", () => {
  expect(componentsOf(DRAFT)).toEqual([
    { type: "HEADER", format: "TEXT", text: "For {{1}}", example: { header_text: ["Ana"] } },
    { type: "BODY", text: DRAFT.body, example: { body_text: [["Ana", "T-17", "9:30"]] } },
    { type: "FOOTER", text: "Baked here" },
    {
      type: "BUTTONS",
      buttons: [
        { type: "QUICK_REPLY", text: "On my way" },
        { type: "URL", text: "Track", url: "https://example.org/{{1}}", example: ["https://example.org/example"] },
        { type: "COPY_CODE", example: "LOAF10" },
      ],
    },
  ]);
});

it("names the format only where gaps have names", () => {
  expect(requestOf(DRAFT).parameter_format).toBeUndefined();
  const named = requestOf({ ...EMPTY_DRAFT, name: "hi", body: "Hello {{who}}!", examples: { who: "Ana" } });
  expect(named.parameter_format).toBe("NAMED");
  expect(named.components).toEqual([{ type: "BODY", text: "Hello {{who}}!", example: { body_text_named_params: [{ param_name: "who", example: "Ana" }] } }]);
});

it("reads a template back, unless it would lose something", () => {
  expect(draftOf({ ...DRAFT, components: componentsOf(DRAFT) })).toEqual(DRAFT);
  expect(draftOf({ ...DRAFT, components: [{ type: "HEADER", format: "IMAGE" }, { type: "BODY", text: "x" }] })).toBeNull();
  expect(draftOf({ ...DRAFT, components: [{ type: "BODY", text: "x" }, { type: "CAROUSEL", cards: [] }] })).toBeNull();
});

it("says what would be refused", () => {
  expect(faultsOf(DRAFT)).toEqual({});
  expect(Object.keys(faultsOf(EMPTY_DRAFT))).toEqual(["name", "body"]);
  expect(faultsOf({ ...DRAFT, body: "{{1}} is first" }).body).toMatch(/beginning/);
  expect(faultsOf({ ...DRAFT, examples: {} }).examples).toBeDefined();
  expect(faultsOf({ ...DRAFT, buttons: [{ type: "URL", text: "Track", value: "" }] }).buttons).toBeDefined();
});
