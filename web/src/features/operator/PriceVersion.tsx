/** # A version of a price book: all its prices, and what differs between two versions. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { priceCalls, priceQueries } from "@/api/priceBooks";
import type { PriceChange, PriceRow, WholeBook } from "@/api/priceBooks";
import { save } from "@/lib/csv";
import { count, money } from "@/lib/money";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { DataTable, downloadTable } from "@/ui/DataTable";
import type { Column } from "@/ui/DataTable";
import { Figure, Figures } from "@/ui/Figures";
import { Failed, Skeleton } from "@/ui/Problem";
import { Search } from "@/ui/Search";
import { Segments } from "@/ui/Segments";
import { Category, inCategoryOrder, words } from "@/ui/categories";
import { BackTo } from "./PriceBook";
import { bookTitle } from "./PriceBooks";
import { became, byMarket, dayOf, percent, tierWords } from "./prices";
import type { Became, MarketPrices } from "./prices";
import { useOperator } from "./session";

export function PriceTable({ bookId, versionId, market }: { bookId: string; versionId: string; market: string | undefined }) {
  const { token } = useOperator();
  const navigate = useNavigate();
  const queries = priceQueries(token);
  const book = useQuery(queries.book(bookId));
  const prices = useQuery(queries.prices(bookId, versionId));
  const version = book.data?.versions.find((each) => each.price_version_id === versionId);
  const file = useMutation({
    mutationFn: () => priceCalls(token).file(bookId, versionId),
    onSuccess: (blob) => {
      const address = URL.createObjectURL(blob);
      save(`prices-${book.data?.currency ?? ""}-${version ? new Date(version.effective_from * 1000).toISOString().slice(0, 10) : versionId}.csv`, address);
      URL.revokeObjectURL(address);
    },
  });
  if (!book.data) return book.error ? <Failed error={book.error} onRetry={() => void book.refetch()} /> : <Skeleton rows={8} />;
  return (
    <>
      <BackTo label={bookTitle(book.data)} bookId={bookId} />
      <PageHead title={version ? `Prices from ${dayOf(version.effective_from)}` : "Prices"} note={`${bookTitle(book.data)}. ${version ? `Published ${dayOf(version.published_at)}; it never changes.` : ""}`}>
        <Search key={market ?? ""} label="Market" value={market ?? ""} placeholder="Search a market" onSearch={(text) => void navigate({ to: "/operator/prices/$bookId/versions/$versionId", params: { bookId, versionId }, search: text === "" ? {} : { market: text } })} />
        <Button small disabled={file.isPending} onClick={() => file.mutate()}>
          <Download size={15} aria-hidden="true" />
          Export
        </Button>
      </PageHead>
      {file.error && <p role="alert" className="mb-3 text-13 text-bad">{file.error.message}</p>}
      <Prices book={book.data} rows={prices.data} error={prices.error} onRetry={() => void prices.refetch()} market={market} />
    </>
  );
}

function marketColumns(categories: readonly string[], currency: string): Column<MarketPrices>[] {
  return [
    { head: "Market", text: (row) => row.market, cell: (row) => <span className="font-medium">{row.market}</span> },
    ...categories.map((category): Column<MarketPrices> => ({
      head: words(category),
      end: true,
      text: (row) => row.prices.get(category)?.[0]?.unit_micros ?? "",
      cell: (row) => <Tiers prices={row.prices.get(category)} currency={currency} />,
    })),
  ];
}

export function Prices({ book, rows, error, onRetry, market }: { book: WholeBook; rows: readonly PriceRow[] | undefined; error: Error | null; onRetry: () => void; market: string | undefined }) {
  const wanted = market?.toLowerCase();
  const markets = rows && byMarket(rows).filter((row) => wanted === undefined || row.market.toLowerCase().includes(wanted));
  const categories = inCategoryOrder(rows?.map((row) => row.category) ?? []);
  const columns = marketColumns(categories, book.currency);
  const nothing = <p className="px-4 py-8 text-center text-muted">{market === undefined ? "This version has no prices." : `No market is called like “${market}”.`}</p>;
  return (
    <>
      <div className="max-md:hidden">
        <DataTable label="Prices" columns={columns} rows={markets} rowKey={(row) => row.market} error={error} onRetry={onRetry} empty={nothing} />
      </div>
      {/* On a phone, a market is a card: five columns of prices do not fit. */}
      <ul aria-label="Prices by market" className="grid gap-3 md:hidden">
        {markets?.map((row) => (
          <li key={row.market} className="rounded-14 border bg-surface px-4 py-3">
            <h2 className="mb-1 font-semibold">{row.market}</h2>
            <dl className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 gap-y-1 text-13">
              {inCategoryOrder(row.prices.keys()).map((category) => (
                <div key={category} className="contents">
                  <dt><Category name={category} /></dt>
                  <dd className="text-end tabular"><Tiers prices={row.prices.get(category)} currency={book.currency} /></dd>
                </div>
              ))}
            </dl>
          </li>
        ))}
        {markets?.length === 0 && <li>{nothing}</li>}
      </ul>
    </>
  );
}

function Tiers({ prices, currency }: { prices: readonly PriceRow[] | undefined; currency: string }) {
  if (!prices) return <span className="text-faint">–</span>;
  return (
    <>
      {prices.map((price) => (
        <span key={price.tier_from} className="block">
          {price.tier_from > 0 && <span className="text-12 text-muted">{tierWords(price.tier_from)} </span>}
          {money(price.unit_micros, currency, "exact")}
        </span>
      ))}
    </>
  );
}

export function PriceCompare({ bookId, from, to, show }: { bookId: string; from: string; to: string; show: Became | undefined }) {
  const { token } = useOperator();
  const navigate = useNavigate();
  const queries = priceQueries(token);
  const book = useQuery(queries.book(bookId));
  const changes = useQuery(queries.compare(bookId, from, to));
  const begin = (id: string): string => dayOf(book.data?.versions.find((version) => version.price_version_id === id)?.effective_from ?? 0);
  if (!book.data) return book.error ? <Failed error={book.error} onRetry={() => void book.refetch()} /> : <Skeleton rows={8} />;
  return (
    <>
      <BackTo label={bookTitle(book.data)} bookId={bookId} />
      <PageHead title="What changed" note={`Prices in force on ${begin(to)}, beside those of ${begin(from)}, in ${book.data.currency}.`} />
      <Changes
        changes={changes.data}
        currency={book.data.currency}
        error={changes.error}
        onRetry={() => void changes.refetch()}
        show={show}
        onShow={(next) => void navigate({ to: "/operator/prices/$bookId/compare", params: { bookId }, search: { from, to, ...(next === undefined ? {} : { show: next }) } })}
      />
    </>
  );
}

const BECAME: readonly { value: Became; label: string; name: string }[] = [
  { value: "rose", label: "Rose", name: "Prices that rose" },
  { value: "fell", label: "Fell", name: "Prices that fell" },
  { value: "came", label: "New", name: "New prices" },
  { value: "went", label: "Gone", name: "Prices that are gone" },
];

function columnsIn(currency: string): Column<PriceChange>[] {
  const amount = (micros: number | null): string => (micros === null ? "" : money(micros, currency, "exact"));
  return [
    { head: "Market", text: (row) => row.market, cell: (row) => <span className="font-medium whitespace-normal">{row.market}</span> },
    {
      head: "Category",
      text: (row) => `${row.category}${row.tier_from > 0 ? ` ${tierWords(row.tier_from)}` : ""}`,
      cell: (row) => (
        <>
          <Category name={row.category} />
          {row.tier_from > 0 && <span className="block text-12 text-muted">{tierWords(row.tier_from)}</span>}
        </>
      ),
    },
    { head: "Before", end: true, wide: true, text: (row) => amount(row.before_micros), cell: (row) => amount(row.before_micros) || <span className="text-faint">–</span> },
    {
      head: "After",
      end: true,
      text: (row) => amount(row.after_micros),
      cell: (row) => (
        <>
          <span className="font-medium">{amount(row.after_micros) || <span className="text-faint">–</span>}</span>
          <span className="block text-12 text-muted lg:hidden">{row.before_micros === null ? "new" : `was ${amount(row.before_micros)}`}</span>
        </>
      ),
    },
    { head: "Change", end: true, wide: true, text: (row) => percent(row.before_micros, row.after_micros), cell: (row) => <Moved change={row} /> },
  ];
}

function Moved({ change }: { change: PriceChange }) {
  const kind = became(change);
  if (kind === "came") return <span className="text-muted">new</span>;
  if (kind === "went") return <span className="text-muted">gone</span>;
  const amount = (change.after_micros ?? 0) - (change.before_micros ?? 0);
  return (
    <span className={kind === "rose" ? "text-attention" : "text-good"}>
      {percent(change.before_micros, change.after_micros) || (amount > 0 ? "was free" : "")}
    </span>
  );
}

export function Changes({ changes, currency, error, onRetry, show, onShow }: { changes: readonly PriceChange[] | undefined; currency: string; error: Error | null; onRetry: () => void; show: Became | undefined; onShow: (next: Became | undefined) => void }) {
  const number = (kind: Became): string | null => (changes ? count(changes.filter((change) => became(change) === kind).length) : null);
  const rows = changes?.filter((change) => show === undefined || became(change) === show);
  const columns = columnsIn(currency);
  return (
    <>
      <Figures>
        {BECAME.map((each) => (
          <Figure key={each.value} name={each.name} value={number(each.value)} note="" />
        ))}
      </Figures>
      <div className="mt-4 mb-2 flex flex-wrap items-center gap-2">
        <Segments label="Which changes" value={show ?? "all"} options={[{ value: "all", label: "All" }, ...BECAME]} onChange={(next) => onShow(next === "all" ? undefined : next)} />
        <span className="grow" />
        <Button small disabled={!rows || rows.length === 0} onClick={() => rows && downloadTable("price-changes", columns, rows)}>
          <Download size={15} aria-hidden="true" />
          CSV
        </Button>
      </div>
      <DataTable
        label="Changes of prices"
        columns={columns}
        rows={rows}
        rowKey={(row) => `${row.market} ${row.category} ${row.tier_from}`}
        error={error}
        onRetry={onRetry}
        empty={<p className="px-4 py-8 text-center text-muted">{show === undefined ? "Nothing changes." : "No such changes."}</p>}
      />
    </>
  );
}
