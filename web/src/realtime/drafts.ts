/** What somebody has begun to write, kept on this device for them alone until it is sent or they sign out. */
import { onLeaving } from "@/session/session";

const PREFIX = "bloom.draft.";

const keyOf = (userId: string, conversationId: string) => `${PREFIX}${userId}.${conversationId}`;

/** Somebody has signed out: the page that closes then keeps nothing any more, until a draft is opened again. */
let hasLeft = false;

export function draftOf(userId: string, conversationId: string): string {
  hasLeft = false;
  try {
    return localStorage.getItem(keyOf(userId, conversationId)) ?? "";
  } catch {
    return "";
  }
}

export function keepDraft(userId: string, conversationId: string, words: string): void {
  if (hasLeft) return;
  try {
    if (words.trim()) localStorage.setItem(keyOf(userId, conversationId), words);
    else localStorage.removeItem(keyOf(userId, conversationId));
  } catch {
    // A full or forbidden storage keeps nobody from writing.
  }
}

onLeaving(() => {
  hasLeft = true;
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
});
