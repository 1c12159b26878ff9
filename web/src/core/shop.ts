/**
 * # What a person has bought, and what there is
 *
 * The server says what somebody is entitled to; it is asked when the messenger opens, after each purchase, when the page is
 * looked at again, and when the server says that something changed, on this device or another. The last answer is kept in this browser, so that what was bought is there without a network.
 */
import { useEffect, useSyncExternalStore } from "react";
import { setAccent } from "@/lib/accent";
import { core } from "./core";
import { refreshStickers } from "./stickers";

export type ShopTerm = "month" | "year" | "once";
export type ShopPlan = {
  key: string;
  name: string;
  summary: string;
  trial_days: number;
  prices: { term: ShopTerm; currency: string; amount_micros: number }[];
  entitlements: Record<string, number | true>;
  /** Packs of stickers that it gives one by one. */
  packs: string[];
};
export type PurchaseState = "pending" | "active" | "grace" | "expired" | "revoked" | "replaced";
export type Purchase = {
  purchase_id: string;
  store: string;
  plan: string;
  term: ShopTerm;
  state: PurchaseState;
  expires_at: number | null;
  renews: boolean;
  is_trial: boolean;
  is_family_shared: boolean;
  manage_url: string | null;
};
export type Shop = { currency: string; plans: ShopPlan[]; purchases: Purchase[]; entitlements: Record<string, number | true>; had_trial: boolean; stores: string[]; /** When something of it ends by itself. */ changes_in_s: number | null };
type State = { shop: Shop | null; error: string | null };

const KEY = "plaza.entitlements";
/** What everybody has, before the server has said anything. */
const PINNED_FREE = 3;

const listeners = new Set<() => void>();
let state: State = { shop: null, error: null };

function set(next: State): void {
  state = next;
  for (const listener of listeners) listener();
}

/** Timers cannot wait longer; the page is looked at again before that. */
const WAIT_S_MAX = 24 * 3600;
let next: ReturnType<typeof setTimeout> | undefined;

/** What ends at a certain time is not told by the server: it is asked then. */
function askAgain(after: number | null): void {
  clearTimeout(next);
  if (after !== null && after <= WAIT_S_MAX) next = setTimeout(() => void loadShop(), after * 1000);
}

function keptText(): string {
  return localStorage.getItem(KEY) ?? "";
}

function entitlements(): Record<string, number | true> {
  if (state.shop) return state.shop.entitlements;
  try {
    return JSON.parse(keptText() || "{}") as Record<string, number | true>;
  } catch {
    return {};
  }
}

/** Asks the server what there is. */
export async function loadShop(): Promise<void> {
  try {
    const [answer] = await Promise.all([core.call("store", "", null), refreshStickers()]);
    const shop = answer as Shop;
    localStorage.setItem(KEY, JSON.stringify(shop.entitlements));
    // What is no longer theirs goes back to what is everybody's.
    if (shop.entitlements["accent_themes"] === undefined) setAccent("terracotta");
    set({ shop, error: null });
    askAgain(shop.changes_in_s);
  } catch (error) {
    set({ shop: state.shop, error: error instanceof Error ? error.message : "The store cannot be reached." });
  }
}

/** Buys in the server's own store. */
export async function buy(plan: string, term: ShopTerm): Promise<void> {
  await core.call("store", "/orders", JSON.stringify({ plan, term }));
  await loadShop();
}

/** Stops a renewal, or takes that back. */
export async function setRenewal(purchaseId: string, renews: boolean): Promise<void> {
  await core.call("store", `/purchases/${purchaseId}/renewal`, JSON.stringify({ renews }));
  await loadShop();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useShop(): State {
  return useSyncExternalStore(subscribe, () => state);
}

/** Keeps what somebody is entitled to up to date while they are signed in and look at the page. */
export function useKeptShop(): void {
  useEffect(() => {
    const look = (): void => {
      if (document.visibilityState === "visible") void loadShop();
    };
    look();
    document.addEventListener("visibilitychange", look);
    const stop = core.onEntitlements(look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      stop();
    };
  }, []);
}

/** Whether somebody has something of the store. */
export function useEntitled(what: "accent_themes"): boolean {
  return useSyncExternalStore(subscribe, () => entitlements()[what] === true);
}

/** How many conversations somebody can pin. */
export function usePinsMax(): number {
  return useSyncExternalStore(subscribe, () => Number(entitlements()["pinned_conversations"] ?? PINNED_FREE));
}
