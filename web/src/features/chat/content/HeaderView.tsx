/** What stands above a question, a template or a card: a line, a file, a place, a product. */
import type { Header } from "@/core/content";
import type { Item } from "@/core/types";
import { LocationView } from "./LocationView";
import { MediaView } from "./MediaView";
import { ProductRow } from "./ProductRow";

export function HeaderView({ header, item }: { header: Header | null; item: Item }) {
  switch (header?.type) {
    case "text":
      return <p className="mb-1 font-semibold">{header.text}</p>;
    case "media":
      return (
        <div className="mb-2 w-72 min-w-full max-w-full">
          <MediaView item={item} media={header} className="rounded-8" wide />
        </div>
      );
    case "location":
      return (
        <div className="mb-2">
          <LocationView place={header} />
        </div>
      );
    case "product":
      return (
        <div className="mb-2">
          <ProductRow product={header} />
        </div>
      );
    default:
      return null;
  }
}
