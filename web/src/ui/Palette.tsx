/**
 * # Ctrl+K
 *
 * A list of everything one can go to or do here, narrowed by typing. The page gives its commands; arrows choose, Enter
 * runs. A combobox with a listbox, so that screen readers say the choice.
 */
import { clsx } from "clsx";
import { Search } from "lucide-react";
import { Dialog } from "radix-ui";
import { useState } from "react";
import type { KeyboardEvent, ReactNode } from "react";

export type Command = { id: string; group: string; label: string; detail?: string; icon: ReactNode; run: () => void };

const SHOWN_MAX = 40;

function matching(commands: readonly Command[], typed: string): Command[] {
  const words = typed.toLocaleLowerCase().split(/\s+/).filter((word) => word !== "");
  return commands.filter((each) => words.every((word) => `${each.label} ${each.detail ?? ""} ${each.group}`.toLocaleLowerCase().includes(word))).slice(0, SHOWN_MAX);
}

export function Palette({ open, onClose, commands }: { open: boolean; onClose: () => void; commands: readonly Command[] }) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-veil" />
        <Dialog.Content aria-describedby={undefined} className="fixed start-1/2 top-[14vh] z-40 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 animate-appear overflow-hidden rounded-14 border bg-surface shadow-float rtl:translate-x-1/2">
          <Dialog.Title className="sr-only">Go to or do</Dialog.Title>
          <Choices commands={commands} onClose={onClose} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Choices({ commands, onClose }: { commands: readonly Command[]; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const shown = matching(commands, typed);
  const chosen = shown[Math.min(at, shown.length - 1)];

  function run(command: Command | undefined): void {
    if (!command) return;
    onClose();
    command.run();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && shown.length > 0) {
      event.preventDefault();
      const next = (Math.min(at, shown.length - 1) + step + shown.length) % shown.length;
      setAt(next);
      document.getElementById(`command-${shown[next]?.id}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(chosen);
    }
  }

  return (
    <>
      <div className="flex items-center gap-3 border-b px-4">
        <Search size={17} className="text-faint" aria-hidden="true" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls="commands"
          aria-activedescendant={chosen ? `command-${chosen.id}` : undefined}
          aria-label="Go to or do"
          placeholder="Go to a conversation, a page, an action"
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
          className="h-12 min-w-0 grow bg-transparent text-16 outline-none placeholder:text-faint"
        />
      </div>
      <div id="commands" role="listbox" aria-label="Choices" className="scroll-quiet max-h-[50vh] overflow-y-auto p-2">
        {shown.length === 0 && <p className="px-3 py-6 text-center text-muted">Nothing is called that.</p>}
        {shown.map((command, n) => (
          <div key={command.id}>
            {command.group !== shown[n - 1]?.group && <div className="px-3 pt-2 pb-1 text-12 font-medium text-faint">{command.group}</div>}
            {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the combobox above has the keys */}
            <div
              id={`command-${command.id}`}
              role="option"
              tabIndex={-1}
              aria-selected={command === chosen}
              onClick={() => run(command)}
              onMouseMove={() => setAt(n)}
              className={clsx("flex items-center gap-3 rounded-8 px-3 py-2", command === chosen && "bg-sunken")}
            >
              <span className="text-muted" aria-hidden="true">
                {command.icon}
              </span>
              <span className="truncate">{command.label}</span>
              {command.detail && <span className="ms-auto truncate ps-4 text-13 text-faint">{command.detail}</span>}
            </div>
          </div>
        ))}
      </div>
    </>
  );
}
