/**
 * # Light and dark
 *
 * The system decides until the person does; their choice is kept in this browser and set on the root element, where
 * the tokens of `styles.css` look for it.
 */
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const KEY = "plaza.theme";
const listeners = new Set<() => void>();
const darkScheme = matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
}

function apply(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** Puts the kept choice in force; called once before the first paint. */
export function startTheme(): void {
  apply(stored());
}

/** Keeps a choice and puts it in force. */
export function setTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
  apply(theme);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  darkScheme.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    darkScheme.removeEventListener("change", listener);
  };
}

/** The choice, and what is in force. */
export function useTheme(): { choice: Theme; dark: boolean } {
  const choice = useSyncExternalStore(subscribe, stored);
  const system = useSyncExternalStore(subscribe, () => darkScheme.matches);
  return { choice, dark: choice === "system" ? system : choice === "dark" };
}
