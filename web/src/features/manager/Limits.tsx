/**
 * # Limits
 *
 * How much of each limit is used, before it is met: a bar where something is counted, words where it is counted for each
 * person. The number of the refusal stands beside it, as a program meets it.
 */
import { useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import type { Limit } from "@/api/manager";
import { count } from "@/lib/money";
import { Failed, Skeleton } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { QualitySigns } from "./Quality";
import { useManager } from "./session";

type Words = { name: string; what: string };
const WORDS: Record<string, Words> = {
  messaging_limit: { name: "People written to first", what: "Different people, outside of their 24 hours after writing to you. For all numbers of the business together." },
  throughput: { name: "Messages a second", what: "All messages of this number." },
  pair_rate: { name: "Messages to one person", what: "At once; then one more every six seconds." },
  marketing_per_person: { name: "Advertising that one person gets", what: "Marketing templates, from all businesses together." },
  template_creations: { name: "Templates made", what: "In this account; deleted ones count, too." },
  templates: { name: "Templates", what: "In this account, in all languages." },
  management_calls: { name: "Management calls", what: "Of your app about this account. Sending does not count." },
  registrations: { name: "Registrations", what: "Registering and deregistering this number." },
  numbers: { name: "Phone numbers", what: "Of the business." },
  blocked_people: { name: "Blocked people", what: "By this number." },
};
const ORDER = Object.keys(WORDS);
/** From here on a limit is close. */
const CLOSE = 0.8;

function duration(seconds: number): string {
  const in_ = (value: number, unit: string): string => (value === 1 ? `in a ${unit}` : `in ${count(value)} ${unit}s`);
  if (seconds % 86_400 === 0 && seconds > 86_400) return in_(seconds / 86_400, "day");
  if (seconds === 3600) return "in an hour";
  if (seconds % 3600 === 0) return in_(seconds / 3600, "hour");
  return seconds % 60 === 0 ? in_(seconds / 60, "minute") : in_(seconds, "second");
}

export function Limits({ numberId }: { numberId: string }) {
  const { queries } = useManager();
  const query = useQuery(queries.limits(numberId));
  if (!query.data) return query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={6} />;
  const limits = [...query.data.limits].sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  return (
    <>
      <Section title="Quality">
        <QualitySigns quality={query.data.quality} />
      </Section>
      <Section title="Limits">
        <ul className="divide-y rounded-14 border bg-surface px-4">
          {limits.map((limit) => (
            <Row key={limit.name} limit={limit} />
          ))}
        </ul>
      </Section>
    </>
  );
}

function Row({ limit }: { limit: Limit }) {
  const { name, what } = WORDS[limit.name] ?? { name: limit.name, what: "" };
  const share = limit.used === null || limit.max === null || limit.max === 0 ? null : Math.min(1, limit.used / limit.max);
  const window = limit.window_s === null ? "" : ` ${duration(limit.window_s)}`;
  const text = limit.max === null ? "No limit on this server" : limit.used === null ? `${count(limit.max)}${window}` : `${count(limit.used)} of ${count(limit.max)}${window}`;
  return (
    <li className="py-3">
      <div className="flex flex-wrap items-baseline gap-x-3">
        <span className="grow font-medium">{name}</span>
        <span className={clsx("tabular", share !== null && share >= CLOSE ? "font-medium text-attention" : "text-muted")}>{text}</span>
      </div>
      {share !== null && (
        <div role="meter" aria-label={name} aria-valuemin={0} aria-valuemax={limit.max ?? 0} aria-valuenow={Math.min(limit.used ?? 0, limit.max ?? 0)} aria-valuetext={text} className="mt-1.5 h-1.5 overflow-hidden rounded-6 bg-sunken">
          <div className={clsx("h-full rounded-6", share >= 1 ? "bg-bad" : share >= CLOSE ? "bg-attention" : "bg-accent")} style={{ width: `${share * 100}%` }} />
        </div>
      )}
      <p className="mt-1 text-13 text-muted">
        {what} More is refused with <span className="font-mono text-12">{limit.code}</span>.
      </p>
    </li>
  );
}
