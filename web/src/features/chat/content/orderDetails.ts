/**
 * # An order as a business wrote it
 *
 * The document is the business's, so nothing in it is believed to have a shape: what is not an amount is not shown.
 * Amounts are a value and an offset (`{value: 11800, offset: 100}` is 118.00) and become micros without a fraction.
 */
type Json = Record<string, unknown>;

export type OrderLine = { name: string; quantity: number; micros: number | null; beforeMicros: number | null };
export type OrderSum = { label: string; micros: number };
export type Payment = { is: "code"; label: string; code: string } | { is: "link"; label: string; url: string };
export type OrderDocument = { lines: OrderLine[]; sums: OrderSum[]; payments: Payment[]; status: string; endsAt: number | null };

const LINES_MAX = 200;

function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.slice(0, LINES_MAX).map(object) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Micros of an amount; null when it is none, or would not be exact. */
export function micros(amount: unknown): number | null {
  const { value, offset = 100 } = object(amount);
  const [whole, parts] = [Number(value), Number(offset)];
  if (value === undefined || !Number.isSafeInteger(whole) || !Number.isInteger(parts) || parts < 1 || 1_000_000 % parts !== 0) return null;
  return whole * (1_000_000 / parts);
}

function line(item: Json): OrderLine {
  const quantity = Number.isInteger(item["quantity"]) ? Number(item["quantity"]) : 1;
  const [full, sale] = [micros(item["amount"]), micros(item["sale_amount"])];
  const total = (each: number | null): number | null => (each === null ? null : each * quantity);
  return { name: text(item["name"]) || text(item["retailer_id"]), quantity, micros: total(sale ?? full), beforeMicros: sale !== null && full !== sale ? total(full) : null };
}

function sumsOf(order: Json): OrderSum[] {
  const sums: OrderSum[] = [];
  const add = (name: string, label: string, sign: 1 | -1): void => {
    const amount = micros(order[name]);
    if (amount !== null && (amount !== 0 || name === "subtotal")) sums.push({ label, micros: amount * sign });
  };
  add("subtotal", "Subtotal", 1);
  add("discount", text(object(order["discount"])["discount_program_name"]) || text(object(order["discount"])["description"]) || "Discount", -1);
  add("shipping", text(object(order["shipping"])["description"]) || "Delivery", 1);
  add("tax", text(object(order["tax"])["description"]) || "Tax", 1);
  return sums;
}

function paymentsOf(document: Json): Payment[] {
  return list(document["payment_settings"]).flatMap((setting): Payment[] => {
    const inner = (name: string): Json => object(setting[name]);
    switch (setting["type"]) {
      case "pix_dynamic_code":
        return [{ is: "code", label: "Copy the Pix code", code: text(inner("pix_dynamic_code")["code"]) }];
      case "boleto":
        return [{ is: "code", label: "Copy the boleto line", code: text(inner("boleto")["digitable_line"]) }];
      case "payment_link":
        return [{ is: "link", label: "Pay on the business's page", url: text(inner("payment_link")["uri"]) }];
      default:
        return [];
    }
  });
}

export function readOrder(details: string): OrderDocument {
  let document: Json = {};
  try {
    document = object(JSON.parse(details));
  } catch {
    // A document that is none has no lines; the total stands in the message itself.
  }
  const order = object(document["order"]);
  const ends = Number(object(order["expiration"])["timestamp"]);
  return {
    lines: list(order["items"]).map(line),
    sums: sumsOf(order),
    payments: paymentsOf(document),
    status: text(order["status"]),
    endsAt: Number.isFinite(ends) && ends > 0 ? ends * 1000 : null,
  };
}
