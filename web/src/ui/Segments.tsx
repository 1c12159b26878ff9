/** A few choices of which one holds; the choice belongs into the address. */
import { ToggleGroup } from "radix-ui";

type Props<Value extends string> = { label: string; value: Value; options: readonly { value: Value; label: string }[]; onChange: (value: Value) => void };

export function Segments<Value extends string>({ label, value, options, onChange }: Props<Value>) {
  return (
    <ToggleGroup.Root type="single" aria-label={label} value={value} onValueChange={(next) => next !== "" && onChange(next as Value)} className="scroll-quiet inline-flex max-w-full overflow-x-auto rounded-8 border bg-sunken p-0.5">
      {options.map((option) => (
        <ToggleGroup.Item
          key={option.value}
          value={option.value}
          className="h-7 shrink-0 rounded-6 border border-transparent px-3 text-13 font-medium whitespace-nowrap text-muted transition-colors duration-150 hover:text-ink data-[state=on]:border-line data-[state=on]:bg-raised data-[state=on]:text-ink"
        >
          {option.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
