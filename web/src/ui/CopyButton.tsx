/** Copies an id, a number or a code, and says that it did. */
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { clsx } from "clsx";

export function CopyButton({ text, what, className }: { text: string; what: string; className?: string }) {
  const [copied, setCopied] = useState(false);
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  }
  return (
    <button
      type="button"
      aria-label={copied ? `Copied ${what}` : `Copy ${what}`}
      title={copied ? "Copied" : `Copy ${what}`}
      onClick={(event) => {
        event.stopPropagation();
        void copy();
      }}
      className={clsx("inline-flex size-6 items-center justify-center rounded-4 text-faint hover:bg-sunken hover:text-ink", className)}
    >
      {copied ? <Check size={13} className="text-good" /> : <Copy size={13} />}
    </button>
  );
}

/** An id in mono, cut in the middle, with its copy button. */
export function Id({ value, what }: { value: string; what: string }) {
  const short = value.length > 18 ? `${value.slice(0, 8)}…${value.slice(-5)}` : value;
  return (
    <span className="inline-flex items-center gap-0.5 font-mono text-12 text-muted" title={value}>
      {short}
      <CopyButton text={value} what={what} />
    </span>
  );
}
