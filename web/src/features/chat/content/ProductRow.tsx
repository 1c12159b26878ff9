/**
 * # A product
 *
 * Its name, words and price as they were when the message was sent. The picture of a product lies on the business's own
 * server: it is shown only after somebody asks for it, because fetching it tells that server who looks and when.
 */
import { Package } from "lucide-react";
import { createContext, useContext, useState } from "react";
import type { ReactNode } from "react";
import type { Product } from "@/core/content";
import { price } from "@/lib/money";
import { webAddress } from "@/lib/web";

/** Whether pictures of products may be fetched: asked once for a whole list. */
export const PicturesAllowed = createContext(false);

export function titleOf(product: { name: string; retailer_id: string }): string {
  return product.name || product.retailer_id;
}

export function priceOf(product: { price_micros: number; currency: string }): string {
  return product.currency === "" ? "" : price(product.price_micros, product.currency);
}

export function ProductRow({ product, children }: { product: Product; children?: ReactNode }) {
  return (
    <div className="flex items-start gap-3">
      <ProductPicture product={product} />
      <div className="min-w-0 grow">
        <div className="font-semibold">{titleOf(product)}</div>
        {product.description !== "" && <p className="line-clamp-3 text-13 whitespace-pre-wrap text-muted">{product.description}</p>}
        <div className="mt-0.5 font-medium tabular">{priceOf(product)}</div>
      </div>
      {children}
    </div>
  );
}

function ProductPicture({ product }: { product: Product }) {
  const allowed = useContext(PicturesAllowed);
  const [broken, setBroken] = useState(false);
  const address = webAddress(product.image_url);
  return (
    <span className="grid size-14 shrink-0 place-items-center overflow-hidden rounded-8 border bg-sunken text-faint">
      {allowed && address !== null && !broken ? (
        <img src={address} alt="" referrerPolicy="no-referrer" loading="lazy" onError={() => setBroken(true)} className="size-full object-cover" />
      ) : (
        <Package size={22} strokeWidth={1.5} aria-hidden="true" />
      )}
    </span>
  );
}
