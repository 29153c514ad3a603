import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem, unreachable } from "@/api/problem";
import { item } from "./message_sample";
import { Outbox, type Ports, pause, type Unsent, verdict, WAITED_LONG } from "./outbox";
import { emptyOutbox, outboxStorage } from "./outbox_storage";

/** The server: what it keeps, once for each `clientId`. */
class Kept {
  readonly bodies = new Map<string, string>();
  answer: (message: Unsent) => Promise<void> = async () => undefined;
  posts = 0;

  async post(message: Unsent) {
    this.posts += 1;
    await this.answer(message);
    if (!this.bodies.has(message.clientId)) this.bodies.set(message.clientId, message.body);
    return { message: item(this.bodies.size, { clientId: message.clientId }), analysis: null };
  }
}

let server: Kept;
let locked = Promise.resolve();

function open(userId = "me", more: Partial<Ports<unknown>> = {}): Outbox {
  return new Outbox(userId, {
    storage: outboxStorage,
    post: (message) => server.post(message),
    alone: (step) => {
      locked = locked.then(step, step);
      return locked;
    },
    onSent: () => undefined,
    onChange: () => undefined,
    now: () => Date.now(),
    random: () => 0.5,
    ...more,
  });
}

const written = (clientId: string, conversationId = "c", body = clientId) => ({
  clientId,
  conversationId,
  body,
  attachments: [],
});

/** Past every pause there is. */
const later = () => vi.advanceTimersByTimeAsync(120_000);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  server = new Kept();
  locked = Promise.resolve();
});
afterEach(async () => {
  vi.useRealTimers();
  await emptyOutbox();
});

describe("an outbox", () => {
  it("sends in order, and holds nothing afterwards", async () => {
    const outbox = open();
    await Promise.all(["one", "two", "three"].map((name) => outbox.add(written(name))));
    await vi.waitFor(() => expect(outbox.waiting).toEqual([]));
    expect([...server.bodies.values()]).toEqual(["one", "two", "three"]);
    expect(await outboxStorage.all()).toEqual([]);
  });

  it("keeps what cannot be sent for the next page that is opened, which sends it once and in order", async () => {
    server.answer = () => Promise.reject(unreachable());
    const killed = open();
    for (const name of ["one", "two"]) await killed.add(written(name));
    await killed.settled();
    killed.stop();
    expect(killed.held.has("c")).toBe(true);
    server.answer = async () => undefined;
    const next = open();
    next.wake();
    await vi.waitFor(() => expect(next.waiting).toEqual([]));
    await vi.waitFor(async () => expect(await outboxStorage.all()).toEqual([]));
    expect([...server.bodies.values()]).toEqual(["one", "two"]);
  });

  it("keeps the words of what was refused, lets the others pass, and sends it again on its author's word", async () => {
    server.answer = ({ body }) =>
      body === "bad" ? Promise.reject(new Problem("repeat-differs", 409)) : Promise.resolve();
    const outbox = open();
    for (const name of ["bad", "good"]) await outbox.add(written(name));
    await vi.waitFor(() => expect([...server.bodies.keys()]).toEqual(["good"]));
    await vi.waitFor(() =>
      expect(outbox.waiting).toMatchObject([{ body: "bad", refused: "repeat-differs" }]),
    );
    server.answer = async () => undefined;
    await outbox.retry("bad");
    await vi.waitFor(() => expect(outbox.waiting).toEqual([]));
    expect([...server.bodies.keys()]).toEqual(["good", "bad"]);
  });

  it("waits for one conversation without holding up another, and tries again by itself", async () => {
    let away = true;
    server.answer = ({ conversationId }) =>
      away && conversationId === "c"
        ? Promise.reject(new Problem("unavailable", 503, [], 5))
        : Promise.resolve();
    const outbox = open();
    await outbox.add(written("one"));
    await outbox.add(written("other", "d"));
    await vi.waitFor(() => expect([...server.bodies.keys()]).toEqual(["other"]));
    away = false;
    await later();
    await vi.waitFor(() => expect([...server.bodies.keys()]).toEqual(["other", "one"]));
  });

  it("lets the next go once a message was told live, and keeps it until its answer came", async () => {
    let answer: () => void = () => undefined;
    server.answer = ({ clientId }) =>
      clientId === "one" ? new Promise((resolve) => (answer = resolve)) : Promise.resolve();
    const outbox = open();
    for (const name of ["one", "two"]) await outbox.add(written(name));
    await vi.waitFor(() => expect(server.posts).toBe(1));
    outbox.confirm("one");
    await vi.waitFor(() => expect([...server.bodies.keys()]).toEqual(["two"]));
    expect((await outboxStorage.all()).map(({ clientId }) => clientId)).toEqual(["one"]);
    answer();
    await vi.waitFor(async () => expect(await outboxStorage.all()).toEqual([]));
    expect(server.posts).toBe(2);
  });

  it("says when a message that could not be kept is away", async () => {
    const add = () => Promise.reject(new Error("no room"));
    const all = async () => outbox.waiting.slice();
    server.answer = () => Promise.reject(unreachable());
    const outbox: Outbox = open("me", { storage: { ...outboxStorage, add, all } });
    const kept = outbox.add(written("one"));
    let isAway = false;
    const away = kept.catch(() => outbox.away("one")).then(() => (isAway = true));
    await outbox.settled();
    expect(isAway).toBe(false);
    await outbox.discard("one");
    await away;
    await outbox.away("one");
  });

  it("asks before it sends what has waited for more than a day", async () => {
    server.answer = () => Promise.reject(unreachable());
    const killed = open();
    await killed.add(written("old"));
    await killed.settled();
    killed.stop();
    vi.setSystemTime(Date.now() + 25 * 3_600_000);
    server.answer = async () => undefined;
    const outbox = open();
    outbox.wake();
    await vi.waitFor(() => expect(outbox.waiting).toMatchObject([{ refused: WAITED_LONG }]));
    await outbox.retry("old");
    await vi.waitFor(() => expect([...server.bodies.keys()]).toEqual(["old"]));
  });

  it("shows and sends nobody else's, and leaves nothing once the device was emptied", async () => {
    server.answer = () => Promise.reject(new Problem("not-signed-in", 401));
    const mine = open("me");
    await mine.add(written("mine"));
    await mine.settled();
    server.answer = async () => undefined;
    const other = open("her");
    other.wake();
    await other.settled();
    expect([other.waiting, server.bodies.size]).toEqual([[], 0]);
    await emptyOutbox();
    await mine.retry("mine");
    await mine.settled();
    expect([await outboxStorage.all(), server.bodies.size]).toEqual([[], 0]);
    mine.stop();
  });

  it.each(Array.from({ length: 6 }, (_, seed) => seed))(
    "loses nothing, doubles nothing and keeps the order with tabs that die and a network that comes and goes (%i)",
    async (seed) => {
      let state = seed + 7;
      const random = () => {
        state = (state * 1_664_525 + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
      };
      const kept: string[] = [];
      server.answer = async (message) => {
        if (random() < 0.3) throw unreachable();
        if (!kept.includes(message.clientId)) kept.push(message.clientId);
        if (random() < 0.2) throw unreachable(); // kept, but the answer was lost
      };
      const expected: Record<string, string[]> = { c: [], d: [] };
      let tabs = [open(), open()];
      for (let count = 0; count < 30; count += 1) {
        const [name, conversation] = [`m${count}`, random() < 0.5 ? "c" : "d"];
        expected[conversation]?.push(name);
        await tabs[Math.floor(random() * 2)]?.add(written(name, conversation));
        if (random() < 0.2) {
          for (const tab of tabs) tab.stop();
          tabs = [open(), open()];
        }
        await vi.advanceTimersByTimeAsync(random() * 1_500);
      }
      for (let round = 0; round < 200 && (await outboxStorage.all()).length; round += 1) {
        tabs[0]?.encourage();
        await vi.advanceTimersByTimeAsync(31_000);
      }
      for (const tab of tabs) tab.stop();
      for (const conversation of ["c", "d"])
        expect(kept.filter((name) => expected[conversation]?.includes(name))).toEqual(expected[conversation]);
    },
  );

  it("knows which problems pass", () => {
    const kinds = [0, 401, 403, 409, 422, 429, 503].map((status) => verdict(new Problem("x", status)));
    expect(kinds).toEqual(["again", "signed-out", "refused", "refused", "refused", "again", "again"]);
    expect(pause(20, null, 1)).toBeLessThanOrEqual(37_500);
    expect(pause(1, 9, 0)).toBe(9_000);
  });
});
