/** What is wrong with what was filled in, in words, by the name of the field. Only what is shown can be wrong. */
import { text } from "./document";
import type { Component } from "./document";
import { isObject } from "./expression";
import { filesOf, wrongFiles } from "./picking";
import type { Json } from "./expression";
import { isField } from "./interpreter";
import type { Shown } from "./interpreter";

const NEEDED = "This is needed.";
const PATTERN_CHARACTERS_MAX = 500;
const DAY_MS = 24 * 3600 * 1000;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** A number that a component names; null: none. */
export function limit(component: Component, name: string): number | null {
  const value = component[name];
  return value !== undefined && value !== null && Number.isFinite(Number(value)) ? Number(value) : null;
}

/** `YYYY-MM-DD`, also of the milliseconds that forms before 5.0 have; empty for anything else. */
export function day(value: unknown): string {
  const written = text(value).trim();
  if (/^\d{4}-\d\d-\d\d$/.test(written)) return written;
  return /^\d{10,15}$/.test(written) ? new Date(Number(written)).toISOString().slice(0, 10) : "";
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function wrongText(component: Component, value: string): string | null {
  const [min, max] = [limit(component, "min-chars"), limit(component, "max-chars") ?? limit(component, "max-length")];
  const length = [...value].length;
  if (min !== null && length < min) return `At least ${min} characters.`;
  if (max !== null && length > max) return `At most ${max} characters.`;
  switch (component["input-type"]) {
    case "email":
      if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) return "Write an e-mail address, like ana@example.org.";
      break;
    case "number":
      if (!/^-?\d+([.,]\d+)?$/.test(value.trim())) return "Write a number.";
      break;
    case "phone":
      if (!/^\+?[\d\s()./-]{4,20}$/.test(value.trim())) return "Write a phone number.";
      break;
    case "passcode":
      if (!/^\d+$/.test(value)) return "Digits only.";
      break;
    default:
  }
  return fitsPattern(component, value) ? null : text(component["error-message"]) || text(component["helper-text"]) || "This does not have the right form.";
}

function fitsPattern(component: Component, value: string): boolean {
  const pattern = text(component["pattern"]);
  if (pattern === "" || pattern.length > PATTERN_CHARACTERS_MAX) return true;
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

function wrongDay(component: Component, value: string): string | null {
  const [min, max] = [day(component["min-date"]), day(component["max-date"])];
  if (min !== "" && value < min) return `Not before ${min}.`;
  if (max !== "" && value > max) return `Not after ${max}.`;
  if (list(component["unavailable-dates"]).some((each) => day(each) === value)) return "This day is not available.";
  const days = list(component["include-days"]);
  if (days.length > 0 && !days.includes(DAYS[new Date(`${value}T00:00:00Z`).getUTCDay()])) return "This day of the week is not available.";
  return null;
}

function wrongRange(component: Component, range: Json): string | null {
  const [start, end] = [day(range["start-date"]), day(range["end-date"])];
  const required = isObject(component["required"]) ? component["required"] : { "start-date": component["required"], "end-date": component["required"] };
  if ((required["start-date"] === true && start === "") || (required["end-date"] === true && end === "")) return NEEDED;
  const wrong = (start === "" ? null : wrongDay(component, start)) ?? (end === "" ? null : wrongDay(component, end));
  if (wrong !== null || start === "" || end === "") return wrong;
  const days = (Date.parse(end) - Date.parse(start)) / DAY_MS + 1;
  const [min, max] = [limit(component, "min-days"), limit(component, "max-days")];
  if (days < 1) return "The end is before the beginning.";
  if (min !== null && days < min) return `At least ${min} days.`;
  return max !== null && days > max ? `At most ${max} days.` : null;
}

function wrongChoices(component: Component, chosen: number): string | null {
  const [min, max] = [limit(component, "min-selected-items"), limit(component, "max-selected-items")];
  if (chosen > 0 && min !== null && chosen < min) return `Choose at least ${min}.`;
  return max !== null && chosen > max ? `Choose at most ${max}.` : null;
}

/** What is wrong with one field; null: nothing. */
export function wrongWith(component: Component, value: unknown): string | null {
  const required = component["required"] === true;
  switch (component.type) {
    case "TextInput":
    case "TextArea": {
      const written = text(value);
      if (written.trim() === "") return required ? NEEDED : null;
      return wrongText(component, written);
    }
    case "CheckboxGroup":
    case "ChipsSelector": {
      const chosen = list(value).length;
      return required && chosen === 0 ? NEEDED : wrongChoices(component, chosen);
    }
    case "OptIn":
      return required && value !== true ? NEEDED : null;
    case "CalendarPicker":
      if (component["mode"] === "range") return wrongRange(component, isObject(value) ? value : {});
      return day(value) === "" ? (required ? NEEDED : null) : wrongDay(component, day(value));
    case "DatePicker":
      return day(value) === "" ? (required ? NEEDED : null) : wrongDay(component, day(value));
    case "PhotoPicker":
    case "DocumentPicker":
      return wrongFiles(component, filesOf(value));
    default:
      return required && text(value) === "" ? NEEDED : null;
  }
}

/** Everything that is wrong on a screen. */
export function validate(shown: readonly Shown[], form: Json): Map<string, string> {
  const wrong = new Map<string, string>();
  for (const { component } of shown) {
    if (!isField(component)) continue;
    const name = text(component["name"]);
    const words = wrongWith(component, form[name]);
    if (words !== null && component["enabled"] !== false) wrong.set(name, words);
  }
  return wrong;
}
