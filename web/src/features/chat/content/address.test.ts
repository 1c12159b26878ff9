/** Addresses: the fields of a country, and the documents in which a business asks for them. */
import { expect, it } from "vitest";
import { fieldsOf, savedOf, valuesOf, wrongWith } from "./addressFields";

it("checks what a country needs", () => {
  const india = fieldsOf("IN");
  const given = { name: "Ana", phone_number: "+91 98765 43210", in_pin_code: "400063", address: "Arcade Street 5", city: "Mumbai" };
  expect(wrongWith(india, given)).toEqual({});
  expect(wrongWith(india, { ...given, in_pin_code: "04006", city: " " })).toEqual({ in_pin_code: "A PIN code has six digits.", city: "This is needed." });
  expect(wrongWith(fieldsOf("SG"), { ...given, sg_post_code: "049315" })).toEqual({});
  expect(Object.keys(wrongWith(fieldsOf("FR"), {}))).toEqual(["name", "phone_number", "address", "post_code", "city"]);
});

it("takes nothing from a document that is none", () => {
  expect([valuesOf(""), valuesOf("[1]"), valuesOf('{"a":1,"b":{},"c":"x"}')]).toEqual([{}, {}, { a: "1", c: "x" }]);
  expect([savedOf("no"), savedOf('{"id":"a"}'), savedOf('[{"id":1},{"id":"a","value":{"city":"Pune"}}]')]).toEqual([[], [], [{ id: "a", values: { city: "Pune" } }]]);
});
