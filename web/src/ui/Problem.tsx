/** What a page shows in place of its content: nothing here yet, something went wrong, please wait. */
import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Problem } from "@/api/http";
import { Button } from "./Button";

/** Nothing here yet: what this is for, and the one thing to do. */
export function Empty({ icon, title, children, action, page = false }: { icon: ReactNode; title: string; children: ReactNode; action?: ReactNode; page?: boolean }) {
  // It heads the page when there is nothing else on it.
  const Heading = page ? "h1" : "h2";
  return (
    <div className="mx-auto flex max-w-sm flex-col items-center gap-2 px-6 py-16 text-center">
      <div className="mb-1 text-faint" aria-hidden="true">
        {icon}
      </div>
      <Heading className="text-16 font-semibold">{title}</Heading>
      <div className="text-14 text-pretty text-muted">{children}</div>
      {action && <div className="mt-3">{action}</div>}
    </div>
  );
}

/** What happened, what to do, and the id under which the log knows it. */
export function ErrorNote({ message, requestId, onRetry }: { message: string; requestId?: string | null; onRetry?: () => void }) {
  return (
    <div role="alert" className="mx-auto flex max-w-md flex-col items-center gap-2 px-6 py-16 text-center">
      <CircleAlert size={28} strokeWidth={1.5} className="mb-1 text-bad" aria-hidden="true" />
      <h2 className="text-16 font-semibold">That did not work</h2>
      <p className="text-14 text-pretty text-muted">{message}</p>
      {requestId && (
        <p className="text-12 text-faint">
          Request <code className="font-mono">{requestId}</code>
        </p>
      )}
      {onRetry && (
        <Button className="mt-3" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** The same in place of a page's content, from what a query threw. */
export function Failed({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <div className="rounded-14 border bg-surface">
      <ErrorNote message={error.message} requestId={error instanceof Problem ? error.requestId : null} onRetry={onRetry} />
    </div>
  );
}

/** Grey bars in place of rows; they stay away for the first 150 ms, so that a fast answer does not flicker. */
export function Skeleton({ rows, height = 44 }: { rows: number; height?: number }) {
  return (
    <div role="status" aria-label="Loading" className="animate-late">
      {Array.from({ length: rows }, (_, n) => (
        <div key={n} className="flex animate-breathe items-center border-b px-4" style={{ height }}>
          <div className="h-3 rounded-4 bg-sunken" style={{ width: `${38 + ((n * 37) % 45)}%` }} />
        </div>
      ))}
    </div>
  );
}
