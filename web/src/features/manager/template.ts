/**
 * # Templates, as they are written and as they are shown
 *
 * A draft is what the editor holds; the Cloud API's components are made of it, and read back into it where a template has
 * nothing that the editor does not know. Gaps (`{{1}}`, `{{name}}`) are filled with their examples in the preview.
 */
import type { NewTemplate, TemplateButton, TemplateComponent } from "@/api/manager";

export type DraftButton = { type: "QUICK_REPLY" | "URL" | "PHONE_NUMBER" | "COPY_CODE"; text: string; value: string };
export type Draft = {
  name: string;
  language: string;
  category: string;
  header: string;
  body: string;
  footer: string;
  buttons: DraftButton[];
  /** What stands in the gaps in the preview, and goes along as examples: by the name of the gap. */
  examples: Readonly<Record<string, string>>;
};

export const EMPTY_DRAFT: Draft = { name: "", language: "en", category: "UTILITY", header: "", body: "", footer: "", buttons: [], examples: {} };

/** The limits of the Cloud API, in characters. */
export const LIMITS = { header: 60, body: 1024, footer: 60, button: 25, name: 512 } as const;
export const BUTTONS_MAX = 10;

const GAP = /\{\{\s*(\w+)\s*\}\}/g;

/** The names of the gaps of a text, each once, in their order. */
export function gapsOf(text: string): string[] {
  return [...new Set([...text.matchAll(GAP)].map((match) => match[1] ?? ""))];
}

/** A text with its gaps filled; one without an example stays as it is written. */
export function filled(text: string, examples: Readonly<Record<string, string>>): string {
  return text.replace(GAP, (whole, name: string) => {
    const example = examples[name];
    return example === undefined || example === "" ? whole : example;
  });
}

const isNumbered = (gaps: readonly string[]): boolean => gaps.every((gap) => /^\d+$/.test(gap));

/** The word before a text with gaps: their examples, as the Cloud API wants them. */
function exampleOf(part: "header" | "body", text: string, examples: Draft["examples"]): TemplateComponent["example"] | undefined {
  const gaps = gapsOf(text);
  if (gaps.length === 0) return undefined;
  if (!isNumbered(gaps)) {
    const named = gaps.map((gap) => ({ param_name: gap, example: examples[gap] ?? "" }));
    return part === "body" ? { body_text_named_params: named } : { header_text_named_params: named };
  }
  const values = gaps.toSorted((a, b) => Number(a) - Number(b)).map((gap) => examples[gap] ?? "");
  return part === "body" ? { body_text: [values] } : { header_text: values };
}

function buttonOf(button: DraftButton): TemplateButton {
  switch (button.type) {
    case "URL": {
      const gaps = gapsOf(button.value);
      return { type: "URL", text: button.text, url: button.value, ...(gaps.length === 0 ? {} : { example: [filled(button.value, { [gaps[0] ?? ""]: "example" })] }) };
    }
    case "PHONE_NUMBER":
      return { type: "PHONE_NUMBER", text: button.text, phone_number: button.value };
    case "COPY_CODE":
      return { type: "COPY_CODE", example: button.value };
    default:
      return { type: "QUICK_REPLY", text: button.text };
  }
}

/** What is sent for a draft. */
export function componentsOf(draft: Draft): TemplateComponent[] {
  const components: TemplateComponent[] = [];
  const withExample = (component: TemplateComponent, part: "header" | "body", text: string): TemplateComponent => {
    const example = exampleOf(part, text, draft.examples);
    return example === undefined ? component : { ...component, example };
  };
  if (draft.header !== "") components.push(withExample({ type: "HEADER", format: "TEXT", text: draft.header }, "header", draft.header));
  components.push(withExample({ type: "BODY", text: draft.body }, "body", draft.body));
  if (draft.footer !== "") components.push({ type: "FOOTER", text: draft.footer });
  if (draft.buttons.length > 0) components.push({ type: "BUTTONS", buttons: draft.buttons.map(buttonOf) });
  return components;
}

/** The whole request; a format is named only where gaps have names. */
export function requestOf(draft: Draft): NewTemplate {
  const named = !isNumbered(gapsOf(`${draft.header}\n${draft.body}`));
  return { name: draft.name, language: draft.language, category: draft.category, ...(named ? { parameter_format: "NAMED" } : {}), components: componentsOf(draft) };
}

const part = (components: readonly TemplateComponent[], type: string): TemplateComponent | undefined => components.find((each) => each.type.toUpperCase() === type);

/** The examples that a template was submitted with, by gap. */
export function examplesOf(components: readonly TemplateComponent[]): Record<string, string> {
  const examples: Record<string, string> = {};
  const body = part(components, "BODY")?.example;
  const header = part(components, "HEADER")?.example;
  for (const [n, value] of (header?.header_text ?? []).entries()) examples[String(n + 1)] = value;
  for (const [n, value] of (body?.body_text?.[0] ?? []).entries()) examples[String(n + 1)] = value;
  for (const each of [...(header?.header_text_named_params ?? []), ...(body?.body_text_named_params ?? [])]) examples[each.param_name] = each.example;
  return examples;
}

function draftButton(button: TemplateButton): DraftButton | null {
  const text = button.text ?? "";
  switch (button.type.toUpperCase()) {
    case "QUICK_REPLY":
      return { type: "QUICK_REPLY", text, value: "" };
    case "URL":
      return { type: "URL", text, value: button.url ?? "" };
    case "PHONE_NUMBER":
      return { type: "PHONE_NUMBER", text, value: button.phone_number ?? "" };
    case "COPY_CODE":
      return { type: "COPY_CODE", text, value: (Array.isArray(button.example) ? button.example[0] : button.example) ?? "" };
    default:
      return null;
  }
}

/** A template as a draft; null: it has parts that the editor does not know, and would lose. */
export function draftOf(template: { name: string; language: string; category: string; components: TemplateComponent[] }): Draft | null {
  const { components } = template;
  const known = ["HEADER", "BODY", "FOOTER", "BUTTONS"];
  const header = part(components, "HEADER");
  const buttons = (part(components, "BUTTONS")?.buttons ?? []).map(draftButton);
  const isKnown = components.every((each) => known.includes(each.type.toUpperCase())) && (header === undefined || (header.format ?? "TEXT").toUpperCase() === "TEXT") && !buttons.includes(null);
  if (!isKnown || template.category === "AUTHENTICATION") return null;
  return {
    name: template.name,
    language: template.language,
    category: template.category,
    header: header?.text ?? "",
    body: part(components, "BODY")?.text ?? "",
    footer: part(components, "FOOTER")?.text ?? "",
    buttons: buttons.filter((each) => each !== null),
    examples: examplesOf(components),
  };
}

/** What is wrong with a draft that the server would refuse, by field; it has the last word. */
export function faultsOf(draft: Draft): Partial<Record<"name" | "body" | "header" | "footer" | "buttons" | "examples", string>> {
  const faults: ReturnType<typeof faultsOf> = {};
  if (!/^[a-z0-9_]{1,512}$/.test(draft.name)) faults.name = "Small letters, digits and underscores: order_ready.";
  if (draft.body.trim() === "") faults.body = "A template needs a body.";
  else if (draft.body.length > LIMITS.body) faults.body = `At most ${LIMITS.body} characters.`;
  else if (/^\s*\{\{|\}\}\s*$/.test(draft.body)) faults.body = "A gap may not stand at the beginning or the end: write words around it.";
  if (draft.header.length > LIMITS.header) faults.header = `At most ${LIMITS.header} characters.`;
  if (draft.footer.length > LIMITS.footer) faults.footer = `At most ${LIMITS.footer} characters.`;
  if (gapsOf(draft.footer).length > 0) faults.footer = "A footer has no gaps.";
  if (draft.buttons.some((button) => (button.type !== "COPY_CODE" && button.text.trim() === "") || (button.type !== "QUICK_REPLY" && button.value.trim() === ""))) faults.buttons = "Fill in every button, or remove it.";
  const gaps = gapsOf(`${draft.header}\n${draft.body}`);
  if (gaps.some((gap) => (draft.examples[gap] ?? "").trim() === "")) faults.examples = "An example for each gap: whoever reviews the template sees it filled in.";
  return faults;
}
