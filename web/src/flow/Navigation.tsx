/** Ways to somewhere else: a link, and a list whose rows lead on. */
import { ChevronRight } from "lucide-react";
import { isObject } from "./expression";
import type { Json } from "./expression";
import { text } from "./document";
import type { Component } from "./document";
import { pictureOf } from "./markdown";

const ROWS_MAX = 20;

export function LinkRow({ component, onAct }: { component: Component; onAct: (action: unknown) => void }) {
  return (
    <button type="button" onClick={() => onAct(component["on-click-action"])} className="min-h-6 justify-self-start rounded-4 text-start text-14 font-medium text-accent-text underline underline-offset-2">
      {text(component["text"])}
    </button>
  );
}

export function NavigationList({ component, busy, onAct }: { component: Component; busy: boolean; onAct: (action: unknown) => void }) {
  const rows = Array.isArray(component["list-items"]) ? component["list-items"].filter(isObject).slice(0, ROWS_MAX) : [];
  return (
    <section aria-label={text(component["label"]) || "Choices"}>
      {text(component["label"]) !== "" && <h3 className="mb-1 text-13 font-medium">{text(component["label"])}</h3>}
      {text(component["description"]) !== "" && <p className="mb-1 text-13 text-muted">{text(component["description"])}</p>}
      <ul className="divide-y rounded-8 border">
        {rows.map((row, n) => (
          <li key={text(row["id"]) || n}>
            <Row row={row} busy={busy} onGo={() => onAct(row["on-click-action"] ?? component["on-click-action"])} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row({ row, busy, onGo }: { row: Json; busy: boolean; onGo: () => void }) {
  const part = (name: string): Json => (isObject(row[name]) ? row[name] : {});
  const [main, start, end] = [part("main-content"), part("start"), part("end")];
  const picture = pictureOf(start["image"]);
  const tags = Array.isArray(row["tags"]) ? row["tags"].map(text) : [];
  return (
    <button type="button" disabled={busy} onClick={onGo} className="flex w-full items-center gap-3 px-3 py-2.5 text-start -outline-offset-2 hover:bg-sunken">
      {picture !== null && <img src={picture} alt={text(start["alt-text"])} className="size-12 shrink-0 rounded-6 object-cover" />}
      <span className="min-w-0 grow">
        <span className="block font-medium">{text(main["title"])}</span>
        {text(main["description"]) !== "" && <span className="block text-13 text-muted">{text(main["description"])}</span>}
        {text(main["metadata"]) !== "" && <span className="block text-13 text-muted">{text(main["metadata"])}</span>}
        {[text(row["badge"]), ...tags].filter((each) => each !== "").map((each) => (
          <span key={each} className="me-1 inline-block rounded-4 bg-accent-soft px-1.5 text-12 text-accent-text">
            {each}
          </span>
        ))}
      </span>
      <span className="shrink-0 text-end text-13">
        <span className="block font-medium">{text(end["title"])}</span>
        <span className="block text-muted">{[text(end["description"]), text(end["metadata"])].filter((each) => each !== "").join(" ")}</span>
      </span>
      <ChevronRight size={16} className="shrink-0 text-faint rtl:rotate-180" aria-hidden="true" />
    </button>
  );
}
