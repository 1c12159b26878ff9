/** What there is to buy, in the mock: what is bought stays until the page is loaded anew. */
import type { Purchase, Shop, ShopPlan, ShopTerm } from "./shop";
import { CoreError } from "./types";

const DAY = 86_400;
const EURO = 1_000_000;
const price = (term: ShopTerm, euros: number): ShopPlan["prices"][number] => ({ term, currency: "EUR", amount_micros: euros * EURO });
const PLANS: ShopPlan[] = [
  {
    key: "plus", name: "Plaza Plus", summary: "Accent colours, more pinned conversations and all sticker packs. Privacy and safety are the same for everybody.", trial_days: 7,
    prices: [price("month", 2), price("year", 18.5)], entitlements: { accent_themes: true, pinned_conversations: 20, sticker_packs: true }, packs: [],
  },
  { key: "themes", name: "Accent colours", summary: "The accent colours, bought once.", trial_days: 0, prices: [price("once", 3.5)], entitlements: { accent_themes: true }, packs: [] },
  { key: "market-day", name: "Stickers: Market day", summary: "The sticker pack Market day, bought once.", trial_days: 0, prices: [price("once", 2)], entitlements: {}, packs: ["market-day"] },
];
let purchases: Purchase[] = [];

function overview(): Shop {
  const entitlements: Shop["entitlements"] = { pinned_conversations: 3 };
  for (const each of purchases) Object.assign(entitlements, PLANS.find((plan) => plan.key === each.plan)?.entitlements);
  return { currency: "EUR", plans: PLANS, purchases, entitlements, had_trial: purchases.length > 0, stores: ["sandbox"], changes_in_s: null };
}

export function ownedPlans(): string[] {
  return purchases.map((each) => each.plan);
}

export function answerShop(path: string, body: string | null): unknown {
  const given = JSON.parse(body ?? "{}") as { plan?: string; term?: ShopTerm; renews?: boolean };
  const now = Math.floor(Date.now() / 1000);
  if (path === "/orders" && given.plan !== undefined && given.term !== undefined) {
    if (purchases.some((each) => each.plan === given.plan)) throw new CoreError("you have this already", "conflict");
    const isOnce = given.term === "once";
    const bought: Purchase = {
      purchase_id: `pur_${purchases.length + 1}`, store: "sandbox", plan: given.plan, term: given.term, state: "active", expires_at: isOnce ? null : now + 37 * DAY, renews: !isOnce,
      is_trial: !isOnce, is_family_shared: false, manage_url: null,
    };
    purchases = [bought, ...purchases];
    return bought;
  }
  if (path.endsWith("/renewal")) purchases = purchases.map((each) => (path.includes(each.purchase_id) ? { ...each, renews: given.renews ?? false } : each));
  return overview();
}
