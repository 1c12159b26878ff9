/** The next page of a list. */
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { Button } from "./Button";

export function More({ list }: { list: Pick<UseInfiniteQueryResult, "hasNextPage" | "isFetchingNextPage" | "fetchNextPage"> }) {
  if (!list.hasNextPage) return null;
  return (
    <div className="flex justify-center border-t p-3">
      <Button small disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
        {list.isFetchingNextPage ? "Loading…" : "Load more"}
      </Button>
    </div>
  );
}
