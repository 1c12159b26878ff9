/** The windows of the messenger that its conversations can open. */
import { createContext, useContext } from "react";

export const OpenSettings = createContext<() => void>(() => undefined);

export function useOpenSettings(): () => void {
  return useContext(OpenSettings);
}
