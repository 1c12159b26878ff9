/**
 * # A draft of prices
 *
 * What it changes, what a month that has passed would have cost by it, all its prices; then it is published, or dropped.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { priceCalls, priceQueries } from "@/api/priceBooks";
import type { Preview, PreviewLine, PriceDraft, WholeBook } from "@/api/priceBooks";
import { useNow } from "@/lib/clock";
import { count, inMoney, money, units } from "@/lib/money";
import { StackedBars } from "@/ui/Bars";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Dialog } from "@/ui/Dialog";
import { Figure, Figures, Panel } from "@/ui/Figures";
import { Empty, Failed, Skeleton } from "@/ui/Problem";
import { Search } from "@/ui/Search";
import { Segments } from "@/ui/Segments";
import { Select } from "@/ui/Select";
import { Tag } from "@/ui/Tag";
import { Category, words } from "@/ui/categories";
import { ChartNoAxesColumn } from "lucide-react";
import { BackTo } from "./PriceBook";
import { bookTitle } from "./PriceBooks";
import { Changes, Prices } from "./PriceVersion";
import { dayOf, monthsBefore, percent, summed } from "./prices";
import type { Became } from "./prices";
import { useOperator } from "./session";

export type DraftView = "changes" | "preview" | "prices";
export type DraftSearch = { view?: DraftView; show?: Became; period?: string; by?: "category" | "market"; market?: string };

const VIEWS = [
  { value: "changes", label: "What changes" },
  { value: "preview", label: "What a month would cost" },
  { value: "prices", label: "All prices" },
] as const;

/** The order and length of the months that a preview offers. */
const MONTHS = 12;

type Props = { bookId: string; draftId: string; search: DraftSearch };

export function OnePriceDraft({ bookId, draftId, search }: Props) {
  const { token } = useOperator();
  const navigate = useNavigate();
  const book = useQuery(priceQueries(token).book(bookId));
  const [asked, setAsked] = useState<"publish" | "drop" | null>(null);
  if (!book.data) return book.error ? <Failed error={book.error} onRetry={() => void book.refetch()} /> : <Skeleton rows={8} />;
  const draft = book.data.drafts.find((each) => each.price_version_id === draftId);
  if (!draft) {
    return (
      <>
        <BackTo label={bookTitle(book.data)} bookId={bookId} />
        <Empty page icon={<ChartNoAxesColumn size={30} strokeWidth={1.5} />} title="This draft is no more">
          It was published, or dropped. The book has its versions.
        </Empty>
      </>
    );
  }
  const go = (next: DraftSearch): void => void navigate({ to: "/operator/prices/$bookId/drafts/$draftId", params: { bookId, draftId }, search: next });
  const view = search.view ?? "changes";
  return (
    <>
      <BackTo label={bookTitle(book.data)} bookId={bookId} />
      <PageHead title={`Draft from ${dayOf(draft.effective_from)}`} note={`${bookTitle(book.data)}. ${count(draft.prices)} prices. Nobody pays by it until it is published.`}>
        <Tag tone="attention">Draft</Tag>
        <Button kind="danger" onClick={() => setAsked("drop")}>
          Drop…
        </Button>
        <Button kind="solid" onClick={() => setAsked("publish")}>
          Publish…
        </Button>
      </PageHead>
      <div className="mb-4">
        <Segments label="What of the draft" value={view} options={VIEWS} onChange={(next) => go({ view: next })} />
      </div>
      {view === "changes" && <DraftChanges book={book.data} draftId={draftId} show={search.show} onShow={(show) => go({ view, ...(show === undefined ? {} : { show }) })} />}
      {view === "preview" && <DraftPreview draftId={draftId} search={search} onSearch={(next) => go({ view, ...next })} />}
      {view === "prices" && <DraftPrices book={book.data} draftId={draftId} market={search.market} onMarket={(market) => go({ view, ...(market === "" ? {} : { market }) })} />}
      {asked === "publish" && <Publish book={book.data} draft={draft} onClose={() => setAsked(null)} />}
      {asked === "drop" && <Drop bookId={bookId} draft={draft} onClose={() => setAsked(null)} />}
    </>
  );
}

function DraftChanges({ book, draftId, show, onShow }: { book: WholeBook; draftId: string; show: Became | undefined; onShow: (show: Became | undefined) => void }) {
  const { token } = useOperator();
  const changes = useQuery(priceQueries(token).compareDraft(draftId));
  return <Changes changes={changes.data} currency={book.currency} error={changes.error} onRetry={() => void changes.refetch()} show={show} onShow={onShow} />;
}

function DraftPrices({ book, draftId, market, onMarket }: { book: WholeBook; draftId: string; market: string | undefined; onMarket: (market: string) => void }) {
  const { token } = useOperator();
  const prices = useQuery(priceQueries(token).prices(book.price_book_id, draftId));
  return (
    <>
      <div className="mb-3">
        <Search key={market ?? ""} label="Market" value={market ?? ""} placeholder="Search a market" onSearch={onMarket} />
      </div>
      <Prices book={book} rows={prices.data} error={prices.error} onRetry={() => void prices.refetch()} market={market} />
    </>
  );
}

function columnsOf(preview: Preview, by: "category" | "market"): Column<PreviewLine>[] {
  const amount = (micros: number): string => money(micros, preview.currency);
  return [
    { head: by === "category" ? "Category" : "Market", text: (row) => row[by], cell: (row) => (by === "category" ? <Category name={row.category} /> : <span className="font-medium">{row.market}</span>) },
    { head: "Messages", end: true, wide: true, text: (row) => row.messages, cell: (row) => count(row.messages) },
    { head: "Billable", end: true, wide: true, text: (row) => row.billable, cell: (row) => count(row.billable) },
    { head: "Was charged", end: true, text: (row) => amount(row.before_micros), cell: (row) => amount(row.before_micros) },
    { head: "Would be", end: true, text: (row) => amount(row.after_micros), cell: (row) => <span className="font-medium">{amount(row.after_micros)}</span> },
    { head: "Change", end: true, wide: true, text: (row) => percent(row.before_micros, row.after_micros), cell: (row) => percent(row.before_micros, row.after_micros) },
  ];
}

/** Bars of a chart. */
const SHOWN = 8;

function DraftPreview({ draftId, search, onSearch }: { draftId: string; search: DraftSearch; onSearch: (next: DraftSearch) => void }) {
  const { token } = useOperator();
  const months = monthsBefore(useNow(), MONTHS);
  const period = search.period ?? months[1]?.value ?? "";
  const by = search.by ?? "category";
  const query = useQuery(priceQueries(token).preview(draftId, period));
  const preview = query.data;
  const rows = preview && summed(preview.data, by);
  const sum = (of: (line: PreviewLine) => number): number => preview?.data.reduce((all, line) => all + of(line), 0) ?? 0;
  const [before, after] = [sum((line) => line.before_micros), sum((line) => line.after_micros)];
  const shown = (micros: number): string | null => (preview ? money(micros, preview.currency) : null);
  const chosen = { ...(search.period === undefined ? {} : { period: search.period }), ...(search.by === undefined ? {} : { by: search.by }) };
  const bars = rows?.filter((row) => row.before_micros + row.after_micros > 0).slice(0, SHOWN) ?? [];
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <Select label="Month" hideLabel value={period} options={months} onChange={(next) => onSearch({ ...chosen, period: next })} />
        <Segments label="Add up by" value={by} options={[{ value: "category", label: "By category" }, { value: "market", label: "By market" }]} onChange={(next) => onSearch({ ...chosen, by: next })} />
      </div>
      <Figures>
        <Figure name="Was charged" value={shown(before)} note="by the prices of then" />
        <Figure name="Would have been" value={shown(after)} large note="by this draft, the same messages" />
        <Figure name="Difference" value={shown(after - before)} note={percent(before, after)} />
        <Figure name="Messages" value={preview ? count(sum((line) => line.messages)) : null} note={preview ? `${count(sum((line) => line.billable))} billable` : ""} />
      </Figures>
      {preview && bars.length > 0 && (
        <div className="mt-4">
          <Panel title={by === "category" ? "By category" : "By market"} note={preview.currency}>
            <StackedBars
              side
              label={`What was charged and what it would have been, in ${preview.currency}; the same figures stand in the table below`}
              times={bars.map((row) => (by === "category" ? words(row.category) : row.market))}
              parts={[
                { name: "Was charged", color: 3, values: bars.map((row) => units(row.before_micros)) },
                { name: "Would be", color: 0, values: bars.map((row) => units(row.after_micros)) },
              ]}
              unit={inMoney(preview.currency)}
            />
          </Panel>
        </div>
      )}
      <div className="mt-4">
        <DataTable
          label="What the month would have cost"
          columns={preview ? columnsOf(preview, by) : []}
          rows={rows}
          rowKey={(row) => row[by]}
          error={query.error}
          onRetry={() => void query.refetch()}
          empty={
            <Empty icon={<ChartNoAxesColumn size={30} strokeWidth={1.5} />} title="Nothing was charged in this month">
              Choose a month in which businesses that pay by this book had messages delivered.
            </Empty>
          }
        />
      </div>
    </>
  );
}

/** Runs a step, and leads back to the book. */
function useStep(bookId: string, act: () => Promise<unknown>) {
  const { token } = useOperator();
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: act,
    onSuccess: async () => {
      await navigate({ to: "/operator/prices/$bookId", params: { bookId } });
      await client.invalidateQueries({ queryKey: priceQueries(token).key });
    },
  });
}

function Publish({ book, draft, onClose }: { book: WholeBook; draft: PriceDraft; onClose: () => void }) {
  const { token } = useOperator();
  const publish = useStep(book.price_book_id, () => priceCalls(token).publish(draft.price_version_id));
  const first = dayOf(draft.effective_from);
  const who = book.kind === "contract" ? (book.portfolio_name ?? "this business") : `everybody who pays in ${book.currency}`;
  return (
    <Dialog open onClose={onClose} title="Publish these prices?">
      <ol className="grid list-decimal gap-2 ps-5">
        <li>Now: the version stands in the book, and nobody can change or remove it any more.</li>
        <li>
          <strong className="font-semibold">{first}, 00:00 UTC</strong>: what is delivered from then on costs {who} these prices. The version before ends at that moment.
        </li>
        <li>What is on its way then costs at most what was held for it when it was sent.</li>
      </ol>
      {book.kind !== "contract" && <p className="mt-3 text-13 text-muted">Plaza sends no notice: tell the businesses yourself. The notice of this server is {book.notice_days} days.</p>}
      {publish.error && <p role="alert" className="mt-3 text-13 text-bad">{publish.error.message}</p>}
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="solid" disabled={publish.isPending} onClick={() => publish.mutate()}>
          Publish from {first}
        </Button>
      </div>
    </Dialog>
  );
}

function Drop({ bookId, draft, onClose }: { bookId: string; draft: PriceDraft; onClose: () => void }) {
  const { token } = useOperator();
  const drop = useStep(bookId, () => priceCalls(token).drop(draft.price_version_id));
  return (
    <Dialog open onClose={onClose} title="Drop this draft?" description="Its file is forgotten. Nobody paid by it, and nothing else changes.">
      {drop.error && <p role="alert" className="mb-3 text-13 text-bad">{drop.error.message}</p>}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" disabled={drop.isPending} onClick={() => drop.mutate()}>
          Drop the draft
        </Button>
      </div>
    </Dialog>
  );
}
