/** Cards to leaf through: they stand in a row that scrolls and snaps; arrow buttons for those who do not swipe. */
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";
import type { Card } from "@/core/content";
import type { Item } from "@/core/types";
import type { Answers } from "../answering";
import { RichText } from "@/ui/RichText";
import { Buttons } from "./Buttons";
import { HeaderView } from "./HeaderView";

type Props = { item: Item; cards: readonly Card[]; answers: Answers };

export function Carousel({ item, cards, answers }: Props) {
  const [row, setRow] = useState<HTMLElement | null>(null);
  const [at, setAt] = useState(0);

  function show(next: number): void {
    const card = row?.children[next];
    card?.scrollIntoView({ inline: "start", block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    setAt(next);
  }

  const look = "inline-flex size-8 items-center justify-center rounded-full border bg-raised text-muted hover:text-ink disabled:opacity-40";
  return (
    <div role="group" aria-roledescription="carousel" aria-label={`${cards.length} cards`} className="border-t">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a row that scrolls must be reachable by keyboard */}
      <ul ref={setRow} tabIndex={0} aria-label="Cards" className="scroll-quiet flex snap-x snap-mandatory scroll-px-3 gap-2 overflow-x-auto px-3 py-3 -outline-offset-2">
        {cards.map((card, n) => (
          <li key={n} aria-label={`Card ${n + 1} of ${cards.length}`} className="flex w-60 shrink-0 snap-start flex-col overflow-hidden rounded-8 border bg-raised text-ink">
            <div className="grow px-3 pt-3 pb-2">
              <HeaderView header={card.header} item={item} />
              <RichText text={card.body} />
            </div>
            <Buttons item={item} buttons={card.buttons} answers={answers} card={n} />
          </li>
        ))}
      </ul>
      <div className="flex items-center justify-center gap-3 pb-2">
        <button type="button" aria-label="Card before" disabled={at === 0} onClick={() => show(at - 1)} className={look}>
          <ChevronLeft size={16} className="rtl:rotate-180" />
        </button>
        <span className="text-12 text-muted tabular">
          {at + 1} of {cards.length}
        </span>
        <button type="button" aria-label="Next card" disabled={at === cards.length - 1} onClick={() => show(at + 1)} className={look}>
          <ChevronRight size={16} className="rtl:rotate-180" />
        </button>
      </div>
    </div>
  );
}
