/** System, light or dark. */
import { Monitor, Moon, Sun } from "lucide-react";
import { ToggleGroup } from "radix-ui";
import { setTheme, useTheme } from "@/lib/theme";
import type { Theme } from "@/lib/theme";

const CHOICES = [
  { value: "system", label: "Like the system", Icon: Monitor },
  { value: "light", label: "Light", Icon: Sun },
  { value: "dark", label: "Dark", Icon: Moon },
] as const;

export function ThemeSwitch() {
  const { choice } = useTheme();
  return (
    <ToggleGroup.Root type="single" aria-label="Colours" value={choice} onValueChange={(next) => next !== "" && setTheme(next as Theme)} className="inline-flex rounded-8 border p-0.5">
      {CHOICES.map(({ value, label, Icon }) => (
        <ToggleGroup.Item key={value} value={value} aria-label={label} title={label} className="inline-flex size-7 items-center justify-center rounded-6 text-faint hover:text-ink data-[state=on]:bg-sunken data-[state=on]:text-ink">
          <Icon size={15} />
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
