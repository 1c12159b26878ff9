/** How far a message has come: a shape that needs no colour, and words for screen readers. */
import { Clock3 } from "lucide-react";
import type { Ticks as State } from "@/core/types";

const WORDS: Record<State, string> = {
  waiting: "Waiting to be sent",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  failed: "Not sent",
};

export function TicksText({ state }: { state: State }) {
  return <span className="sr-only">{WORDS[state]}</span>;
}

function Shape({ state }: { state: State }) {
  if (state === "waiting") return <Clock3 size={13} aria-hidden="true" />;
  if (state === "failed") return <span className="font-semibold text-bad">!</span>;
  return (
    <svg width="18" height="12.600" viewBox="0 0 20 14" fill="none" strokeWidth="1.700" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      {state === "read" && <rect x="0.500" y="0.500" width="19" height="13" rx="6.500" fill="var(--accent)" />}
      <g stroke={state === "read" ? "var(--accent-ink)" : "currentColor"}>
        {state === "sent" ? <path d="m6.500 7.300 2.600 2.600 5-5.600" /> : <path d="m4 7.300 2.500 2.500 4.600-5.300M9.800 8.900l.9.900 4.800-5.300" />}
      </g>
    </svg>
  );
}

export function Ticks({ state }: { state: State }) {
  return (
    <span className="inline-flex items-center" title={WORDS[state]}>
      <Shape state={state} />
      <TicksText state={state} />
    </span>
  );
}
