/** The choices of a field, and what choosing one sets off. */
import { isObject } from "./expression";
import { text } from "./document";
import type { Component } from "./document";

export type Option = { id: string; title: string; description: string; metadata: string; enabled: boolean; image: unknown; onSelect: unknown; onUnselect: unknown };

const OPTIONS_MAX = 200;

export function optionsOf(component: Component): Option[] {
  const source = component["data-source"];
  if (!Array.isArray(source)) return [];
  return source.slice(0, OPTIONS_MAX).flatMap((each): Option[] => {
    if (!isObject(each)) return [];
    const id = text(each["id"]);
    return [
      {
        id,
        title: text(each["title"]) || id,
        description: text(each["description"]),
        metadata: text(each["metadata"]),
        enabled: each["enabled"] !== false,
        image: each["image"],
        onSelect: each["on-select-action"],
        onUnselect: each["on-unselect-action"],
      },
    ];
  });
}

/** The actions that a change sets off: first what was let go, then what was taken, then the field's own. */
export function actionsOf(component: Component, before: readonly string[], after: readonly string[]): unknown[] {
  const options = optionsOf(component);
  const gone = options.filter((each) => before.includes(each.id) && !after.includes(each.id)).map((each) => each.onUnselect);
  const taken = options.filter((each) => after.includes(each.id) && !before.includes(each.id)).map((each) => each.onSelect);
  const own = after.length >= before.length ? component["on-select-action"] : (component["on-unselect-action"] ?? component["on-select-action"]);
  return [...gone, ...taken, own].filter((each) => each !== undefined && each !== null);
}
