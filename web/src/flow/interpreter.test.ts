/** References, expressions, conditions, validation, routing; and every example form of the specification's fixtures. */
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { branchesOf, readFlow } from "./document";
import type { Component, Flow } from "./document";
import { condition, evaluate, resolve } from "./expression";
import type { Scope } from "./expression";
import { back, begin, current, effectOf, fill, goTo, hear, isField, scopeOf, screenOf, shownOf, update } from "./interpreter";
import type { Run } from "./interpreter";
import { blocks, inline, pictureOf } from "./markdown";
import { actionsOf } from "./options";
import { acceptOf, limitsOf, wrongFiles } from "./picking";
import { validate, wrongWith } from "./validation";

const SCOPE: Scope = {
  data: { number_1: 10, number_2: 20, value: true, name: "Ana", list: [{ id: "a" }] },
  form: { animal: "cat", age: "42", empty: "", "T&Cs": true },
  screens: { ONE: { data: { x: 1 }, form: { insurance: "home" } } },
};

describe("references", () => {
  it("keep the kind of what they stand for, all the way down", () => {
    expect(resolve({ a: "${data.list}", b: ["${form.animal}", "plain"], c: "${screen.ONE.form.insurance}", d: "${form.T&Cs}" }, SCOPE)).toEqual({ a: [{ id: "a" }], b: ["cat", "plain"], c: "home", d: true });
  });

  it("of what is not there are nothing, also of what objects have by nature", () => {
    expect([resolve("${data.missing.deeper}", SCOPE), resolve("${data.constructor}", SCOPE), resolve("${window.location}", SCOPE)]).toEqual([undefined, undefined, undefined]);
  });

  it("leave actions alone until they run", () => {
    expect(resolve({ "on-click-action": { payload: { a: "${form.animal}" } } }, SCOPE)).toEqual({ "on-click-action": { payload: { a: "${form.animal}" } } });
  });
});

describe("expressions", () => {
  it.each([
    ["`'The sum is ' (${data.number_1} + ${data.number_2})`", "The sum is 30"],
    ["`${data.name} ', you are ' ${form.age} ' years old.' `", "Ana, you are 42 years old."],
    ["`(${data.number_1} / ${data.number_2})`", 0.5],
    ["`1 + 2 * 3 - (4 - 2) % 2`", 7],
    ["`'it\\'s'`", "it's"],
    ["`${data.number_1} / 0`", null],
    ["`alert(1)`", undefined],
    ["`${data.number_1} +`", undefined],
    ["`(((((((((((((((((((((((((((1)))))))))))))))))))))))))))`", undefined],
  ])("%s", (text, value) => {
    expect(resolve(text, SCOPE)).toEqual(value);
  });

  it.each([
    ["(${data.value} && (${form.animal} == 'cat'))", true],
    ["`(${form.age} == 42)`", true],
    ["${form.age} >= 43", false],
    ["${screen.TWO.form.insurance} != ''", false],
    ["!${form.empty} || false", true],
    ["${data.value}", true],
    ["not an expression", false],
  ])("condition %s", (text, value) => {
    expect(condition(text, SCOPE)).toBe(value);
  });

  it("compare what was typed with a number", () => {
    expect([evaluate("'9' < 10", SCOPE), evaluate("'a' < 10", SCOPE), evaluate("true == 'yes'", SCOPE)]).toEqual([true, false, true]);
  });
});

const component = (part: object): Component => ({ type: "TextInput", name: "x", label: "X", ...part });

describe("validation", () => {
  it.each([
    [component({ required: true }), " ", "This is needed."],
    [component({ "input-type": "email" }), "ana@", /e-mail/],
    [component({ "input-type": "number" }), "4,5", null],
    [component({ "input-type": "number" }), "four", /number/],
    [component({ "min-chars": 3 }), "ab", /At least 3/],
    [component({ pattern: "^(19|20)\\d\\d$", "helper-text": "A year" }), "1850", "A year"],
    [component({ pattern: "(" }), "anything", null],
    [component({ type: "TextArea", "max-length": 3 }), "abcd", /At most 3/],
    [component({ type: "OptIn", required: true }), false, "This is needed."],
    [component({ type: "CheckboxGroup", "min-selected-items": 2 }), ["a"], /at least 2/],
    [component({ type: "ChipsSelector", "max-selected-items": 1 }), ["a", "b"], /at most 1/],
    [component({ type: "DatePicker", "min-date": "2024-10-21" }), "2024-10-20", /Not before/],
    [component({ type: "DatePicker", "min-date": "1729468800000" }), "1729468800000", null],
    [component({ type: "DatePicker", "unavailable-dates": ["2024-10-28"] }), "2024-10-28", /not available/],
    [component({ type: "CalendarPicker", "include-days": ["Mon"] }), "2024-10-27", /day of the week/],
    [component({ type: "CalendarPicker", mode: "range", "min-days": 3 }), { "start-date": "2024-10-21", "end-date": "2024-10-22" }, /At least 3 days/],
    [component({ type: "CalendarPicker", mode: "range", required: { "start-date": true, "end-date": false } }), { "start-date": "2024-10-21", "end-date": "" }, null],
  ])("of %o with %o", (field, value, wrong) => {
    const words = wrongWith(field, value);
    if (wrong instanceof RegExp) expect(words).toMatch(wrong);
    else expect(words).toBe(wrong);
  });
});

const flow = readFlow({
  version: "7.1",
  screens: [
    {
      id: "A",
      title: "First",
      layout: {
        children: [
          { type: "Form", name: "f", "init-values": { name: "${data.name}" }, "error-messages": "${data.errors}", children: [{ type: "TextInput", name: "name", required: true }] },
          { type: "Switch", value: "${form.name}", cases: { Ana: [{ type: "OptIn", name: "hello" }], default: [{ type: "TextBody", text: "Who?" }] } },
        ],
      },
    },
    { id: "B", title: "Second", refresh_on_back: true, layout: { children: [{ type: "TextBody", text: "${screen.A.form.name}", visible: "${data.open}" }] } },
  ],
}) as Flow;

function started(): Run {
  return begin(flow, "", { name: "Ana" }) as Run;
}

function shown(run: Run) {
  const screen = screenOf(flow, current(run).screen);
  return screen ? shownOf(screen, scopeOf(run)) : [];
}

describe("a run", () => {
  it("begins with the form's values, and shows the case that fits", () => {
    const run = started();
    expect(current(run).form).toEqual({ name: "Ana", hello: false });
    expect(shown(run).map((each) => each.component.type)).toEqual(["TextInput", "OptIn"]);
    expect(shown(fill(run, "name", "Ben")).map((each) => each.component["text"] ?? "")).toEqual(["", "Who?"]);
  });

  it("goes on and back, and keeps what was filled in", () => {
    const there = goTo(flow, fill(started(), "name", "Ben"), "B", { open: true }) as Run;
    expect(shown(there)[0]?.component["text"]).toBe("Ben");
    expect(shown(update(there, { open: false }))).toEqual([]);
    const again = back(there);
    expect(current(again)).toMatchObject({ screen: "A", form: { name: "Ben" } });
    expect(scopeOf(again).screens["B"]?.data).toEqual({ open: true });
    expect(goTo(flow, again, "NOWHERE", {})).toBeNull();
  });

  it("puts what was filled in into an action when it runs", () => {
    const run = fill(started(), "name", "Eva");
    expect(effectOf({ name: "data_exchange", payload: { who: "${form.name}" } }, run)).toEqual({ is: "exchange", screen: "A", data: { who: "Eva" } });
    expect(effectOf({ name: "navigate", next: { name: "B" }, payload: {} }, run)).toEqual({ is: "goto", screen: "B", data: {} });
    expect(effectOf({ name: "complete", payload: { a: ["${form.name}"] } }, run)).toEqual({ is: "complete", response: { a: ["Eva"] } });
    expect(effectOf({ name: "open_url", url: "https://example.org" }, run)).toEqual({ is: "open", url: "https://example.org" });
    expect(effectOf({ name: "format_disk" }, run)).toEqual({ is: "nothing" });
  });

  it("takes in what the endpoint answers", () => {
    const run = started();
    const same = hear(flow, run, { screen: "A", data: { error_message: "Not tonight.", errors: { name: "Too long." } } });
    expect(same.is === "run" && [same.run.message, shown(same.run)[0]?.error, same.run.visits.length]).toEqual(["Not tonight.", "Too long.", 1]);
    const next = hear(flow, run, { screen: "B", data: { open: true } });
    expect(next.is === "run" && current(next.run).screen).toBe("B");
    expect(hear(flow, run, { screen: "SUCCESS", data: { extension_message_response: { params: { seat: "A4" } } } })).toEqual({ is: "complete", response: { seat: "A4" } });
    expect(hear(flow, run, { error: "The endpoint is away." })).toEqual({ is: "refused", why: "The endpoint is away." });
    expect(hear(flow, run, { screen: "NOWHERE", data: {} }).is).toBe("refused");
    expect(hear(flow, null, "nonsense").is).toBe("refused");
  });

  it("lets go before it takes", () => {
    const select = component({ type: "Dropdown", "data-source": [{ id: "a", title: "A", "on-unselect-action": "a-" }, { id: "b", title: "B", "on-select-action": "b+" }], "on-select-action": "own" });
    expect(actionsOf(select, ["a"], ["b"])).toEqual(["a-", "b+", "own"]);
  });
});

describe("files", () => {
  const photos = component({ type: "PhotoPicker", name: "x", label: "X", "min-uploaded-photos": 1, "max-file-size-kb": 1 });
  const file = (type: string, bytes: number): File => new File([new Uint8Array(bytes)], "a", { type });
  it.each([
    [[], "Add at least 1 photo."],
    [[file("image/gif", 10)], "a is not of a kind that can be sent here."],
    [[file("image/png", 2000)], "a is too large: a photo may have 1 KB."],
    [[file("image/png", 1000)], null],
  ])("%j says %j", (files, said) => expect(wrongFiles(photos, files)).toBe(said));
});

describe("markup", () => {
  it("becomes pieces, never HTML", () => {
    expect(inline("a **b *c*** [d](https://example.org) <i>")).toEqual([{ text: "a " }, { text: "b ", bold: true }, { text: "c", bold: true, italic: true }, { text: " " }, { text: "d", link: "https://example.org" }, { text: " <i>" }]);
    expect(blocks(["# Top", "1. one", "2. two", "+ dot", "| a | b |", "| --- | --- |", "| 1 | 2 |"]).map((block) => block.is)).toEqual(["heading", "list", "list", "table"]);
  });

  it("shows pictures that lie in the text only", () => {
    expect(pictureOf("iVBORw0KGgo=")).toBe("data:image/png;base64,iVBORw0KGgo=");
    expect([pictureOf("https://example.org/a.png"), pictureOf("data:image/svg+xml;base64,PHN2Zz4="), pictureOf(4)]).toEqual([null, null, null]);
  });
});

// The same examples as the server's own check of forms reads.
const EXAMPLES = new URL("../crates/business/fixtures/pywa/flows/", `file://${process.cwd()}/`);

function examples(): [string, unknown][] {
  return readdirSync(EXAMPLES).flatMap((version) =>
    Object.entries(JSON.parse(readFileSync(new URL(`${version}/examples.json`, EXAMPLES), "utf8")) as object).map(([name, document]): [string, unknown] => [`${version} ${name}`, document]),
  );
}

/** Something that fits a field. */
function fitting(field: Component): unknown {
  const first = Array.isArray(field["data-source"]) ? (field["data-source"][0] as { id: string } | undefined)?.id : undefined;
  switch (field.type) {
    case "TextInput":
      return { email: "ana@example.org", number: "42", phone: "+4930901820", passcode: "007" }[String(field["input-type"])] ?? (field["pattern"] ? "1993-08-04" : "Ana");
    case "CheckboxGroup":
    case "ChipsSelector":
      return [first];
    case "OptIn":
      return true;
    case "PhotoPicker":
    case "DocumentPicker": {
      const { min } = limitsOf(field);
      const kind = field.type === "PhotoPicker" ? "image/jpeg" : acceptOf(field).split(",")[0] || "application/pdf";
      return Array.from({ length: Math.max(min, 1) }, (_, n) => new File(["x"], `${n}`, { type: kind }));
    }
    case "DatePicker":
      return field["min-date"] ?? "2024-10-22";
    case "CalendarPicker":
      return field["init-value"];
    default:
      return first ?? "text";
  }
}

function fieldsIn(children: readonly Component[]): Component[] {
  return children.flatMap((child) => (isField(child) ? [child] : fieldsIn(branchesOf(child))));
}

describe("the examples of the specification", () => {
  it("are all there", () => {
    expect(examples().length).toBeGreaterThan(25);
  });

  it.each(examples())("%s opens, can be filled in, and leads on", (_, document) => {
    const example = readFlow(document) as Flow;
    for (const screen of example.screens) {
      let run = begin(example, screen.id, screen.examples) as Run;
      expect(fieldsIn(screen.children).every((field) => String(field["name"]) in current(run).form)).toBe(true);
      for (let round = 0; round < 2; round += 1) {
        for (const { component: field } of shownOf(screen, scopeOf(run))) if (isField(field)) run = fill(run, String(field["name"]), fitting(field));
      }
      const now = shownOf(screen, scopeOf(run));
      expect([...validate(now, current(run).form)]).toEqual([]);
      // Nothing on the screen still has the marks of a reference.
      const visible = now.map((each) => JSON.stringify(each.component, (name, value: unknown) => (name.endsWith("-action") ? undefined : value)));
      expect(visible.filter((each) => each.includes("${") || each.includes("`"))).toEqual([]);
      for (const { component: each } of now) {
        if (each["on-click-action"] === undefined) continue;
        const effect = effectOf(each["on-click-action"], run);
        expect(effect.is).not.toBe("nothing");
        if (effect.is === "complete" || effect.is === "exchange") expect(JSON.stringify(effect)).not.toContain("${");
      }
    }
  });
});
