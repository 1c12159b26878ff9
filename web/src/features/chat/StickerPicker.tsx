/**
 * # Choosing a sticker
 *
 * A tab a pack, and before them what was sent last. Arrows walk over the stickers, Enter sends one, Escape closes. A pack
 * that somebody may not use shows its cover and how to get it.
 */
import { clsx } from "clsx";
import { Clock, Lock } from "lucide-react";
import { Tabs } from "radix-ui";
import { useRef, useState } from "react";
import type { KeyboardEvent, ReactNode } from "react";
import { useShop } from "@/core/shop";
import type { Shop } from "@/core/shop";
import { loadStickers, useStickers } from "@/core/stickers";
import type { Pack, Sticker } from "@/core/stickers";
import { money } from "@/lib/money";
import { Button } from "@/ui/Button";
import { ErrorNote, Skeleton } from "@/ui/Problem";
import { StickerPicture } from "./StickerPicture";
import { recentStickers } from "./recentStickers";
import { useOpenSettings } from "./windows";

const COLUMNS = 4;
const RECENT = "recent";

type Choice = { pack: Pack; sticker: Sticker };
type Props = { onSend: (pack: Pack, sticker: Sticker) => void; onLeave: () => void };

/** What was sent last, as far as it may be sent again. */
function recentOf(packs: readonly Pack[]): Choice[] {
  return recentStickers().flatMap(({ pack: key, name }) => {
    const pack = packs.find((each) => each.key === key && each.may_use);
    const sticker = pack?.stickers.find((each) => each.name === name);
    return pack && sticker ? [{ pack, sticker }] : [];
  });
}

export function StickerPicker({ onSend, onLeave }: Props) {
  const { packs, error } = useStickers();
  if (packs === null) {
    return <div className="p-4">{error === null ? <Skeleton rows={3} height={72} /> : <ErrorNote message={error} onRetry={() => void loadStickers()} />}</div>;
  }
  return <Packs packs={packs} onSend={onSend} onLeave={onLeave} />;
}

function Packs({ packs, onSend, onLeave }: Props & { packs: readonly Pack[] }) {
  const recent = recentOf(packs);
  const [chosen, setChosen] = useState(() => (recent.length > 0 ? RECENT : (packs[0]?.key ?? "")));
  // The packs come after the window has opened: the keys go to them then, once.
  const [focusOn] = useState(() => (tabs: HTMLElement | null) => tabs?.querySelector<HTMLElement>("[data-state=active]")?.focus());
  const isThere = chosen === RECENT ? recent.length > 0 : packs.some((pack) => pack.key === chosen);
  const shown = isThere ? chosen : (packs[0]?.key ?? "");
  return (
    <Tabs.Root value={shown} onValueChange={setChosen} className="flex h-full flex-col">
      <Tabs.List ref={focusOn} aria-label="Packs" className="scroll-quiet flex shrink-0 gap-1 overflow-x-auto border-b p-1.5">
        {recent.length > 0 && (
          <Tab value={RECENT} name="Sent last">
            <Clock size={18} aria-hidden="true" />
          </Tab>
        )}
        {packs.map((pack) => (
          <Tab key={pack.key} value={pack.key} name={pack.may_use ? pack.title : `${pack.title}, not yours yet`}>
            <Cover pack={pack} className={clsx("size-8", !pack.may_use && "opacity-60 grayscale")} />
            {!pack.may_use && <Lock size={12} className="absolute end-0.5 bottom-0.5 rounded-4 bg-raised" aria-hidden="true" />}
          </Tab>
        ))}
      </Tabs.List>
      <Panel value={RECENT} title="Sent last">
        <Grid choices={recent} onSend={onSend} />
      </Panel>
      {packs.map((pack) => (
        <Panel key={pack.key} value={pack.key} title={pack.title}>
          {pack.may_use ? <Grid choices={pack.stickers.map((sticker) => ({ pack, sticker }))} onSend={onSend} /> : <Locked pack={pack} onLeave={onLeave} />}
        </Panel>
      ))}
    </Tabs.Root>
  );
}

function Tab({ value, name, children }: { value: string; name: string; children: ReactNode }) {
  return (
    <Tabs.Trigger
      value={value}
      aria-label={name}
      title={name}
      className="relative inline-flex size-10 shrink-0 items-center justify-center rounded-8 text-muted -outline-offset-2 transition-colors duration-150 hover:bg-sunken data-[state=active]:bg-accent-soft data-[state=active]:text-accent-text"
    >
      {children}
    </Tabs.Trigger>
  );
}

function Panel({ value, title, children }: { value: string; title: string; children: ReactNode }) {
  return (
    <Tabs.Content value={value} tabIndex={-1} className="scroll-quiet min-h-0 grow overflow-y-auto p-2 outline-none">
      <h3 className="px-1 pb-1.5 text-12 font-medium text-muted">{title}</h3>
      {children}
    </Tabs.Content>
  );
}

function Cover({ pack, className }: { pack: Pack; className?: string }) {
  const [cover] = pack.stickers;
  return cover === undefined ? null : <StickerPicture pack={pack} sticker={cover} {...(className === undefined ? {} : { className })} />;
}

/** One of the stickers is in the order of tabs; arrows move from there. */
function Grid({ choices, onSend }: { choices: readonly Choice[]; onSend: Props["onSend"] }) {
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);

  function go(to: number): void {
    const next = Math.max(0, Math.min(choices.length - 1, to));
    setAt(next);
    list.current?.querySelectorAll("button")[next]?.focus();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const ahead = getComputedStyle(event.currentTarget).direction === "rtl" ? -1 : 1;
    const steps: Record<string, number> = { ArrowRight: ahead, ArrowLeft: -ahead, ArrowDown: COLUMNS, ArrowUp: -COLUMNS, Home: -choices.length, End: choices.length };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    go(at + step);
  }

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the buttons in it share these keys
    <ul ref={list} onKeyDown={onKeyDown} className="grid grid-cols-4 gap-1">
      {choices.map((choice, n) => (
        <li key={`${choice.pack.key}/${choice.sticker.name}`}>
          <button
            type="button"
            tabIndex={n === Math.min(at, choices.length - 1) ? 0 : -1}
            aria-label={choice.sticker.text}
            title={`${choice.sticker.emoji} ${choice.sticker.text}`}
            onFocus={() => setAt(n)}
            onClick={() => onSend(choice.pack, choice.sticker)}
            className="block w-full rounded-8 p-1 -outline-offset-2 transition-transform duration-150 hover:bg-sunken focus-visible:bg-sunken active:scale-95 motion-reduce:transition-none"
          >
            <StickerPicture pack={choice.pack} sticker={choice.sticker} />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** How to get a pack, in a sentence. */
function ways(pack: Pack, shop: Shop | null): string {
  const sold = shop?.plans.filter((plan) => pack.plans.includes(plan.key)) ?? [];
  const once = sold.flatMap((plan) => plan.prices.filter((price) => price.term === "once" && price.currency === shop?.currency))[0];
  const plan = sold.find((each) => !each.prices.some((price) => price.term === "once"));
  const alone = once && `once for ${money(once.amount_micros, once.currency)}`;
  if (plan && alone) return `They come with ${plan.name}. Or buy them ${alone}: then they are yours for good.`;
  if (plan) return `They come with ${plan.name}.`;
  return alone ? `Buy them ${alone}: then they are yours for good.` : "They are not sold just now.";
}

function Locked({ pack, onLeave }: { pack: Pack; onLeave: () => void }) {
  const { shop } = useShop();
  const openSettings = useOpenSettings();
  return (
    <div className="grid justify-items-center gap-3 px-4 py-2 text-center">
      <Cover pack={pack} className="size-28" />
      <p className="text-13 text-pretty text-muted">
        {pack.stickers.length} stickers. {ways(pack, shop)}
      </p>
      {pack.plans.length > 0 && (
        <Button
          small
          kind="solid"
          onClick={() => {
            onLeave();
            // The focus has gone back to the button that opened this; then the settings take it.
            setTimeout(openSettings);
          }}
        >
          See it in the settings
        </Button>
      )}
    </div>
  );
}
