/** A field that narrows a list: Enter, or leaving it, puts what was typed into the address. */
import { Search as Icon } from "lucide-react";
import { useId, useState } from "react";

type Props = { label: string; value: string; onSearch: (text: string) => void; placeholder?: string };

export function Search({ label, value, onSearch, placeholder }: Props) {
  const id = useId();
  const [typed, setTyped] = useState(value);
  function search(): void {
    if (typed.trim() !== value) onSearch(typed.trim());
  }
  return (
    <form
      role="search"
      className="relative"
      onSubmit={(event) => {
        event.preventDefault();
        search();
      }}
    >
      <label htmlFor={id} className="sr-only">
        {label}
      </label>
      <Icon size={15} className="pointer-events-none absolute start-2.5 top-1/2 -translate-y-1/2 text-faint" aria-hidden="true" />
      <input
        id={id}
        type="search"
        value={typed}
        placeholder={placeholder ?? label}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={search}
        className="h-8 w-52 rounded-8 border border-line-strong bg-raised ps-8 pe-2 text-13 transition-colors duration-150 placeholder:text-faint hover:border-faint"
      />
    </form>
  );
}
