/** Lists that come in pages, and look for news by themselves. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { call } from "./http";

/** How often the lists look for news. */
export const REFRESH_MS = 4000;
export const PAGE_ROWS = 50;

export type Rows<Row> = { data: Row[]; next: string | null };

/** The query of a list; `path` gives the address of the page behind a cursor. */
export function pages<Row>(token: string, queryKey: readonly unknown[], path: (after: string | null) => string) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) => call<Rows<Row>>(path(pageParam), { token, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: REFRESH_MS,
  });
}
