/**
 * # Accent colours
 *
 * Which colour buttons, links and one's own bubbles have. The choice is kept in this browser and set on the root element,
 * where the tokens of `styles.css` look for it. Who may choose one is the store's to say ([`core/shop`]).
 */
import { useSyncExternalStore } from "react";

export const ACCENTS = [
  { value: "terracotta", label: "Terracotta", swatch: "#c0502a" },
  { value: "sea", label: "Sea", swatch: "#1f6f8b" },
  { value: "forest", label: "Forest", swatch: "#3f7039" },
  { value: "plum", label: "Plum", swatch: "#83468f" },
] as const;

export type Accent = (typeof ACCENTS)[number]["value"];

/** Everybody's. */
const FREE: Accent = "terracotta";
const KEY = "plaza.accent";
const listeners = new Set<() => void>();

function stored(): Accent {
  const value = localStorage.getItem(KEY);
  return ACCENTS.find((each) => each.value === value)?.value ?? FREE;
}

function apply(accent: Accent): void {
  if (accent === FREE) delete document.documentElement.dataset["accent"];
  else document.documentElement.dataset["accent"] = accent;
}

/** Puts the kept choice in force; called once before the first paint. */
export function startAccent(): void {
  apply(stored());
}

/** Keeps a choice and puts it in force. */
export function setAccent(accent: Accent): void {
  if (accent === FREE) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, accent);
  apply(accent);
  for (const listener of listeners) listener();
}

export function isFree(accent: Accent): boolean {
  return accent === FREE;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useAccent(): Accent {
  return useSyncExternalStore(subscribe, stored);
}
