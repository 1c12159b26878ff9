/** What somebody has begun to write, kept per conversation on this device until it is sent. */
const PREFIX = "plaza.draft.";

export function readDraft(conversationId: string): string {
  return localStorage.getItem(PREFIX + conversationId) ?? "";
}

export function keepDraft(conversationId: string, text: string): void {
  if (text === "") localStorage.removeItem(PREFIX + conversationId);
  else localStorage.setItem(PREFIX + conversationId, text);
}
