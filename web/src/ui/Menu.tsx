/** A menu below a button: arrows walk, Enter chooses, Escape closes. */
import { clsx } from "clsx";
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";

type Props = { trigger: ReactNode; children: ReactNode; side?: "top" | "bottom"; open?: boolean; onOpenChange?: (open: boolean) => void };

export function Menu({ trigger, children, side = "bottom", ...rest }: Props) {
  return (
    <DropdownMenu.Root modal={false} {...rest}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      {/* Inside the page's main part, where screen readers that go by landmarks find it. */}
      <DropdownMenu.Portal container={document.querySelector("main")}>
        <DropdownMenu.Content side={side} align="start" sideOffset={6} collisionPadding={8} className="z-30 min-w-44 animate-appear rounded-8 border bg-raised p-1 shadow-float">
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** What is chosen may move the focus: it does so after the menu has given it back. */
export function MenuItem({ icon, danger = false, onSelect, children }: { icon: ReactNode; danger?: boolean; onSelect: () => void; children: ReactNode }) {
  return (
    <DropdownMenu.Item
      onSelect={() => setTimeout(onSelect)}
      className={clsx("flex h-9 cursor-pointer items-center gap-2.5 rounded-6 px-2.5 text-14 outline-none data-highlighted:bg-sunken", danger ? "text-bad" : "text-ink")}
    >
      <span className={danger ? "" : "text-muted"} aria-hidden="true">
        {icon}
      </span>
      {children}
    </DropdownMenu.Item>
  );
}
