/** Parts of an object's page: a titled section, and pairs of a name and a value. */
import type { ReactNode } from "react";

export function Section({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title} className="mb-7">
      <div className="mb-2 flex min-h-6 flex-wrap items-center gap-3">
        <h2 className="grow text-16 font-semibold">{title}</h2>
        {action}
      </div>
      {children}
    </section>
  );
}

/** Pairs, name beside value. */
export function Pairs({ framed = false, children }: { framed?: boolean; children: ReactNode }) {
  const grid = "grid gap-x-6 gap-y-2 sm:grid-cols-[9rem_minmax(0,1fr)]";
  return <dl className={framed ? `${grid} rounded-14 border bg-surface px-4 py-3` : grid}>{children}</dl>;
}

export function Pair({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0 max-sm:mb-1">{children}</dd>
    </>
  );
}
