/** What a business understands after a "/", above the field; the field keeps the focus and has the keys. */
import { clsx } from "clsx";
import type { Command } from "@/core/types";

export function commandId(command: Command): string {
  return `slash-command-${command.name}`;
}

export function CommandList({ commands, chosen, onTake }: { commands: readonly Command[]; chosen: Command | undefined; onTake: (command: Command) => void }) {
  return (
    <div id="slash-commands" role="listbox" aria-label="Commands" className="absolute inset-x-3 bottom-full mx-auto mb-1 max-w-3xl animate-appear overflow-hidden rounded-8 border bg-raised p-1 shadow-float">
      {commands.map((command) => (
        // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the field below has the keys
        <div
          key={command.name}
          id={commandId(command)}
          role="option"
          tabIndex={-1}
          aria-selected={command === chosen}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(command)}
          className={clsx("flex min-h-9 items-baseline gap-3 rounded-6 px-2.5 py-1.5", command === chosen && "bg-sunken")}
        >
          <span className="font-medium">/{command.name}</span>
          <span className="truncate text-13 text-muted">{command.description}</span>
        </div>
      ))}
    </div>
  );
}
