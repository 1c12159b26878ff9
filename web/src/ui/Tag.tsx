/** A state in one or two words, with a shape beside the colour. */
import { clsx } from "clsx";
import type { ReactNode } from "react";

type Tone = "good" | "attention" | "bad" | "plain";

const LOOKS: Record<Tone, string> = {
  good: "bg-good-soft text-good",
  attention: "bg-attention-soft text-attention",
  bad: "bg-bad-soft text-bad",
  plain: "bg-sunken text-muted",
};

export function Tag({ tone = "plain", icon, children }: { tone?: Tone; icon?: ReactNode; children: ReactNode }) {
  return (
    <span className={clsx("inline-flex h-6 items-center gap-1 rounded-6 px-2 text-12 font-medium whitespace-nowrap", LOOKS[tone])}>
      {icon}
      {children}
    </span>
  );
}
