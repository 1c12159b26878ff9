/** A moment: relative below a day, exact on hover. */
import { useNow } from "@/lib/clock";
import { ago, exact } from "@/lib/time";

/** `at` in unix seconds, as the server's JSON has it. */
export function Time({ at }: { at: number }) {
  const now = useNow();
  const ms = at * 1000;
  return (
    <time dateTime={new Date(ms).toISOString()} title={exact(ms)}>
      {ago(ms, now)}
    </time>
  );
}
