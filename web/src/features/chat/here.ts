/** The conversation that is open, for whatever stands in it: its messages need its name, number and id. */
import { createContext, useContext } from "react";
import type { ConversationView } from "@/core/types";

export const Here = createContext<ConversationView | null>(null);

/** The open conversation; only below [`Here`]. */
export function useHere(): ConversationView {
  const conversation = useContext(Here);
  if (!conversation) throw new Error("useHere stands outside a conversation");
  return conversation;
}
