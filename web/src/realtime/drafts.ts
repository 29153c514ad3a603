/** What somebody has begun to write, kept on this device for them alone until it is sent or they sign out. */

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

/** What stands in one field: it is kept as it is written, and once sent it goes when it is safe elsewhere, not before. */
export class Draft {
  private words: string;
  private underWay = 0;

  constructor(
    private readonly userId: string,
    private readonly conversationId: string,
  ) {
    this.words = draftOf(userId, conversationId);
  }

  keep(words: string): void {
    this.words = words;
    if (words.trim() || this.underWay === 0) keepDraft(this.userId, this.conversationId, words);
  }

  /** It was sent: `safe` is kept when it can go from here. */
  handOver(safe: Promise<unknown>): void {
    this.underWay += 1;
    void safe.then(
      () => {
        this.underWay -= 1;
        if (!this.words.trim()) this.keep("");
      },
      // Never safe: it stays, also once its field is empty.
      () => undefined,
    );
  }
}

/** Remove everybody's: at sign-out. */
export function forgetDrafts(): void {
  hasLeft = true;
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
}
