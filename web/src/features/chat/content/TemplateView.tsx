/** A business's template, filled in: header, words, an offer that ends, cards, and its buttons. */
import { Tag as TagIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { Template } from "@/core/content";
import type { Item } from "@/core/types";
import { useNow } from "@/lib/clock";
import { ago, exact } from "@/lib/time";
import type { Answers } from "../answering";
import { Buttons } from "./Buttons";
import { Carousel } from "./Carousel";
import { HeaderView } from "./HeaderView";
import { Words } from "@/ui/message";

type Props = { item: Item; template: Template; answers: Answers; quote: ReactNode; meta: ReactNode };

export function TemplateView({ item, template, answers, quote, meta }: Props) {
  return (
    <>
      <div className="flow-root px-3 py-2">
        {quote}
        <HeaderView header={template.rich_header} item={item} />
        {template.header !== "" && <p className="mb-1 font-semibold">{template.header}</p>}
        {template.offer && <Offer offer={template.offer} />}
        <Words body={template.body} footer={template.footer} meta={meta} />
      </div>
      {template.cards.length > 0 && <Carousel item={item} cards={template.cards} answers={answers} />}
      <Buttons item={item} buttons={template.buttons} answers={answers} />
    </>
  );
}

function Offer({ offer }: { offer: { text: string; expires_at: number } }) {
  const now = useNow();
  const ends = offer.expires_at * 1000;
  const over = ends > 0 && ends <= now;
  return (
    <div className="mb-2 flex items-center gap-3 rounded-8 border bg-sunken px-3 py-2">
      <TagIcon size={20} className="shrink-0 text-accent-text" aria-hidden="true" />
      <div>
        <div className="font-semibold">{offer.text || "Offer"}</div>
        {ends > 0 && (
          <time dateTime={new Date(ends).toISOString()} title={exact(ends)} className={over ? "block text-13 text-muted" : "block text-13 text-attention"}>
            {over ? "Ended" : `Ends ${ago(ends, now)}`}
          </time>
        )}
      </div>
    </div>
  );
}
