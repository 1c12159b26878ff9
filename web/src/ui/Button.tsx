/** Buttons: one solid, one quiet, one bare, one for danger, and the icon button with its name in a tooltip. */
import { clsx } from "clsx";
import { Tooltip } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";

type Kind = "solid" | "quiet" | "bare" | "danger";

const LOOKS: Record<Kind, string> = {
  solid: "bg-accent text-accent-ink hover:bg-accent-hover border border-transparent",
  quiet: "bg-raised text-ink border border-line-strong hover:bg-sunken",
  bare: "text-muted hover:bg-sunken hover:text-ink border border-transparent",
  danger: "bg-raised text-bad border border-line-strong hover:bg-bad-soft",
};

/** The look of a button, for links that act like one. */
export function buttonLook(kind: Kind = "quiet", small = false): string {
  return clsx(
    "inline-flex items-center justify-center gap-2 rounded-8 font-medium whitespace-nowrap transition-colors duration-150 select-none disabled:opacity-50 disabled:pointer-events-none aria-disabled:opacity-50",
    small ? "h-8 px-3 text-13" : "h-10 px-4 text-14",
    LOOKS[kind],
  );
}

export function Button({ kind = "quiet", small = false, className, type = "button", ...rest }: ComponentProps<"button"> & { kind?: Kind; small?: boolean }) {
  // oxlint-disable-next-line react/button-has-type -- the default is set above
  return <button type={type} className={clsx(buttonLook(kind, small), className)} {...rest} />;
}

/** A button that shows an icon; its name is for everybody, on hover and for screen readers. */
export function IconButton({ label, children, className, shortcut, ...rest }: ComponentProps<"button"> & { label: string; children: ReactNode; shortcut?: string }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>
        <button
          type="button"
          aria-label={label}
          className={clsx("inline-flex size-9 items-center justify-center rounded-8 text-muted transition-colors duration-150 hover:bg-sunken hover:text-ink disabled:pointer-events-none disabled:opacity-50 data-[state=open]:bg-sunken", className)}
          {...rest}
        >
          {children}
        </button>
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content sideOffset={6} collisionPadding={8} className="z-50 flex animate-appear items-center gap-2 rounded-6 bg-ink px-2 py-1 text-12 text-canvas">
          {label}
          {shortcut && <kbd className="font-sans opacity-70">{shortcut}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
