/** The rows of a list, by section; with a filter when there are many. Choosing one is the answer. */
import { Search } from "lucide-react";
import { useState } from "react";
import type { ListAction } from "@/core/content";
import type { Item } from "@/core/types";
import { Dialog } from "@/ui/Dialog";
import { useAnswering } from "../answering";
import { Refusal } from "@/ui/message";

/** From so many rows on, there is a filter. */
const FILTER_FROM = 7;

export function ListDialog({ item, list, onClose }: { item: Item; list: ListAction; onClose: () => void }) {
  const { busy, failed, send } = useAnswering(item);
  const [filter, setFilter] = useState("");
  const wanted = filter.trim().toLocaleLowerCase();
  const count = list.sections.reduce((sum, section) => sum + section.rows.length, 0);
  const sections = list.sections
    .map((section) => ({ ...section, rows: section.rows.filter((row) => `${row.title} ${row.description}`.toLocaleLowerCase().includes(wanted)) }))
    .filter((section) => section.rows.length > 0);

  async function choose(id: string): Promise<void> {
    if (await send({ do: "row", id })) onClose();
  }

  return (
    <Dialog focusField open onClose={onClose} title={list.button || "Choose"}>
      {count >= FILTER_FROM && (
        <div className="mb-3 flex items-center gap-2 rounded-8 bg-sunken px-3 focus-within:outline-2 focus-within:outline-accent">
          <Search size={15} className="shrink-0 text-faint" aria-hidden="true" />
          <input
            type="search"
            aria-label="Find in the list"
            placeholder="Find"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
            className="h-9 min-w-0 grow bg-transparent text-14 outline-none placeholder:text-faint"
          />
        </div>
      )}
      <Refusal>{failed}</Refusal>
      {sections.length === 0 && <p className="py-6 text-center text-muted">Nothing in the list has “{filter}” in it.</p>}
      {sections.map((section, n) => (
        <section key={n} aria-label={section.title || "Choices"} className="mb-2">
          {section.title !== "" && <h3 className="px-2 pt-2 pb-1 text-12 font-medium text-faint">{section.title}</h3>}
          <ul>
            {section.rows.map((row) => (
              <li key={row.id}>
                <button type="button" disabled={busy} onClick={() => void choose(row.id)} className="block w-full rounded-8 px-2 py-2 text-start transition-colors duration-150 -outline-offset-2 hover:bg-sunken">
                  <span className="block font-medium">{row.title}</span>
                  {row.description !== "" && <span className="block text-13 text-muted">{row.description}</span>}
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </Dialog>
  );
}
