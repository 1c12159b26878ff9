/** /operator/prices, a book, a version of it, a draft, and two versions beside each other. */
import { useParams, useSearch } from "@tanstack/react-router";
import { OnePriceBook } from "@/features/operator/PriceBook";
import { PriceBooks } from "@/features/operator/PriceBooks";
import { OnePriceDraft } from "@/features/operator/PriceDraft";
import { PriceCompare, PriceTable } from "@/features/operator/PriceVersion";

export function PriceBooksPage() {
  const { kind } = useSearch({ from: "/operator/prices" });
  return <PriceBooks kind={kind} />;
}

export function PriceBookPage() {
  const { bookId } = useParams({ from: "/operator/prices/$bookId" });
  return <OnePriceBook bookId={bookId} />;
}

export function PriceVersionPage() {
  const { bookId, versionId } = useParams({ from: "/operator/prices/$bookId/versions/$versionId" });
  const { market } = useSearch({ from: "/operator/prices/$bookId/versions/$versionId" });
  return <PriceTable bookId={bookId} versionId={versionId} market={market} />;
}

export function PriceDraftPage() {
  const { bookId, draftId } = useParams({ from: "/operator/prices/$bookId/drafts/$draftId" });
  return <OnePriceDraft bookId={bookId} draftId={draftId} search={useSearch({ from: "/operator/prices/$bookId/drafts/$draftId" })} />;
}

export function PriceComparePage() {
  const { bookId } = useParams({ from: "/operator/prices/$bookId/compare" });
  const { from, to, show } = useSearch({ from: "/operator/prices/$bookId/compare" });
  return <PriceCompare bookId={bookId} from={from ?? ""} to={to ?? ""} show={show} />;
}
