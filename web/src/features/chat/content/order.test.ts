/** What a business wrote about an order, read without trust. */
import { expect, it } from "vitest";
import { micros, readOrder } from "./orderDetails";

it("turns amounts into micros without a fraction, and refuses what is none", () => {
  expect(micros({ value: 11_800, offset: 100 })).toBe(118_000_000);
  expect(micros({ value: "1", offset: 1000 })).toBe(1000);
  expect(micros({ value: 5, offset: 3 })).toBeNull();
  expect(micros({ value: 1.5, offset: 100 })).toBeNull();
  expect(micros("12")).toBeNull();
  expect(micros({})).toBeNull();
});

it("reads lines, sums and ways to pay", () => {
  const order = readOrder(
    JSON.stringify({
      payment_settings: [{ type: "pix_dynamic_code", pix_dynamic_code: { code: "0002" } }, { type: "else" }],
      order: {
        status: "pending",
        items: [{ name: "Tea", amount: { value: 10_000, offset: 100 }, sale_amount: { value: 9000, offset: 100 }, quantity: 2 }],
        subtotal: { value: 18_000, offset: 100 },
        tax: { value: 1800, offset: 100, description: "GST" },
        discount: { value: 500, offset: 100 },
      },
    }),
  );
  expect(order.lines).toEqual([{ name: "Tea", quantity: 2, micros: 180_000_000, beforeMicros: 200_000_000 }]);
  expect(order.sums).toEqual([
    { label: "Subtotal", micros: 180_000_000 },
    { label: "Discount", micros: -5_000_000 },
    { label: "GST", micros: 18_000_000 },
  ]);
  expect(order.payments).toEqual([{ is: "code", label: "Copy the Pix code", code: "0002" }]);
});

it("shows nothing of a document that is none", () => {
  expect(readOrder("not JSON")).toEqual({ lines: [], sums: [], payments: [], status: "", endsAt: null });
  expect(readOrder('{"order":{"items":"x"}}').lines).toEqual([]);
});
