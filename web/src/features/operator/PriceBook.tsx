/**
 * # A price book
 *
 * Its versions on a line of time, its drafts, and a file handed in. A file that is not good is refused as a whole, with all
 * that is wrong in it by row and column.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowLeft, FileUp } from "lucide-react";
import { useId, useState } from "react";
import { Problem } from "@/api/http";
import { priceCalls, priceQueries } from "@/api/priceBooks";
import type { PriceDraft, PriceVersion, WholeBook } from "@/api/priceBooks";
import { useNow } from "@/lib/clock";
import { count } from "@/lib/money";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Failed, Skeleton } from "@/ui/Problem";
import { Section } from "@/ui/Section";
import { Select } from "@/ui/Select";
import { Tag } from "@/ui/Tag";
import { Time } from "@/ui/Time";
import { bookFor, bookTitle } from "./PriceBooks";
import { dayOf } from "./prices";
import { useOperator } from "./session";

/** A version beside what its book makes of it: an open one ends where the next begins. */
type Standing = PriceVersion & { ends: number | null; state: "past" | "now" | "to come" };

function standings(book: WholeBook, now: number): Standing[] {
  const versions = book.versions.toSorted((a, b) => a.effective_from - b.effective_from);
  const standing = versions.map((version, n): Standing => {
    const ends = version.effective_to ?? versions[n + 1]?.effective_from ?? null;
    const state = version.effective_from > now ? "to come" : ends !== null && ends <= now ? "past" : "now";
    return { ...version, ends, state };
  });
  return standing.toReversed();
}

const STATES = { past: <Tag>Past</Tag>, now: <Tag tone="good">In force</Tag>, "to come": <Tag tone="attention">To come</Tag> };

const VERSIONS: Column<Standing>[] = [
  { head: "From", text: (row) => dayOf(row.effective_from), cell: (row) => <span className="font-medium">{dayOf(row.effective_from)}</span> },
  { head: "To", text: (row) => (row.ends === null ? "" : dayOf(row.ends - 1)), cell: (row) => (row.ends === null ? <span className="text-muted">open</span> : dayOf(row.ends - 1)) },
  { head: "State", text: (row) => row.state, cell: (row) => STATES[row.state] },
  { head: "Published", wide: true, text: (row) => dayOf(row.published_at), cell: (row) => <Time at={row.published_at} /> },
  { head: "Prices", end: true, text: (row) => row.prices, cell: (row) => count(row.prices) },
];

const DRAFTS: Column<PriceDraft>[] = [
  { head: "From", text: (row) => dayOf(row.effective_from), cell: (row) => <span className="font-medium">{dayOf(row.effective_from)}</span> },
  { head: "Handed in", text: (row) => dayOf(row.created_at), cell: (row) => <Time at={row.created_at} /> },
  { head: "Prices", end: true, text: (row) => row.prices, cell: (row) => count(row.prices) },
];

export function OnePriceBook({ bookId }: { bookId: string }) {
  const { token } = useOperator();
  const navigate = useNavigate();
  const now = useNow() / 1000;
  const query = useQuery(priceQueries(token).book(bookId));
  const [uploading, setUploading] = useState(false);
  const book = query.data;
  if (!book) return query.error ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={8} />;
  const openDraft = (draft: string): void => void navigate({ to: "/operator/prices/$bookId/drafts/$draftId", params: { bookId, draftId: draft } });
  const versions = standings(book, now);
  return (
    <>
      <BackTo label="Price books" />
      <PageHead title={bookTitle(book)} note={bookFor(book)}>
        {book.portfolio_id !== null && (
          <Link to="/operator/businesses/$businessId" params={{ businessId: book.portfolio_id }} className="text-13 text-accent-text underline underline-offset-2">
            The business
          </Link>
        )}
        <Button kind="solid" onClick={() => setUploading(true)}>
          <FileUp size={16} aria-hidden="true" />
          New prices from a file
        </Button>
      </PageHead>
      {book.drafts.length > 0 && (
        <Section title="Drafts">
          <DataTable label="Drafts" columns={DRAFTS} rows={book.drafts} rowKey={(row) => row.price_version_id} rowLabel={(row) => `Draft from ${dayOf(row.effective_from)}`} error={null} onRetry={() => undefined} onOpen={(row) => openDraft(row.price_version_id)} empty={null} />
        </Section>
      )}
      <Section title="Versions">
        <DataTable
          label="Versions of the book"
          columns={VERSIONS}
          rows={versions}
          rowKey={(row) => row.price_version_id}
          rowLabel={(row) => `Prices from ${dayOf(row.effective_from)}`}
          error={query.error}
          onRetry={() => void query.refetch()}
          onOpen={(row) => void navigate({ to: "/operator/prices/$bookId/versions/$versionId", params: { bookId, versionId: row.price_version_id } })}
          empty={<p className="px-4 py-5 text-muted">Nothing is published yet: the business pays by the list.</p>}
        />
        {versions.length > 1 && <Compare book={book} versions={versions} />}
      </Section>
      <Dialog open={uploading} onClose={() => setUploading(false)} title="New prices from a file" description={uploadWords(book)} sticky wide>
        <Upload book={book} onDone={openDraft} />
      </Dialog>
    </>
  );
}

export function BackTo({ label, bookId }: { label: string; bookId?: string }) {
  const look = "mb-4 inline-flex h-7 items-center gap-1.5 text-13 text-muted hover:text-ink";
  const inside = (
    <>
      <ArrowLeft size={15} className="rtl:rotate-180" aria-hidden="true" />
      {label}
    </>
  );
  if (bookId === undefined) return <Link to="/operator/prices" className={look}>{inside}</Link>;
  return <Link to="/operator/prices/$bookId" params={{ bookId }} className={look}>{inside}</Link>;
}

function uploadWords(book: WholeBook): string {
  const kept = "The file becomes a draft: nothing changes until it is published.";
  if (book.kind === "contract") return `${kept} Prices that were agreed need no notice, but never begin in the past.`;
  return book.notice_days === 0 ? kept : `${kept} Its first day is at least ${book.notice_days} days ahead.`;
}

function Compare({ book, versions }: { book: WholeBook; versions: readonly Standing[] }) {
  const navigate = useNavigate();
  const [from, setFrom] = useState(versions[1]?.price_version_id ?? "");
  const [to, setTo] = useState(versions[0]?.price_version_id ?? "");
  const options = versions.map((version) => ({ value: version.price_version_id, label: `From ${dayOf(version.effective_from)}` }));
  return (
    <div className="mt-3 flex flex-wrap items-center gap-2">
      <span className="text-13 text-muted">Compare</span>
      <Select label="Compare this version" hideLabel value={from} options={options} onChange={setFrom} />
      <span className="text-13 text-muted">with</span>
      <Select label="With this version" hideLabel value={to} options={options} onChange={setTo} />
      <Button small disabled={from === to} onClick={() => void navigate({ to: "/operator/prices/$bookId/compare", params: { bookId: book.price_book_id }, search: { from, to } })}>
        Compare
      </Button>
    </div>
  );
}

function Upload({ book, onDone }: { book: WholeBook; onDone: (draft: string) => void }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const id = useId();
  const send = useMutation({
    mutationFn: (wanted: File) => priceCalls(token).draft(book.price_book_id, wanted),
    onSuccess: async (draft) => {
      await client.invalidateQueries({ queryKey: priceQueries(token).key });
      onDone(draft.price_version_id);
    },
  });
  const choose = (chosen: File | undefined): void => {
    setFile(chosen ?? null);
    send.reset();
  };
  return (
    <div className="grid gap-4">
      <label
        htmlFor={id}
        className="relative grid cursor-pointer justify-items-center gap-1 rounded-14 border border-dashed border-line-strong px-4 py-8 text-center focus-within:outline-2 focus-within:outline-accent hover:bg-sunken"
      >
        <FileUp size={22} strokeWidth={1.6} className="text-faint" aria-hidden="true" />
        <span className="font-medium">{file?.name ?? "Choose a CSV file"}</span>
        <span className="text-13 text-muted">{file ? `${count(Math.ceil(file.size / 1024))} kB` : "or drop it here"}</span>
        {/* It covers the frame, so that a file can be dropped on it. */}
        <input id={id} type="file" aria-label="CSV file" accept=".csv,text/csv" className="absolute inset-0 cursor-pointer opacity-0" onChange={(event) => choose(event.target.files?.[0])} />
      </label>
      <p className="text-13 text-muted">
        Columns: <code className="font-mono text-12">effective_from, effective_to, market, currency, category, tier_from, price</code>. An export of a version is such a file: change it, and hand it in.
      </p>
      {send.error && <Faults error={send.error} />}
      <Button kind="solid" disabled={file === null || send.isPending} onClick={() => file && send.mutate(file)}>
        {send.isPending ? "Reading…" : "Make a draft"}
      </Button>
    </div>
  );
}

/** Everything that is wrong in a file, where the server said so by row and column. */
function Faults({ error }: { error: Error }) {
  const faults = error instanceof Problem ? error.faults : [];
  if (faults.length === 0) return <p role="alert" className="text-13 text-bad">{error.message}</p>;
  return (
    <div role="alert" className="rounded-8 border border-bad">
      <p className="border-b px-3 py-2 text-13 font-medium text-bad">
        {faults.length === 1 ? "One thing is wrong" : `${count(faults.length)} things are wrong`} in this file. Nothing was taken in.
      </p>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a list that scrolls must be reachable by keyboard */}
      <div className="scroll-quiet max-h-64 overflow-auto" tabIndex={0} role="region" aria-label="What is wrong in the file">
        <table className="w-full text-13">
          <thead>
            <tr className="text-start text-12 text-muted">
              <th scope="col" className="px-3 py-1.5 text-end font-medium">Row</th>
              <th scope="col" className="px-3 py-1.5 text-start font-medium">Column</th>
              <th scope="col" className="px-3 py-1.5 text-start font-medium">What</th>
            </tr>
          </thead>
          <tbody>
            {faults.map((fault) => (
              <tr key={`${fault.row} ${fault.column} ${fault.what}`} className="border-t align-top">
                <td className="px-3 py-1.5 text-end tabular">{fault.row === 0 ? "File" : fault.row}</td>
                <td className="px-3 py-1.5 font-mono text-12">{fault.column}</td>
                <td className="px-3 py-1.5">{fault.what}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
