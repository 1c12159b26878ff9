/** What a person sets for themselves: how Plaza looks, and what they have bought. */
import { clsx } from "clsx";
import { Check, Lock } from "lucide-react";
import { useState } from "react";
import type { ReactNode } from "react";
import { buy, loadShop, setRenewal, useEntitled, useShop } from "@/core/shop";
import type { Purchase, Shop, ShopPlan, ShopTerm } from "@/core/shop";
import { useStickers } from "@/core/stickers";
import { ACCENTS, isFree, setAccent, useAccent } from "@/lib/accent";
import type { Accent } from "@/lib/accent";
import { money } from "@/lib/money";
import { Button, buttonLook } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorNote, Skeleton } from "@/ui/Problem";
import { Segments } from "@/ui/Segments";
import { Tag } from "@/ui/Tag";
import { ThemeSwitch } from "@/ui/ThemeSwitch";
import { StickerPicture } from "./StickerPicture";

const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const dayOf = (seconds: number): string => day.format(new Date(seconds * 1000));
const GIVES: Record<string, (value: number | true) => string> = {
  accent_themes: () => "Three more accent colours, for light and dark",
  pinned_conversations: (value) => `${Number(value)} pinned conversations instead of 3`,
  sticker_packs: () => "All sticker packs",
};

export function SettingsDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="Settings" full>
      <div className="grid gap-6">
        <Appearance />
        <Store />
        <p className="text-13 text-pretty text-muted">Encryption, privacy and safety are complete for everybody and are never sold. Nobody you write with learns what you bought.</p>
      </div>
    </Dialog>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="grid gap-3">
      <h3 className="font-semibold">{title}</h3>
      {children}
    </section>
  );
}

function Appearance() {
  const accent = useAccent();
  const entitled = useEntitled("accent_themes");
  return (
    <Part title="Appearance">
      <div className="flex items-center justify-between gap-3">
        <span>Light or dark</span>
        <ThemeSwitch />
      </div>
      <fieldset>
        <legend className="mb-2">Accent colour</legend>
        <div className="grid grid-cols-2 gap-2">
          {ACCENTS.map((each) => (
            <AccentChoice key={each.value} {...each} checked={accent === each.value} locked={!entitled && !isFree(each.value)} />
          ))}
        </div>
        {!entitled && <p className="mt-2 text-13 text-muted">The other colours come with Plaza Plus, or once and for good. Both are below.</p>}
      </fieldset>
    </Part>
  );
}

function AccentChoice({ value, label, swatch, checked, locked }: { value: Accent; label: string; swatch: string; checked: boolean; locked: boolean }) {
  return (
    <label
      className={clsx(
        "flex h-11 items-center gap-2 rounded-8 border px-3 text-13 font-medium has-focus-visible:outline-2 has-focus-visible:outline-accent",
        checked ? "border-accent bg-accent-soft" : "border-line-strong bg-raised",
        locked ? "text-muted" : "cursor-pointer hover:bg-sunken",
      )}
    >
      <input type="radio" name="accent" className="sr-only" checked={checked} disabled={locked} onChange={() => setAccent(value)} />
      <span className="size-4 shrink-0 rounded-full border" style={{ background: swatch }} aria-hidden="true" />
      <span className="min-w-0 grow truncate">{label}</span>
      {locked && <Lock size={13} aria-hidden="true" />}
      {checked && <Check size={15} className="text-accent-text" aria-hidden="true" />}
    </label>
  );
}

function Store() {
  const { shop, error } = useShop();
  return (
    <Part title="Plaza Plus and extras">
      {shop === null && error === null && <Skeleton rows={2} height={96} />}
      {shop === null && error !== null && <ErrorNote message={error} onRetry={() => void loadShop()} />}
      {shop?.plans.map((plan) => <Offer key={plan.key} plan={plan} shop={shop} />)}
    </Part>
  );
}

/** What a purchase is now, in a few words. */
function standing(purchase: Purchase): string {
  const until = purchase.expires_at === null ? "" : dayOf(purchase.expires_at);
  if (purchase.state === "pending") return "The store has not confirmed the payment yet.";
  if (purchase.state === "grace") return `The last payment failed. It goes on until ${until}; check how you pay.`;
  if (purchase.expires_at === null) return purchase.is_family_shared ? "Shared by your family." : "Yours for good.";
  if (!purchase.renews) return `It ends on ${until}. Nothing is charged any more.`;
  return purchase.is_trial ? `Free at first. The next payment is due on ${until}.` : `It runs, and is renewed on ${until}.`;
}

function Given({ children }: { children: ReactNode }) {
  return (
    <li className="flex items-start gap-2">
      <Check size={14} className="mt-0.5 shrink-0 text-accent-text" aria-hidden="true" />
      <span>{children}</span>
    </li>
  );
}

function Offer({ plan, shop }: { plan: ShopPlan; shop: Shop }) {
  const packs = useStickers().packs?.filter((pack) => plan.packs.includes(pack.key)) ?? [];
  const owned = shop.purchases.find((each) => each.plan === plan.key && ["pending", "active", "grace"].includes(each.state));
  return (
    <article aria-label={plan.name} className="grid gap-2 rounded-14 border bg-raised p-4">
      <div className="flex items-center gap-2">
        {packs.map((pack) => pack.stickers.slice(0, 1).map((cover) => <StickerPicture key={pack.key} pack={pack} sticker={cover} className="-my-2 size-12" />))}
        <h4 className="grow font-semibold">{plan.name}</h4>
        {owned && <Tag tone={owned.state === "active" ? "good" : "attention"}>{owned.state === "active" ? "Yours" : "Waiting"}</Tag>}
      </div>
      <ul className="grid gap-1 text-13 text-muted">
        {Object.entries(plan.entitlements).map(([name, value]) => (
          <Given key={name}>{GIVES[name]?.(value) ?? name}</Given>
        ))}
        {packs.map((pack) => (
          <Given key={pack.key}>{pack.stickers.length} stickers to send, for good</Given>
        ))}
      </ul>
      {owned ? <Owned plan={plan} purchase={owned} /> : <Buy plan={plan} shop={shop} />}
    </article>
  );
}

/** Runs something, and says what went wrong. */
function useTask(): { busy: boolean; failed: string | null; run: (task: () => Promise<void>) => void } {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const run = (task: () => Promise<void>): void => {
    setBusy(true);
    setFailed(null);
    task()
      .catch((error: unknown) => setFailed(error instanceof Error ? error.message : "That did not work."))
      .finally(() => setBusy(false));
  };
  return { busy, failed, run };
}

function Failure({ failed }: { failed: string | null }) {
  if (failed === null) return null;
  return (
    <p role="alert" className="text-13 text-bad">
      {failed}
    </p>
  );
}

function Owned({ plan, purchase }: { plan: ShopPlan; purchase: Purchase }) {
  const { busy, failed, run } = useTask();
  return (
    <>
      <p role="status" className="text-13">
        {standing(purchase)}
      </p>
      {purchase.manage_url !== null && (
        <a href={purchase.manage_url} target="_blank" rel="noopener noreferrer" className={buttonLook("quiet", true)}>
          Change it in the app store
        </a>
      )}
      {purchase.manage_url === null && purchase.term !== "once" && (
        <Button small className="justify-self-start" disabled={busy} aria-label={`${purchase.renews ? "Cancel" : "Keep"} ${plan.name}`} onClick={() => run(() => setRenewal(purchase.purchase_id, !purchase.renews))}>
          {purchase.renews ? "Cancel" : "Keep it"}
        </Button>
      )}
      <Failure failed={failed} />
    </>
  );
}

const PER: Record<ShopTerm, string> = { month: " a month", year: " a year", once: " once" };

function Buy({ plan, shop }: { plan: ShopPlan; shop: Shop }) {
  const { busy, failed, run } = useTask();
  const [chosen, setTerm] = useState<ShopTerm | null>(null);
  const prices = plan.prices.filter((price) => price.currency === shop.currency);
  const price = prices.find((each) => each.term === chosen) ?? prices[0];
  if (price === undefined) return <p className="text-13 text-muted">It is not sold where you are.</p>;
  const trial = shop.had_trial ? 0 : plan.trial_days;
  const amount = money(price.amount_micros, price.currency);
  return (
    <>
      {prices.length > 1 && (
        <div>
          <Segments label={`How ${plan.name} is paid`} value={price.term} options={prices.map((each) => ({ value: each.term, label: each.term === "year" ? "By the year" : "By the month" }))} onChange={setTerm} />
        </div>
      )}
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="text-13">
          <span className="font-semibold tabular">{amount}</span>
          {PER[price.term]}
          {trial > 0 && `, after ${trial} days free`}
        </p>
        {shop.stores.includes("sandbox") ? (
          <Button kind="solid" small disabled={busy} aria-label={`${trial > 0 ? "Try" : "Buy"} ${plan.name}`} onClick={() => run(() => buy(plan.key, price.term))}>
            {trial > 0 ? "Try it" : "Buy"}
          </Button>
        ) : (
          <span className="text-13 text-muted">Buy it in the app on your phone.</span>
        )}
      </div>
      <Failure failed={failed} />
    </>
  );
}
