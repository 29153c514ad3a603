/** The messages that wait, in this browser's own database, so that neither a reload nor a killed tab loses one. */
import { clear, createStore, del, entries, promisifyRequest, set, type UseStore } from "idb-keyval";
import type { Storage, Unsent } from "./outbox";

const DATABASE = "bloom-outbox";

let opened: UseStore | null = null;
/** Where the browser has no database for us (some private windows), they wait as long as the page is open. */
const beside = new Map<string, Unsent>();

function store(): UseStore {
  opened ??= createStore(DATABASE, "messages");
  return opened;
}

export const outboxStorage: Storage = {
  async all() {
    const kept = await entries<string, Unsent>(store()).catch(() => []);
    return [...new Map([...kept, ...beside]).values()];
  },
  async add(message) {
    beside.set(message.clientId, message);
    await set(message.clientId, message, store());
    beside.delete(message.clientId);
  },
  async change(message) {
    if (beside.has(message.clientId)) beside.set(message.clientId, message);
    await store()("readwrite", async (messages) => {
      if (await promisifyRequest(messages.get(message.clientId))) messages.put(message, message.clientId);
      return promisifyRequest(messages.transaction);
    }).catch(() => undefined);
  },
  async remove(clientId) {
    beside.delete(clientId);
    await del(clientId, store()).catch(() => undefined);
  },
};

/** Remove everybody's: at sign-out. */
export async function emptyOutbox(): Promise<void> {
  beside.clear();
  await clear(store()).catch(() => undefined);
}

/** How many of a person's messages wait, on the word of the storage alone. */
export async function countUnsent(userId: string): Promise<number> {
  const waiting = await outboxStorage.all().catch(() => []);
  return waiting.filter((message) => message.userId === userId).length;
}
