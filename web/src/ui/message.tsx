/** What the kinds of message share: the look of the controls below a bubble, their refusals, and the end of a text. */
import { clsx } from "clsx";
import { CircleSlash, ExternalLink } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { webAddress } from "@/lib/web";
import { RichText } from "./RichText";

/** A control below a message: the width of the bubble, one below the other. */
export const CONTROL =
  "flex min-h-10 w-full items-center justify-center gap-2 px-3 py-2 text-center text-14 font-medium text-accent-text transition-colors duration-150 -outline-offset-2 hover:bg-sunken disabled:text-faint disabled:hover:bg-transparent";

export function Control({ className, chosen = false, children, ...rest }: ComponentProps<"button"> & { chosen?: boolean }) {
  return (
    <button type="button" className={clsx(CONTROL, chosen && "!text-ink", className)} {...rest}>
      {children}
    </button>
  );
}

/** The controls of a message, under a line. */
export function Controls({ children }: { children: ReactNode }) {
  return <div className="divide-y overflow-hidden rounded-b-14 border-t">{children}</div>;
}

/** Why an answer did not go out. */
export function Refusal({ children }: { children: string | null }) {
  if (children === null) return null;
  return (
    <p role="alert" className="px-3 py-2 text-13 text-bad">
      {children}
    </p>
  );
}

/** A line of words below a message that is no control. */
export function Said({ icon, children }: { icon?: ReactNode; children: ReactNode }) {
  return (
    <p className="flex min-h-10 items-center justify-center gap-2 px-3 py-2 text-center text-13 text-muted">
      {icon}
      {children}
    </p>
  );
}

/** Only web addresses open; anything else a business may write there stays a text. */
export function WebLink({ text, url }: { text: string; url: string }) {
  const address = webAddress(url);
  if (address === null) return <Said icon={<CircleSlash size={14} aria-hidden="true" />}>{text}: this is no web address</Said>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer" title={address} className={CONTROL}>
      <ExternalLink size={15} aria-hidden="true" />
      {text}
    </a>
  );
}

/** Body and footer of what a business wrote, with the time at the end of the last line. */
export function Words({ body, footer, meta }: { body: string; footer: string; meta: ReactNode }) {
  return (
    <>
      <RichText text={body} />
      {footer === "" ? (
        meta
      ) : (
        <p className="mt-1 text-13 text-faint">
          {footer}
          {meta}
        </p>
      )}
    </>
  );
}
