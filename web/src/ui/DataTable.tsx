/**
 * # Tables of the consoles
 *
 * Sticky head, figures aligned at their end, rows that open something (by click, or arrows and Enter), and the same
 * columns as CSV. A list has four states, and this is where all of them are drawn: waiting, empty, failed, full.
 */
import { clsx } from "clsx";
import type { KeyboardEvent, ReactNode } from "react";
import { Problem } from "@/api/http";
import { csv, download } from "@/lib/csv";
import { ErrorNote, Skeleton } from "./Problem";

export type Column<Row> = {
  /** Where heads are names that may be equal. */
  id?: string;
  head: string;
  cell: (row: Row) => ReactNode;
  /** The value for the file. */
  text: (row: Row) => string | number;
  end?: boolean;
  /** Hidden on narrow screens. */
  wide?: boolean;
};

type Props<Row> = {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[] | undefined;
  rowKey: (row: Row) => string;
  error: Error | null;
  onRetry: () => void;
  empty: ReactNode;
  onOpen?: (row: Row) => void;
  rowLabel?: (row: Row) => string;
  footer?: ReactNode;
  plain?: boolean;
  /** As high as a chart: the rest scrolls. */
  low?: boolean;
};

/** Hands out what the table shows. */
export function downloadTable<Row>(name: string, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  const lines = rows.map((row) => columns.map((column) => column.text(row)));
  download(`${name}.csv`, csv([columns.map((column) => column.head), ...lines]), "text/csv");
}

function walkRows(event: KeyboardEvent<HTMLTableRowElement>, open: (() => void) | undefined): void {
  if (event.target !== event.currentTarget) return;
  const row = event.currentTarget;
  const next = event.key === "ArrowDown" ? row.nextElementSibling : event.key === "ArrowUp" ? row.previousElementSibling : null;
  if (next instanceof HTMLElement) next.focus();
  else if (event.key === "Enter" && open) open();
  else return;
  event.preventDefault();
}

export function DataTable<Row>({ label, columns, rows, rowKey, error, onRetry, empty, onOpen, rowLabel, footer, plain = false, low = false }: Props<Row>) {
  const frame = plain ? "" : "rounded-14 border bg-surface overflow-hidden";
  if (rows === undefined && error) {
    return (
      <div className={frame}>
        <ErrorNote message={error.message} requestId={error instanceof Problem ? error.requestId : null} onRetry={onRetry} />
      </div>
    );
  }
  if (rows === undefined) return <div className={frame}><Skeleton rows={8} /></div>;
  if (rows.length === 0) return <div className={frame}>{empty}</div>;

  return (
    <div className={frame}>
      {error && (
        <p role="status" className="border-b bg-attention-soft px-4 py-2 text-13 text-attention">
          Not up to date: {error.message}
        </p>
      )}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a table that scrolls must be reachable by keyboard */}
      <div className={clsx("scroll-quiet overflow-auto", low ? "max-h-[272px]" : !plain && "max-h-[calc(100dvh-13rem)]")} tabIndex={0} role="region" aria-label={label}>
        <table className="w-full border-separate border-spacing-0 text-13">
          <caption className="sr-only">{label}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.id ?? column.head}
                  scope="col"
                  className={clsx("sticky top-0 z-10 h-9 border-b bg-surface px-3 text-12 font-medium whitespace-nowrap text-muted first:ps-4 last:pe-4", column.end ? "text-end" : "text-start", column.wide && "max-lg:hidden")}
                >
                  {column.head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr
                key={rowKey(row)}
                {...(onOpen ? { tabIndex: 0, onClick: () => onOpen(row), onKeyDown: (event: KeyboardEvent<HTMLTableRowElement>) => walkRows(event, () => onOpen(row)) } : {})}
                {...(rowLabel ? { "aria-label": rowLabel(row) } : {})}
                className={clsx("group/row", onOpen && "cursor-pointer -outline-offset-2 transition-colors duration-150 hover:bg-canvas")}
              >
                {columns.map((column) => (
                  <td
                    key={column.id ?? column.head}
                    className={clsx("h-11 border-b px-3 whitespace-nowrap group-last/row:border-b-0 first:ps-4 last:pe-4", column.end && "text-end tabular", column.wide && "max-lg:hidden")}
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {footer}
      </div>
    </div>
  );
}
