/**
 * # Products, and an order of them
 *
 * Quantities are set beside each product; the sum stands below, per currency. The core puts the prices into the order as
 * the message showed them, so nothing here can change a price.
 */
import { Images, Minus, Plus, Search } from "lucide-react";
import { useState } from "react";
import type { Product, ShopAction } from "@/core/content";
import type { Item } from "@/core/types";
import { price, sumByCurrency } from "@/lib/money";
import { webAddress } from "@/lib/web";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { useAnswering } from "../answering";
import { useHere } from "../here";
import { Refusal } from "@/ui/message";
import { PicturesAllowed, ProductRow, titleOf } from "./ProductRow";

const QUANTITY_MAX = 999;
const ORDER_ITEMS_MAX = 100;
const REMARK_CHARACTERS_MAX = 500;
const FILTER_FROM = 7;

type Section = { title: string; products: Product[] };

function sectionsOf(action: ShopAction): Section[] {
  if (action.type === "product") return [{ title: "", products: action.product ? [action.product] : [] }];
  return action.type === "catalog" ? [{ title: "", products: action.products }] : action.sections;
}

export function ShopDialog({ item, action, onClose }: { item: Item; action: ShopAction; onClose: () => void }) {
  const { title } = useHere();
  const { busy, failed, send } = useAnswering(item);
  const sections = sectionsOf(action);
  const products = sections.flatMap((section) => section.products);
  const [basket, setBasket] = useState<ReadonlyMap<string, number>>(() => new Map(action.type === "product" && products[0] ? [[products[0].retailer_id, 1]] : []));
  const [filter, setFilter] = useState("");
  const [remark, setRemark] = useState("");
  const [pictures, setPictures] = useState(false);

  const lines = [...new Map(products.map((product) => [product.retailer_id, product])).values()].flatMap((product) => {
    const quantity = basket.get(product.retailer_id) ?? 0;
    return quantity > 0 ? [{ product, quantity }] : [];
  });
  const sums = sumByCurrency(lines.filter(({ product }) => product.currency !== "").map(({ product, quantity }) => ({ currency: product.currency, amount_micros: product.price_micros * quantity })));
  const count = lines.reduce((sum, line) => sum + line.quantity, 0);
  const wanted = filter.trim().toLocaleLowerCase();
  const hasPictures = products.some((product) => webAddress(product.image_url) !== null);

  function put(id: string, quantity: number): void {
    setBasket(new Map(basket).set(id, Math.max(0, Math.min(QUANTITY_MAX, quantity))));
  }

  async function order(): Promise<void> {
    const items = lines.slice(0, ORDER_ITEMS_MAX).map(({ product, quantity }) => ({ retailer_id: product.retailer_id, quantity }));
    if (await send({ do: "order", text: remark.trim(), items })) onClose();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={`Order from ${title}`}
      footer={
        <>
          <Refusal>{failed}</Refusal>
          <div className="flex items-center gap-3">
            <p role="status" className="min-w-0 grow text-13 text-muted">
              {count === 0 ? (
                "Nothing chosen yet"
              ) : (
                <>
                  {count === 1 ? "1 piece" : `${count} pieces`}
                  {sums.length > 0 && <span className="block text-16 font-semibold text-ink tabular">{sums.map((sum) => price(sum.amount_micros, sum.currency)).join(" + ")}</span>}
                </>
              )}
            </p>
            <Button kind="solid" disabled={count === 0 || busy || lines.length > ORDER_ITEMS_MAX} onClick={() => void order()}>
              Send the order
            </Button>
          </div>
        </>
      }
    >
      <div className="grid gap-3">
        {products.length >= FILTER_FROM && (
          <div className="flex items-center gap-2 rounded-8 bg-sunken px-3 focus-within:outline-2 focus-within:outline-accent">
            <Search size={15} className="shrink-0 text-faint" aria-hidden="true" />
            <input type="search" aria-label="Find a product" placeholder="Find" value={filter} onChange={(event) => setFilter(event.target.value)} className="h-9 min-w-0 grow bg-transparent text-14 outline-none placeholder:text-faint" />
          </div>
        )}
        {hasPictures && !pictures && (
          <button type="button" onClick={() => setPictures(true)} className="inline-flex min-h-8 items-center gap-2 justify-self-start rounded-8 text-13 text-muted underline underline-offset-2 hover:text-ink">
            <Images size={15} aria-hidden="true" />
            Show pictures from the business's own server
          </button>
        )}
        {products.length === 0 && <p className="py-8 text-center text-muted">The catalog is empty at the moment. Ask {title} what there is.</p>}
        <PicturesAllowed value={pictures}>
          {sections.map((section, n) => {
            const shown = section.products.filter((product) => `${titleOf(product)} ${product.description}`.toLocaleLowerCase().includes(wanted));
            if (shown.length === 0) return null;
            return (
              <section key={n} aria-label={section.title || "Products"}>
                {section.title !== "" && <h3 className="pb-1 text-12 font-medium text-faint">{section.title}</h3>}
                <ul className="divide-y">
                  {shown.map((product) => (
                    <li key={product.retailer_id} className="py-3">
                      <ProductRow product={product}>
                        <Quantity name={titleOf(product)} value={basket.get(product.retailer_id) ?? 0} onChange={(next) => put(product.retailer_id, next)} />
                      </ProductRow>
                    </li>
                  ))}
                </ul>
              </section>
            );
          })}
        </PicturesAllowed>
        {count > 0 && (
          <label className="grid gap-1.5 text-13 font-medium">
            Remark
            <input
              value={remark}
              maxLength={REMARK_CHARACTERS_MAX}
              placeholder="For the business, if there is something to say"
              onChange={(event) => setRemark(event.target.value)}
              className="h-10 rounded-8 border border-line-strong bg-raised px-3 text-14 font-normal placeholder:text-faint"
            />
          </label>
        )}
      </div>
    </Dialog>
  );
}

function Quantity({ name, value, onChange }: { name: string; value: number; onChange: (next: number) => void }) {
  const look = "inline-flex size-8 items-center justify-center rounded-8 border border-line-strong bg-raised hover:bg-sunken disabled:opacity-40";
  return (
    <div role="group" aria-label={`How many: ${name}`} className="flex shrink-0 items-center gap-1">
      {value > 0 && (
        <>
          <button type="button" aria-label={`One less: ${name}`} onClick={() => onChange(value - 1)} className={look}>
            <Minus size={15} />
          </button>
          <input
            type="text"
            inputMode="numeric"
            aria-label={`Quantity of ${name}`}
            value={value}
            onChange={(event) => onChange(Number(event.target.value.replace(/\D/g, "").slice(0, 3)))}
            className="h-8 w-10 rounded-6 bg-transparent text-center text-14 font-medium tabular"
          />
        </>
      )}
      <button type="button" aria-label={value === 0 ? `Add ${name}` : `One more: ${name}`} disabled={value >= QUANTITY_MAX} onClick={() => onChange(value + 1)} className={look}>
        <Plus size={15} />
      </button>
    </div>
  );
}
