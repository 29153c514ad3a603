import { expect, it } from "vitest";
import { item } from "@/realtime/message_sample";
import { beginsDay, continues, isFirstUnread, NO_RECEIPTS, receiptOf, receiptsOf } from "./rows";

const mine = (seq: number, minute: number) =>
  item(seq, { senderId: "me", sentAt: `2026-01-01T00:${String(minute).padStart(2, "0")}:00Z` });

const away = { readTo: 0, online: false, lastSeenAt: null };

it("says of the last of one's own messages how far each came", () => {
  const messages = [mine(1, 1), mine(2, 2), item(3), mine(4, 4), mine(5, 5)];
  const receipts = receiptsOf(
    messages,
    "me",
    { readTo: 3, online: false, lastSeenAt: "2026-01-01T00:04:30Z" },
    NO_RECEIPTS,
  );
  expect(receipts).toEqual({ read: 2, delivered: 4, sent: 5 });
  expect([1, 2, 4, 5].map((seq) => receiptOf(seq, receipts))).toEqual([null, "read", "delivered", "sent"]);
});

it("claims nothing of somebody of whom nothing is known, and takes nothing back", () => {
  const messages = [mine(1, 1), mine(2, 2)];
  expect(receiptsOf(messages, "me", away, NO_RECEIPTS)).toEqual({ read: 0, delivered: 0, sent: 2 });
  const seen = receiptsOf(messages, "me", { ...away, online: true }, NO_RECEIPTS);
  expect(receiptsOf(messages, "me", away, seen)).toEqual({ read: 0, delivered: 2, sent: 2 });
});

it("begins a day where the one above is of another, and a group where somebody else or later writes", () => {
  const messages = [
    mine(1, 1),
    mine(2, 2),
    item(3, { sentAt: "2026-01-01T00:03:00Z" }),
    item(4, { sentAt: "2026-01-03T12:00:00Z" }),
  ];
  expect(messages.map((_, index) => beginsDay(messages, index))).toEqual([true, false, false, true]);
  expect(messages.map((_, index) => continues(messages, index))).toEqual([false, true, false, false]);
});

it("marks the first message that was unread when the page was opened, and none that came since", () => {
  const messages = [item(1), mine(2, 1), item(3), item(4), item(5)];
  const marked = (after: number, upTo: number) =>
    messages
      .filter((_, index) => isFirstUnread(messages, index, "me", { after, upTo }))
      .map(({ seq }) => seq);
  expect([marked(1, 4), marked(0, 4), marked(4, 0), marked(5, 5)]).toEqual([[3], [1], [], []]);
});
