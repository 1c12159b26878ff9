/** Says "typing" not more often than needed, and takes it back after a while. */
import { useRef } from "react";
import { core } from "@/core/core";

const TYPING_EVERY_MS = 3000;
const TYPING_ENDS_MS = 5000;

export function useTypingNotes(conversationId: string): { typed: () => void; stopped: () => void } {
  const told = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  function tell(on: boolean): void {
    core.call("typing", conversationId, on).catch(() => undefined);
  }
  function stopped(): void {
    clearTimeout(timer.current);
    if (told.current !== 0) tell(false);
    told.current = 0;
  }
  function typed(): void {
    clearTimeout(timer.current);
    timer.current = setTimeout(stopped, TYPING_ENDS_MS);
    const now = performance.now();
    if (now - told.current < TYPING_EVERY_MS && told.current !== 0) return;
    told.current = now;
    tell(true);
  }
  return { typed, stopped };
}
