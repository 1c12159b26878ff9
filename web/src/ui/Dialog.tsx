/** Windows over the page: a dialog in the middle, or a drawer at the end of the line. Focus goes in and comes back. */
import { clsx } from "clsx";
import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";

type Props = { open: boolean; onClose: () => void; title: string; description?: string; children: ReactNode; side?: "middle" | "end"; wide?: boolean; /** Stays below what scrolls. */ footer?: ReactNode; /** Fills a phone's screen. */ full?: boolean; /** A click beside it does not close it: what was filled in would be gone. */ sticky?: boolean; /** Stands before the title. */ before?: ReactNode; /** Begins in the first field, not at the button that closes. */ focusField?: boolean };

/** Where a finger types, the keyboard that comes up would cover half of the window: there the person chooses. */
function intoField(event: Event): void {
  const field = event.currentTarget instanceof HTMLElement ? event.currentTarget.querySelector<HTMLElement>("input:not([type=radio], [type=checkbox], [type=file]), textarea") : null;
  if (!field || !matchMedia("(pointer: fine)").matches) return;
  event.preventDefault();
  field.focus();
}

export function Dialog({ open, onClose, title, description, children, side = "middle", wide = false, footer, full = false, sticky = false, before, focusField = false }: Props) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-late bg-veil [animation-delay:0ms]" />
        <Radix.Content
          {...(focusField ? { onOpenAutoFocus: intoField } : {})}
          {...(sticky ? { onInteractOutside: (event: Event) => event.preventDefault() } : {})}
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          className={clsx(
            "fixed z-40 flex animate-appear flex-col bg-surface shadow-float outline-none",
            side === "middle" &&
              clsx("start-1/2 top-[12vh] max-h-[80vh] w-[calc(100vw-2rem)] -translate-x-1/2 rounded-14 border rtl:translate-x-1/2", wide ? "max-w-2xl" : "max-w-md", full && "max-sm:inset-0 max-sm:top-0 max-sm:max-h-none max-sm:w-full max-sm:translate-x-0 max-sm:rounded-[0px] max-sm:border-0 sm:max-h-[84vh] sm:top-[8vh]"),
            side === "end" && clsx("inset-y-0 end-0 w-full border-s", wide ? "max-w-2xl" : "max-w-sm"),
          )}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-3">
            {before}
            <div className="min-w-0 grow">
              <Radix.Title className="text-16 font-semibold">{title}</Radix.Title>
              {description !== undefined && <Radix.Description className="mt-1 text-13 text-muted">{description}</Radix.Description>}
            </div>
            <Radix.Close aria-label="Close" className="-me-2 inline-flex size-8 items-center justify-center rounded-8 text-muted hover:bg-sunken hover:text-ink">
              <X size={18} />
            </Radix.Close>
          </header>
          <div className="scroll-quiet min-h-0 grow overflow-y-auto px-5 pb-5">{children}</div>
          {footer !== undefined && <footer className="border-t px-5 py-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
