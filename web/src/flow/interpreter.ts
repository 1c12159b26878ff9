/**
 * # How a form runs
 *
 * Pure: a form, what was filled in, what an endpoint said, go in; what stands on the screen, what is wrong with it, and
 * where it goes next, come out. The screens that were visited form a stack, so that Back finds them as they were.
 */
import { branchesOf, componentsOf, text } from "./document";
import type { Component, Flow, Screen } from "./document";
import { condition, holds, isObject, resolve, words } from "./expression";
import type { Json, Scope } from "./expression";

/** A screen that was opened: the data it was given, and what was filled in. */
export type Visit = { screen: string; data: Json; form: Json };

export type Run = {
  /** The last one is shown. */
  visits: readonly Visit[];
  /** What was filled in on screens that have been left. */
  left: Readonly<Record<string, { data: Json; form: Json }>>;
  /** What the endpoint says about the screen as a whole. */
  message: string | null;
};

/** What pressing something leads to. */
export type Effect =
  | { is: "goto"; screen: string; data: Json }
  | { is: "update"; data: Json }
  | { is: "exchange"; screen: string; data: Json }
  | { is: "complete"; response: Json }
  | { is: "open"; url: string }
  | { is: "nothing" };

/** A component with its references put in, and what its form says about it. */
export type Shown = { key: string; component: Component; error: string | null };

const DEPTH_MAX = 12;
const SHOWN_MAX = 200;
export const SUCCESS = "SUCCESS";

export function screenOf(flow: Flow, id: string): Screen | undefined {
  return flow.screens.find((each) => each.id === id);
}

function object(value: unknown): Json {
  return isObject(value) ? value : {};
}

/** What an answer is before anything is filled in, so that a reference to it always has a value. */
function emptyValue(component: Component): unknown {
  switch (component.type) {
    case "CheckboxGroup":
    case "ChipsSelector":
    case "PhotoPicker":
    case "DocumentPicker":
      return [];
    case "OptIn":
      return false;
    case "CalendarPicker":
      return component["mode"] === "range" ? { "start-date": "", "end-date": "" } : "";
    default:
      return "";
  }
}

const FIELDS = new Set(["TextInput", "TextArea", "Dropdown", "RadioButtonsGroup", "CheckboxGroup", "ChipsSelector", "OptIn", "DatePicker", "CalendarPicker", "PhotoPicker", "DocumentPicker"]);

export function isField(component: Component): boolean {
  return FIELDS.has(component.type) && typeof component["name"] === "string";
}

/** What a screen's fields begin with: the form's initial values, then each field's own, then nothing. */
export function initialForm(screen: Screen, scope: Scope): Json {
  const form: Json = {};
  const walk = (children: readonly Component[], given: Json, depth: number): void => {
    for (const child of children) {
      if (isField(child)) {
        const name = text(child["name"]);
        form[name] = given[name] ?? resolve(child["init-value"], scope) ?? emptyValue(child);
      } else if (depth < DEPTH_MAX) {
        walk(branchesOf(child), child.type === "Form" ? object(resolve(child["init-values"], scope)) : given, depth + 1);
      }
    }
  };
  walk(screen.children, {}, 0);
  return form;
}

function leftOf(run: Run): Run["left"] {
  return Object.fromEntries([...Object.entries(run.left), ...run.visits.map((visit) => [visit.screen, { data: visit.data, form: visit.form }] as const)]);
}

export function current(run: Run): Visit {
  const visit = run.visits.at(-1);
  if (!visit) throw new Error("a run has at least one visit");
  return visit;
}

export function scopeOf(run: Run): Scope {
  const { data, form } = current(run);
  return { data, form, screens: leftOf(run) };
}

/** Opens a screen on top of those that are open; null when the form has none of that name. */
export function goTo(flow: Flow, run: Run | null, id: string, data: Json): Run | null {
  const screen = screenOf(flow, id);
  if (!screen) return null;
  const left = run ? leftOf(run) : {};
  const form = initialForm(screen, { data, form: {}, screens: left });
  const visits = run?.visits ?? [];
  // Coming to a screen that is open already leads back to it, with the new data.
  const at = visits.findIndex((visit) => visit.screen === id);
  const kept = at === -1 ? visits : visits.slice(0, at);
  return { visits: [...kept, { screen: id, data, form: at === -1 ? form : { ...form, ...visits[at]?.form } }], left, message: null };
}

/** Closes the last screen. */
export function back(run: Run): Run {
  return run.visits.length < 2 ? run : { visits: run.visits.slice(0, -1), left: leftOf(run), message: null };
}

function changeCurrent(run: Run, change: (visit: Visit) => Visit): Run {
  return { ...run, visits: [...run.visits.slice(0, -1), change(current(run))] };
}

export function fill(run: Run, name: string, value: unknown): Run {
  return changeCurrent(run, (visit) => ({ ...visit, form: { ...visit.form, [name]: value } }));
}

export function update(run: Run, data: Json): Run {
  return changeCurrent(run, (visit) => ({ ...visit, data: { ...visit.data, ...data } }));
}

/** What stands on the screen now, references put in, conditions decided. */
export function shownOf(screen: Screen, scope: Scope): Shown[] {
  const shown: Shown[] = [];
  const walk = (children: readonly Component[], path: string, errors: Json, depth: number): void => {
    children.forEach((child, n) => {
      const key = `${path}${n}`;
      if (depth > DEPTH_MAX || shown.length >= SHOWN_MAX) return;
      if (child.type === "If") walk(componentsOf(condition(child["condition"], scope) ? child["then"] : child["else"]), `${key}.`, errors, depth + 1);
      else if (child.type === "Switch") {
        const cases = object(child["cases"]);
        const value = words(resolve(child["value"], scope));
        walk(componentsOf(Object.hasOwn(cases, value) ? cases[value] : cases["default"]), `${key}.${value}.`, errors, depth + 1);
      } else if (child.type === "Form") walk(componentsOf(child["children"]), `${key}.`, object(resolve(child["error-messages"], scope)), depth + 1);
      else {
        const component = resolve(child, scope) as Component;
        const visible = component["visible"];
        if (visible !== undefined && !holds(visible)) return;
        const error = words(errors[text(child["name"])]) || (typeof component["error-message"] === "string" && child.type !== "TextInput" ? component["error-message"] : "");
        shown.push({ key, component, error: error === "" ? null : error });
      }
    });
  };
  walk(screen.children, "", {}, 0);
  return shown;
}

/** What an action leads to; its payload is put in now, with what was just chosen. */
export function effectOf(action: unknown, run: Run): Effect {
  const { name, next, payload, url } = object(action);
  const scope = scopeOf(run);
  const data = object(resolve(payload, scope));
  switch (name) {
    case "navigate":
      return { is: "goto", screen: text(object(next)["name"]), data };
    case "update_data":
      return { is: "update", data };
    case "data_exchange":
      return { is: "exchange", screen: current(run).screen, data };
    case "complete":
      return { is: "complete", response: data };
    case "open_url":
      return { is: "open", url: text(resolve(url, scope)) };
    default:
      return { is: "nothing" };
  }
}

export type Heard = { is: "run"; run: Run } | { is: "complete"; response: Json } | { is: "refused"; why: string };

/** Takes in what an endpoint answered. */
export function hear(flow: Flow, run: Run | null, answer: unknown): Heard {
  const { screen, data, error } = object(answer);
  const given = object(data);
  if (error !== undefined) return { is: "refused", why: words(object(error)["message"] ?? error) || "The business did not answer." };
  if (screen === SUCCESS) return { is: "complete", response: object(object(given["extension_message_response"])["params"]) };
  const id = text(screen);
  const message = words(given["error_message"]) || null;
  if (run && (id === "" || id === current(run).screen)) return { is: "run", run: { ...update(run, given), message } };
  const next = goTo(flow, run, id, given);
  return next ? { is: "run", run: { ...next, message } } : { is: "refused", why: "The business answered with a screen that this form does not have." };
}

/** The first screen of a form that is opened without its endpoint. */
export function begin(flow: Flow, screen: string, data: Json): Run | null {
  return goTo(flow, null, screen || (flow.screens[0]?.id ?? ""), data);
}
