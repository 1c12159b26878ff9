/**
 * # What a person has bought, and what there is
 *
 * The server says what somebody is entitled to; it is asked when the messenger opens, after each purchase, and when the
 * page is looked at again. The last answer is kept in this browser, so that what was bought is there without a network.
 */
import { useEffect, useSyncExternalStore } from "react";
import { setAccent } from "@/lib/accent";
import { core } from "./core";

export type ShopTerm = "month" | "year" | "once";
export type ShopPlan = {
  key: string;
  name: string;
  summary: string;
  trial_days: number;
  prices: { term: ShopTerm; currency: string; amount_micros: number }[];
  entitlements: Record<string, number | true>;
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
export type Shop = { currency: string; plans: ShopPlan[]; purchases: Purchase[]; entitlements: Record<string, number | true>; had_trial: boolean; stores: string[] };
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
    const shop = (await core.call("store", "", null)) as Shop;
    localStorage.setItem(KEY, JSON.stringify(shop.entitlements));
    // What is no longer theirs goes back to what is everybody's.
    if (shop.entitlements["accent_themes"] === undefined) setAccent("terracotta");
    set({ shop, error: null });
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
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
}

/** Whether somebody has something of the store. */
export function useEntitled(what: "accent_themes" | "sticker_packs"): boolean {
  return useSyncExternalStore(subscribe, () => entitlements()[what] === true);
}

/** How many conversations somebody can pin. */
export function usePinsMax(): number {
  return useSyncExternalStore(subscribe, () => Number(entitlements()["pinned_conversations"] ?? PINNED_FREE));
}
