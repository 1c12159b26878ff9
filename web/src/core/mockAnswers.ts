/** What the core makes of an answer: the message that says it, or a refusal when the question does not allow it. */
import type { Action, Answer, Body, Card, Product, TemplateButton } from "./content";
import { CoreError } from "./types";

type Made = { body: Body; text: string };

function refuse(words: string): never {
  throw new CoreError(words, "invalid");
}

function press(button: TemplateButton | undefined, isTemplate: boolean): Made {
  if (!button) return refuse("this message has no such choice");
  if (button.kind !== "QUICK_REPLY") return refuse("this button opens something; it sends no answer");
  const payload = button.value || button.text;
  const body: Body = isTemplate
    ? { kind: "button_reply", text: button.text, payload }
    : { kind: "interactive_reply", type: "button", id: payload, title: button.text, description: "" };
  return { body, text: button.text };
}

function offered(actions: readonly (Action | null)[]): Product[] {
  return actions.flatMap((action) => {
    if (action?.type === "product") return action.product ? [action.product] : [];
    if (action?.type === "product_list") return action.sections.flatMap((section) => section.products);
    return action?.type === "catalog" ? action.products : [];
  });
}

function order(products: readonly Product[], text: string, lines: readonly { retailer_id: string; quantity: number }[]): Made {
  const items = lines.map(({ retailer_id, quantity }) => {
    const product = products.find((each) => each.retailer_id === retailer_id);
    if (!product) return refuse("this message has no such choice");
    return { retailer_id, quantity, price_micros: product.price_micros, currency: product.currency, name: product.name };
  });
  return { body: { kind: "order", catalog_id: products[0]?.catalog_id ?? "", text, items }, text: text || "Order" };
}

export function answered(question: Body | null, json: string): Made {
  const answer = JSON.parse(json) as Answer;
  if (question?.kind !== "interactive" && question?.kind !== "template") return refuse("this message cannot be answered that way");
  const isTemplate = question.kind === "template";
  const action = isTemplate ? null : question.action;
  const buttons: readonly TemplateButton[] = isTemplate ? question.buttons : [];
  const cards: readonly Card[] = question.cards;
  switch (answer.do) {
    case "button": {
      if (answer.card !== undefined) return press(cards[answer.card]?.buttons[answer.index], isTemplate);
      if (action?.type !== "buttons") return press(buttons[answer.index], isTemplate);
      const choice = action.buttons[answer.index] ?? refuse("this message has no such choice");
      return { body: { kind: "interactive_reply", type: "button", ...choice }, text: choice.title };
    }
    case "row": {
      const rows = action?.type === "list" ? action.sections.flatMap((section) => section.rows) : [];
      const row = rows.find((each) => each.id === answer.id) ?? refuse("this message has no such choice");
      return { body: { kind: "interactive_reply", type: "row", ...row }, text: row.title };
    }
    case "form": {
      const name = action?.type === "address" ? "address_message" : "flow";
      return { body: { kind: "interactive_reply", type: "form", name, text: "Sent", response_json: JSON.stringify(answer.response) }, text: "Sent" };
    }
    case "location": {
      const { latitude, longitude, name, address } = answer;
      return { body: { kind: "location", latitude, longitude, name, address, url: "" }, text: name || "Location" };
    }
    case "calls": {
      const { accepted, permanent, now } = answer;
      const expires_at = accepted && !permanent ? now + 7 * 24 * 3600 : 0;
      return { body: { kind: "interactive_reply", type: "call_permission", is_accepted: accepted, is_permanent: permanent, expires_at }, text: accepted ? "Calls are welcome" : "No calls, please" };
    }
    case "order":
      return order(offered([action, ...buttons.map((each) => each.action)]), answer.text, answer.items);
  }
}
