import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  ConversationStore,
  type CrisisHelp,
  type HistoryQuery,
  type Joined,
  type Server,
} from "./conversation_store";
import { helpElsewhere } from "./help_elsewhere";
import { item } from "./message_sample";
import type { History, Item } from "./timeline";

/** Numbers that look random and are the same each time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A conversation as the server keeps it, told over a wire that loses, repeats and delays. */
class Conversation implements Server {
  readonly messages: Item[] = [];
  revision = 0;
  connected = true;
  hear: (told: Item) => void = () => undefined;
  private onWire: Item[] = [];

  constructor(private readonly random: () => number) {}

  send(): void {
    this.tell(this.keep(item(this.messages.length + 1)));
  }

  change(): void {
    const index = Math.floor(this.random() * this.messages.length);
    const message = this.messages[index];
    if (!message || message.deletedAt) return;
    this.revision += 1;
    const { revision } = this;
    const next =
      this.random() < 0.3
        ? { ...message, revision, body: null, deletedAt: "2026-01-01T00:02:00Z" }
        : { ...message, revision, version: message.version + 1, body: `edited ${revision}` };
    this.messages[index] = next;
    this.tell(next);
  }

  /** Deliver some of what is on the wire, in any order, some twice. */
  deliver(all = false): void {
    while (this.onWire.length && (all || this.random() < 0.7)) {
      const [told] = this.onWire.splice(Math.floor(this.random() * Math.min(this.onWire.length, 3)), 1);
      if (told && this.connected) this.hear(told);
      if (told && this.random() < 0.15) this.onWire.push(told);
    }
  }

  async read(_: string, query: HistoryQuery): Promise<History> {
    const found = this.part(query).map((message) => ({ ...message, analysis: null }));
    const answer = { items: found, lastSeq: this.messages.length, lastRevision: this.revision };
    const last = found.at(-1);
    const ends = !last || ("afterRevision" in query && last.revision === this.revision);
    await this.travel();
    return { ...answer, nextCursor: ends ? null : "more" };
  }

  async join(_: string, place: { afterSeq: number; afterRevision: number }): Promise<Joined | null> {
    await this.travel();
    if (!this.connected) return null;
    for (const message of this.messages.slice(place.afterSeq)) this.hear(message);
    const changes = this.messages.filter(
      ({ seq, revision }) => seq <= place.afterSeq && (revision ?? 0) > place.afterRevision,
    );
    for (const change of changes.sort((one, two) => (one.revision ?? 0) - (two.revision ?? 0)))
      this.hear(change);
    return { recovered: true, lastSeq: this.messages.length, lastRevision: this.revision };
  }

  private part({ afterSeq, beforeSeq, afterRevision, limit }: HistoryQuery): Item[] {
    if (afterSeq !== undefined) return this.messages.slice(afterSeq, afterSeq + limit);
    if (afterRevision !== undefined)
      return this.messages
        .filter(({ revision }) => (revision ?? 0) > afterRevision)
        .sort((one, two) => (one.revision ?? 0) - (two.revision ?? 0))
        .slice(0, limit);
    const end = beforeSeq === undefined ? this.messages.length : beforeSeq - 1;
    return this.messages.slice(Math.max(0, end - limit), end);
  }

  private keep(message: Item): Item {
    this.messages.push(message);
    return message;
  }

  private tell(message: Item): void {
    if (this.random() < 0.8) this.onWire.push(message);
  }

  private async travel(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.random() * 500));
    if (this.random() < 0.1) throw new Error("lost on the way");
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it.each(Array.from({ length: 20 }, (_, seed) => seed))(
  "ends where the server is, whatever happens (%i)",
  async (seed) => {
    const random = numbers(seed + 1);
    const conversation = new Conversation(random);
    for (let count = 0; count < random() * 150; count += 1) conversation.send();
    const store = new ConversationStore("c", conversation);
    conversation.hear = (told) => store.hear(told);
    void store.open();
    for (let step = 0; step < 120; step += 1) {
      const chance = random();
      if (chance < 0.35) conversation.send();
      else if (chance < 0.6) conversation.change();
      else if (chance < 0.8) conversation.deliver();
      else if (chance < 0.85) conversation.connected = !conversation.connected;
      else if (chance < 0.9) void store.follow();
      else if (chance < 0.93) void store.loadOlder().catch(() => undefined);
      await vi.advanceTimersByTimeAsync(random() * 400);
    }
    conversation.connected = true;
    conversation.deliver(true);
    for (let tries = 0; tries < 30; tries += 1) {
      void store.follow();
      await vi.advanceTimersByTimeAsync(4_000);
    }
    const { stage, timeline } = store.snapshot();
    const held = timeline.messages.map(({ analysis: _, ...message }) => message);
    expect(stage).toBe("open");
    expect(held).toEqual(conversation.messages.slice((held[0]?.seq ?? 1) - 1));
    expect(timeline.revision).toBe(conversation.revision);
    store.stop();
  },
);

it("loads back to a message that a search found", async () => {
  const conversation = new Conversation(() => 0.5);
  for (let count = 0; count < 900; count += 1) conversation.send();
  const store = new ConversationStore("c", conversation);
  void store.open();
  await vi.advanceTimersByTimeAsync(5_000);
  void store.loadOlder(300);
  await vi.advanceTimersByTimeAsync(5_000);
  const first = store.snapshot().timeline.messages[0]?.seq ?? 0;
  expect([first <= 300, first > 1]).toEqual([true, true]);
  store.stop();
});

it("shows help in the conversation where that is before somebody, and elsewhere where it is not", () => {
  const store = new ConversationStore("c", new Conversation(numbers(1)));
  const help = { resources: [] } satisfies CrisisHelp;
  const leave = store.subscribe(() => undefined);
  store.offerHelp(help);
  expect([store.snapshot().help, helpElsewhere.get()]).toEqual([help, null]);
  leave();
  store.offerHelp(help);
  expect([store.snapshot().help, helpElsewhere.get()]).toEqual([help, help]);
  helpElsewhere.set(null);
  store.stop();
  store.offerHelp(help);
  expect(helpElsewhere.get()).toBeNull();
});
