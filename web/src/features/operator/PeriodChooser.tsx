/** Which days are looked at: one of the usual periods, or a first and a last day. */
import { useState } from "react";
import { PERIODS } from "@/api/revenue";
import type { Period } from "@/api/revenue";
import { Select } from "@/ui/Select";

const LABELS: Record<Period, string> = { today: "Today", "7d": "Last 7 days", "30d": "Last 30 days", "90d": "Last 90 days", month: "This month", last_month: "Last month", days: "From … to …" };
const OPTIONS = PERIODS.map((value) => ({ value, label: LABELS[value] }));
/** Days that can be looked at at once. */
const DAYS_MAX = 92;
const DAY_MS = 86_400_000;

type Days = { from: string; to: string };
type Chosen = { period: Period } & Partial<Days>;

/** What is wrong with a first and a last day; null: nothing. */
function fault({ from, to }: Days): string | null {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
  if (Number.isNaN(days)) return "Both days are needed.";
  if (days < 1) return "The last day is before the first.";
  return days > DAYS_MAX ? `At most ${DAYS_MAX} days can be shown.` : null;
}

export function PeriodChooser({ period, days, onChange }: { period: Period; days: Days; onChange: (chosen: Chosen) => void }) {
  const [draft, setDraft] = useState<Days | null>(null);
  const shown = draft ?? days;
  const wrong = period === "days" ? fault(shown) : null;
  const set = (next: Days): void => {
    setDraft(next);
    if (fault(next) === null) onChange({ period: "days", ...next });
  };
  const choose = (next: Period): void => {
    setDraft(null);
    const today = new Date().toISOString().slice(0, 10);
    onChange(next === "days" ? { period: next, from: days.from === "" ? today : days.from, to: days.to === "" ? today : days.to } : { period: next });
  };
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Select hideLabel label="Period" value={period} options={OPTIONS} onChange={choose} className="w-36" />
      {period === "days" && (
        <>
          <Day label="First day" value={shown.from} onChange={(from) => set({ ...shown, from })} isWrong={wrong !== null} />
          <span aria-hidden="true" className="text-muted">
            –
          </span>
          <Day label="Last day" value={shown.to} onChange={(to) => set({ ...shown, to })} isWrong={wrong !== null} />
        </>
      )}
      {wrong !== null && (
        <p role="alert" className="w-full text-13 text-bad">
          {wrong}
        </p>
      )}
    </div>
  );
}

function Day({ label, value, onChange, isWrong }: { label: string; value: string; onChange: (value: string) => void; isWrong: boolean }) {
  return (
    <input
      type="date"
      aria-label={label}
      aria-invalid={isWrong || undefined}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className={`h-8 rounded-8 border bg-raised px-2 text-13 ${isWrong ? "border-bad" : "border-line-strong hover:border-faint"}`}
    />
  );
}
