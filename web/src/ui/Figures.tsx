/** The top of a page of figures: a few large numbers, each beside the period before, and framed charts below. */
import { TrendingDown, TrendingUp } from "lucide-react";
import type { ReactNode } from "react";
import { change } from "@/lib/money";

export function Figures({ children }: { children: ReactNode }) {
  return <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-14 border bg-line lg:grid-cols-4">{children}</dl>;
}

export function Figure({ name, value, note, large = false }: { name: string; value: string | null; note: ReactNode; large?: boolean }) {
  return (
    <div className="min-w-0 bg-surface px-4 py-4 sm:px-5">
      <dt className="text-13 text-muted">{name}</dt>
      <dd className={large ? "mt-1 text-20 font-semibold tracking-tight text-accent-text tabular sm:text-28" : "mt-1 text-20 font-semibold tracking-tight tabular sm:text-28"}>{value ?? <span className="text-faint">–</span>}</dd>
      <dd className="mt-1 min-h-[1.45em] text-13 text-muted">{note}</dd>
    </div>
  );
}

/** `neutral`: more is neither good nor bad, as of what one spends. */
export function Change({ now, before, than, neutral = false }: { now: number; before: number; than: string; neutral?: boolean }) {
  const result = change(now, before);
  if (!result) return <>nothing to compare with {than}</>;
  const Icon = result.up ? TrendingUp : TrendingDown;
  const tone = neutral ? "text-ink" : result.up ? "text-good" : "text-bad";
  return (
    <span className="inline-flex flex-wrap items-center gap-x-1.5">
      <Icon size={15} className={`shrink-0 ${tone}`} aria-hidden="true" />
      <span className={`font-medium tabular ${tone}`}>{result.text}</span>
      <span>on {than}</span>
    </span>
  );
}

export function Panel({ title, note, actions, children }: { title: string; note: string; /** Stand at the end of its head. */ actions?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title} className="min-w-0 rounded-14 border bg-surface px-5 pt-4 pb-3">
      <header className={`mb-2 flex flex-wrap gap-x-3 gap-y-2 ${actions ? "items-center" : "items-baseline"}`}>
        <h2 className="grow font-semibold">{title}</h2>
        <span className="text-12 text-faint">{note}</span>
        {actions}
      </header>
      {children}
    </section>
  );
}
