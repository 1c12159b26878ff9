/** A form as its JSON has it, read without trust: screens, their components, and what the answers begin with. */
import { isObject } from "./expression";
import type { Json } from "./expression";

export type Component = Json & { type: string };

export type Screen = { id: string; title: string; terminal: boolean; refreshOnBack: boolean; children: readonly Component[]; examples: Json };

export type Flow = { version: number; screens: readonly Screen[]; usesEndpoint: boolean };

const SCREENS_MAX = 100;

export function componentsOf(value: unknown): Component[] {
  return Array.isArray(value) ? value.filter((each): each is Component => isObject(each) && typeof each["type"] === "string") : [];
}

export function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function screenOf(value: unknown): Screen | null {
  if (!isObject(value) || typeof value["id"] !== "string") return null;
  const layout = isObject(value["layout"]) ? value["layout"] : {};
  const declared = isObject(value["data"]) ? value["data"] : {};
  const examples = Object.fromEntries(Object.entries(declared).flatMap(([name, each]) => (isObject(each) && "__example__" in each ? [[name, each["__example__"]]] : [])));
  return { id: value["id"], title: text(value["title"]), terminal: value["terminal"] === true, refreshOnBack: value["refresh_on_back"] === true, children: componentsOf(layout["children"]), examples };
}

/** A form; null when there is not even one screen in it. */
export function readFlow(document: unknown): Flow | null {
  let value = document;
  if (typeof document === "string") {
    try {
      value = JSON.parse(document) as unknown;
    } catch {
      return null;
    }
  }
  if (!isObject(value) || !Array.isArray(value["screens"])) return null;
  const screens = value["screens"].slice(0, SCREENS_MAX).flatMap((each) => screenOf(each) ?? []);
  return screens.length === 0 ? null : { version: Number.parseFloat(text(value["version"])) || 0, screens, usesEndpoint: value["data_api_version"] !== undefined };
}

/** The components inside another one, in all its branches. */
export function branchesOf(component: Component): Component[] {
  if (component.type === "Form") return componentsOf(component["children"]);
  if (component.type === "If") return [...componentsOf(component["then"]), ...componentsOf(component["else"])];
  if (component.type === "Switch" && isObject(component["cases"])) return Object.values(component["cases"]).flatMap(componentsOf);
  return [];
}
