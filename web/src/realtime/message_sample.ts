/** A message for the tests beside this file. */
import type { Item } from "./timeline";

export function item(seq: number, more: Partial<Item> = {}): Item {
  return {
    id: `m${seq}`,
    conversationId: "c",
    seq,
    senderId: "her",
    clientId: null,
    body: `message ${seq}`,
    version: 1,
    revision: null,
    sentAt: "2026-01-01T00:00:00Z",
    editedAt: null,
    deletedAt: null,
    attachments: [],
    ...more,
  };
}
