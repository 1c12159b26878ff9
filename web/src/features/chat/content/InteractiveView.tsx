/** A business's question: header, words, cards, and what one can do with it. */
import type { ReactNode } from "react";
import type { Interactive } from "@/core/content";
import type { Item } from "@/core/types";
import type { Answers } from "../answering";
import { ActionControls } from "./ActionControls";
import { Carousel } from "./Carousel";
import { HeaderView } from "./HeaderView";
import { OrderDetailsView } from "./OrderDetailsView";
import { OrderStatusView } from "./OrderStatusView";
import { ProductRow } from "./ProductRow";
import { Controls, Words } from "@/ui/message";

type Props = { item: Item; interactive: Interactive; answers: Answers; quote: ReactNode; meta: ReactNode };

export function InteractiveView({ item, interactive, answers, quote, meta }: Props) {
  const { header, body, footer, action, cards } = interactive;
  return (
    <>
      <div className="flow-root px-3 py-2">
        {quote}
        <HeaderView header={header} item={item} />
        {action?.type === "product" && action.product && (
          <div className="mb-2">
            <ProductRow product={action.product} />
          </div>
        )}
        {action?.type === "order_details" && <OrderDetailsView order={action} />}
        {action?.type === "order_status" && <OrderStatusView order={action} />}
        <Words body={body} footer={footer} meta={meta} />
      </div>
      {cards.length > 0 && <Carousel item={item} cards={cards} answers={answers} />}
      {action?.type && action.type !== "order_details" && action.type !== "order_status" && (
        <Controls>
          <ActionControls item={item} action={action} answers={answers} label={null} />
        </Controls>
      )}
    </>
  );
}
