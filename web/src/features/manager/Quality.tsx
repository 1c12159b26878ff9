/** How good a number or a template is: the colour in a word, and what it comes from. */
import type { NumberLimits } from "@/api/manager";
import { count } from "@/lib/money";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";

const QUALITY = { GREEN: { tone: "good", word: "High" }, YELLOW: { tone: "attention", word: "Medium" }, RED: { tone: "bad", word: "Low" } } as const;

export function Quality({ rating }: { rating: string | undefined }) {
  const known = QUALITY[rating as keyof typeof QUALITY];
  return <Tag tone={known?.tone ?? "plain"}>{known?.word ?? "Not rated yet"}</Tag>;
}

const people = (value: number): string => (value === 1 ? "1 person" : `${count(value)} people`);
const lately = ({ all, last_day }: NumberLimits["quality"]["blocks"]): string => (last_day === 0 ? "" : all === 1 ? ", within a day" : `, ${count(last_day)} of them within a day`);

/** What people made of the messages of the last seven days. */
export function QualitySigns({ quality }: { quality: NumberLimits["quality"] }) {
  const share = quality.readable === 0 ? null : Math.round((quality.read * 100) / quality.readable);
  return (
    <div className="rounded-14 border bg-surface px-4 py-3">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Quality rating={quality.rating} />
        {quality.since !== null && (
          <span className="text-13 text-muted">
            since <Time at={quality.since} />
          </span>
        )}
      </p>
      <ul className="mt-3 grid gap-1.5 text-13">
        <li>
          {people(quality.people)} got {quality.delivered === 1 ? "1 message" : `${count(quality.delivered)} messages`}.
        </li>
        <li>{quality.blocks.all === 0 ? "Nobody blocked this number." : `${people(quality.blocks.all)} blocked this number${lately(quality.blocks)}.`}</li>
        <li>{quality.reports.all === 0 ? "Nobody reported it." : `${people(quality.reports.all)} reported it${lately(quality.reports)}.`}</li>
        <li>{share === null ? "No message is old enough yet to say how many are read." : `${share} % of the messages that are a day old were read.`}</li>
      </ul>
      <p className="mt-3 text-13 text-muted">
        Counted over seven days. From 4 complaints for each 100 people on it is medium, from 10 on low; a report weighs twice, and so does the last day. While it is low, the number of people that you may write to does not rise.
      </p>
    </div>
  );
}
