/** One of several, from the browser's own list: it works with every keyboard and every screen reader. */
import { clsx } from "clsx";
import { ChevronDown } from "lucide-react";
import { useId } from "react";

type Props<Value extends string> = {
  label: string;
  /** For filters that stand in a row: the label is for screen readers. */
  hideLabel?: boolean;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChange: (value: Value) => void;
  className?: string;
};

export function Select<Value extends string>({ label, hideLabel = false, value, options, onChange, className }: Props<Value>) {
  const id = useId();
  return (
    <div className={clsx("relative", !hideLabel && "grid gap-1.5", className)}>
      <label htmlFor={id} className={hideLabel ? "sr-only" : "text-13 font-medium"}>
        {label}
      </label>
      <div className="relative">
        <select
          id={id}
          value={value}
          onChange={(event) => onChange(event.target.value as Value)}
          className={clsx("w-full appearance-none rounded-8 border border-line-strong bg-raised ps-3 pe-8 transition-colors duration-150 hover:border-faint", hideLabel ? "h-8 text-13" : "h-11 text-16")}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
        <ChevronDown size={15} className="pointer-events-none absolute end-2.5 top-1/2 -translate-y-1/2 text-muted" aria-hidden="true" />
      </div>
    </div>
  );
}
