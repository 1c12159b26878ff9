/** Price books as the operator's API has them. Prices are integer micros of the book's currency, times unix seconds. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { paths } from "@/lib/paths";
import { call, fetchFile } from "./http";
import type { Rows } from "./pages";

export type BookKind = "list" | "calls" | "contract";
export type PriceBook = { price_book_id: string; name: string; currency: string; kind: BookKind; base_book_id: string | null; portfolio_id: string | null; portfolio_name: string | null };
export type PriceVersion = { price_version_id: string; effective_from: number; effective_to: number | null; published_at: number; prices: number };
export type PriceDraft = { price_version_id: string; price_book_id: string; effective_from: number; prices: number; created_at: number };
export type WholeBook = PriceBook & { versions: PriceVersion[]; drafts: PriceDraft[]; notice_days: number };
export type PriceRow = { market: string; category: string; tier_from: number; unit_micros: number };
export type PriceChange = { market: string; category: string; tier_from: number; before_micros: number | null; after_micros: number | null };
export type PreviewLine = { category: string; market: string; messages: number; billable: number; before_micros: number; after_micros: number };
export type Preview = { currency: string; period: number; data: PreviewLine[] };

const KEY = ["operator", "price-books"] as const;

export function priceQueries(token: string) {
  return {
    key: KEY,
    list: () =>
      infiniteQueryOptions({
        queryKey: [...KEY, "list"],
        queryFn: ({ pageParam, signal }) => call<Rows<PriceBook>>(paths.priceBooks(pageParam), { token, signal }),
        initialPageParam: null as string | null,
        getNextPageParam: (page) => page.next,
      }),
    book: (book: string) => queryOptions({ queryKey: [...KEY, "book", book], queryFn: ({ signal }) => call<WholeBook>(paths.priceBook(book), { token, signal }) }),
    prices: (book: string, version: string) =>
      queryOptions({
        queryKey: [...KEY, "prices", book, version],
        queryFn: async ({ signal }) => (await call<{ data: PriceRow[] }>(paths.pricesOf(book, version), { token, signal })).data,
      }),
    compare: (book: string, from: string, to: string) =>
      queryOptions({
        queryKey: [...KEY, "compare", book, from, to],
        queryFn: async ({ signal }) => (await call<{ data: PriceChange[] }>(paths.comparePrices(book, from, to), { token, signal })).data,
      }),
    compareDraft: (draft: string) =>
      queryOptions({
        queryKey: [...KEY, "compare-draft", draft],
        queryFn: async ({ signal }) => (await call<{ data: PriceChange[] }>(paths.compareDraft(draft), { token, signal })).data,
      }),
    preview: (draft: string, period: string) =>
      queryOptions({
        queryKey: [...KEY, "preview", draft, period],
        queryFn: ({ signal }) => call<Preview>(paths.previewDraft(draft, period), { token, signal }),
        placeholderData: keepPreviousData,
      }),
  };
}

export function priceCalls(token: string) {
  return {
    draft: (book: string, file: File) => call<PriceDraft>(paths.newDraft(book), { method: "POST", token, file }),
    drop: (draft: string) => call<unknown>(paths.priceDraft(draft), { method: "DELETE", token }),
    publish: (draft: string) => call<PriceVersion>(paths.publishDraft(draft), { method: "POST", token }),
    contract: (portfolio_id: string, name: string) => call<PriceBook>(paths.contracts(), { method: "POST", token, body: { portfolio_id, name } }),
    file: (book: string, version: string) => fetchFile(paths.exportPrices(book, version), { token }),
  };
}
