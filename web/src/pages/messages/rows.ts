/** What stands in a conversation's list, row by row: looked at one by one, so that thousands cost nothing. */
import { dayOf } from "@/i18n/times";
import type { Unsent } from "@/realtime/outbox";
import type { Item } from "@/realtime/timeline";

/** What was unread when a conversation was opened: after the one number, up to the other. */
export interface Unread {
  after: number;
  upTo: number;
}

/** The last of one's own messages that the other has read, that reached them, and that the server has. */
export interface Receipts {
  read: number;
  delivered: number;
  sent: number;
}

export const NO_RECEIPTS: Receipts = { read: 0, delivered: 0, sent: 0 };

export interface Reached {
  /** How far the other has read, as far as they let know. */
  readTo: number;
  online: boolean;
  lastSeenAt: string | null;
}

/** Which messages carry a word on how far they came; what has been said before holds on. */
export function receiptsOf(
  messages: readonly Item[],
  me: string,
  other: Reached,
  before: Receipts,
): Receipts {
  let { read, delivered, sent } = before;
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index] as Item;
    if (message.seq <= read) break;
    if (message.senderId !== me || message.deletedAt) continue;
    sent = Math.max(sent, message.seq);
    const isThere = other.online || (other.lastSeenAt !== null && other.lastSeenAt >= message.sentAt);
    if (isThere) delivered = Math.max(delivered, message.seq);
    if (message.seq <= other.readTo) {
      read = message.seq;
      break;
    }
  }
  return { read, delivered: Math.max(delivered, read), sent };
}

export type Receipt = "read" | "delivered" | "sent" | null;

export function receiptOf(seq: number, { read, delivered, sent }: Receipts): Receipt {
  if (seq === read) return "read";
  if (seq === delivered) return "delivered";
  return seq === sent ? "sent" : null;
}

const days = new Map<string, string>();

/** The day of a message in this device's zone; remembered, as each row asks for its own and the one above. */
function dayOfMessage({ id, sentAt }: Item): string {
  let day = days.get(id);
  if (!day) {
    day = dayOf(sentAt);
    days.set(id, day);
  }
  return day;
}

/** Whether a day begins with this row. */
export function beginsDay(messages: readonly Item[], index: number): boolean {
  const [above, here] = [messages[index - 1], messages[index]];
  return Boolean(here) && (!above || dayOfMessage(above) !== dayOfMessage(here as Item));
}

/** Whether what waits begins a day: the last message there is was of another one. */
export function beginsToday(messages: readonly Item[], unsent: Unsent): boolean {
  const last = messages.at(-1);
  return !last || dayOfMessage(last) !== dayOf(new Date(unsent.writtenAt));
}

/** Whether a message follows closely on another by the same person, so that who it is from need not be said again. */
export function continues(messages: readonly Item[], index: number): boolean {
  const [above, here] = [messages[index - 1], messages[index]];
  if (!above || !here || above.senderId !== here.senderId || beginsDay(messages, index)) return false;
  return Date.parse(here.sentAt) - Date.parse(above.sentAt) < 5 * 60_000;
}

/** Whether this is the first message that was unread. */
export function isFirstUnread(
  messages: readonly Item[],
  index: number,
  me: string,
  unread: Unread | null,
): boolean {
  const here = messages[index];
  const isUnread = (item: Item | undefined) =>
    unread !== null && item !== undefined && item.seq > unread.after && item.seq <= unread.upTo;
  if (!isUnread(here) || here?.senderId === me) return false;
  for (let above = index - 1; isUnread(messages[above]); above -= 1)
    if (messages[above]?.senderId !== me) return false;
  return true;
}
