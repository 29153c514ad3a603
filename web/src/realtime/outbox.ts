/**
 * What was written and is not at the server yet: kept on this device until it is, sent in order per conversation.
 *
 * Each message has its `clientId` from the first moment, under which the server keeps it once, however often it is
 * sent. The storage is the truth; of all open tabs one sends at a time.
 */
import type { Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import type { ShownMessage } from "./timeline";

export interface Unsent {
  clientId: string;
  /** Whose it is: nobody else's session sends or shows it. */
  userId: string;
  conversationId: string;
  body: string;
  attachments: Shape<"ShownFile">[];
  /** Milliseconds since 1970. */
  writtenAt: number;
  /** Its place among the others; rises. */
  order: number;
  /** The kind of the problem for which it was not taken; it waits for its author. */
  refused: string | null;
}

export interface Sent<Help = unknown> {
  message: ShownMessage;
  analysis: Help | null;
}

/** Where messages wait. A change of one that is gone changes nothing. */
export interface Storage {
  all(): Promise<Unsent[]>;
  add(message: Unsent): Promise<void>;
  change(message: Unsent): Promise<void>;
  remove(clientId: string): Promise<void>;
}

export interface Ports<Help> {
  storage: Storage;
  post(message: Unsent): Promise<Sent<Help>>;
  /** Runs the step while no other tab runs one. */
  alone(step: () => Promise<void>): Promise<void>;
  /** A message is at the server. */
  onSent(sent: Sent<Help>): void;
  /** What waits has changed: other tabs are to look. */
  onChange(): void;
  now(): number;
  random(): number;
}

/** What is written is not sent by itself after so long: its author is asked first. */
const LATEST_MS = 24 * 3_600_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** `waited-long` where somebody is to say whether it is still to be sent. */
export const WAITED_LONG = "waited-long";

/** What follows a try that failed: another one, a new session first, or a word from the author. */
export function verdict(reason: unknown): "again" | "signed-out" | "refused" {
  if (!(reason instanceof Problem)) return "again";
  if (reason.status === 401) return "signed-out";
  return reason.passing ? "again" : "refused";
}

/** Milliseconds until the next try, after so many that failed. */
export function pause(tried: number, retryAfter: number | null, random: number): number {
  const grown = Math.min(FIRST_PAUSE_MS * 2 ** Math.max(tried - 1, 0), LONGEST_PAUSE_MS);
  return Math.max(grown * (0.75 + random / 2), (retryAfter ?? 0) * 1000);
}

/** The first that waits in each conversation and whose time has come. What was refused holds up nothing. */
export function due(
  waiting: readonly Unsent[],
  notBefore: ReadonlyMap<string, number>,
  now: number,
): Unsent[] {
  const first = new Map<string, Unsent>();
  for (const message of inOrder(waiting))
    if (!message.refused && !first.has(message.conversationId)) first.set(message.conversationId, message);
  return [...first.values()].filter(({ conversationId }) => (notBefore.get(conversationId) ?? 0) <= now);
}

export function inOrder(waiting: readonly Unsent[]): Unsent[] {
  return [...waiting].sort((one, two) => one.order - two.order || (one.clientId < two.clientId ? -1 : 1));
}

/** Of one signed-in person on this device. */
export class Outbox<Help = unknown> {
  /** What waits, in order: a new array at each change. */
  waiting: readonly Unsent[] = [];
  /** Conversations whose last try failed for want of a connection, or of a server that answers. */
  held: ReadonlySet<string> = new Set();
  private readonly listeners = new Set<() => void>();
  private readonly notBefore = new Map<string, number>();
  private readonly tried = new Map<string, number>();
  private readonly echoes = new Map<string, () => void>();
  /** Told live already, while the answer to their sending is awaited. */
  private readonly taken = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;
  private again = false;
  private lastOrder = 0;
  private stopped = false;

  constructor(
    private readonly userId: string,
    private readonly ports: Ports<Help>,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Take a message: shown at once, and safe on this device when the promise is kept. */
  async add(written: Pick<Unsent, "clientId" | "conversationId" | "body" | "attachments">): Promise<void> {
    const now = this.ports.now();
    const message = {
      ...written,
      userId: this.userId,
      writtenAt: now,
      order: this.nextOrder(now),
      refused: null,
    };
    this.show([...this.waiting, message]);
    try {
      await this.ports.storage.add(message);
    } finally {
      this.ports.onChange();
      this.wake();
    }
  }

  /** Send again what was refused, or at once what waits for its next try. */
  async retry(clientId: string): Promise<void> {
    const message = this.waiting.find((one) => one.clientId === clientId);
    if (!message) return;
    this.notBefore.delete(message.conversationId);
    if (message.refused) {
      const now = this.ports.now();
      await this.change({ ...message, refused: null, writtenAt: now, order: this.nextOrder(now) });
    }
    this.wake();
  }

  /** Give up a message; nothing of it stays. */
  async discard(clientId: string): Promise<void> {
    this.show(this.waiting.filter((one) => one.clientId !== clientId));
    await this.ports.storage.remove(clientId);
    this.ports.onChange();
    this.wake();
  }

  /** The server has this message, as it told live: the next can go, though the answer is still awaited. */
  confirm(clientId: string): void {
    this.echoes.get(clientId)?.();
  }

  /** Wait until a message waits here no more: the server has it, or it was given up. */
  async away(clientId: string): Promise<void> {
    const waits = () => this.waiting.some((one) => one.clientId === clientId);
    if (!waits()) return;
    await new Promise<void>((resolve) => {
      const stop = this.subscribe(() => {
        if (waits()) return;
        stop();
        resolve();
      });
    });
  }

  /** There may be a connection again: try at once. */
  encourage(): void {
    this.notBefore.clear();
    this.wake();
  }

  /** Look at what waits, and send what can be sent. */
  wake(): void {
    if (this.stopped) return;
    if (this.running) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    this.running = this.ports
      .alone(() => this.drain())
      .catch(() => undefined)
      .finally(() => {
        this.running = null;
        if (this.again) {
          this.again = false;
          this.wake();
        } else this.sleep();
      });
  }

  /** Look anew at what waits: another tab changed it. */
  async reload(): Promise<void> {
    await this.read();
    this.wake();
  }

  /** Wait until nothing is under way. */
  async settled(): Promise<void> {
    while (this.running) await this.running;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async drain(): Promise<void> {
    for (;;) {
      const [next] = due(
        (await this.read()).filter(({ clientId }) => !this.taken.has(clientId)),
        this.notBefore,
        this.ports.now(),
      );
      if (!next || this.stopped) return;
      if (this.ports.now() - next.writtenAt > LATEST_MS) await this.change({ ...next, refused: WAITED_LONG });
      else if (!(await this.send(next))) return;
    }
  }

  /** Whether to go on. */
  private async send(message: Unsent): Promise<boolean> {
    const { clientId } = message;
    const echoed = new Promise<"echoed">((resolve) => this.echoes.set(clientId, () => resolve("echoed")));
    const answered = this.ports.post(message).then((sent) => {
      if (!this.stopped) this.ports.onSent(sent);
      return this.done(message);
    });
    try {
      // The answer takes as long as the model does; the message itself is told sooner, and then the next can go.
      if ((await Promise.race([answered, echoed])) === "echoed") this.await(message, answered);
      return true;
    } catch (reason) {
      return await this.failed(message, reason);
    } finally {
      this.echoes.delete(clientId);
    }
  }

  /** It is kept until its answer came, which may say that help is to be shown: a repeat is answered as well. */
  private await(message: Unsent, answered: Promise<void>): void {
    this.taken.add(message.clientId);
    void answered
      .catch((reason) => this.failed(message, reason))
      .finally(() => {
        this.taken.delete(message.clientId);
        this.wake();
      });
  }

  private async done({ clientId, conversationId }: Unsent): Promise<void> {
    this.tried.delete(conversationId);
    this.hold(conversationId, false);
    await this.ports.storage.remove(clientId);
    this.show(this.waiting.filter((one) => one.clientId !== clientId));
    this.ports.onChange();
  }

  private async failed(message: Unsent, reason: unknown): Promise<boolean> {
    const { conversationId } = message;
    const what = verdict(reason);
    if (what === "refused") {
      await this.change({ ...message, refused: (reason as Problem).kind });
      return true;
    }
    const tried = (this.tried.get(conversationId) ?? 0) + 1;
    this.tried.set(conversationId, tried);
    const retryAfter = reason instanceof Problem ? reason.retryAfter : null;
    this.notBefore.set(conversationId, this.ports.now() + pause(tried, retryAfter, this.ports.random()));
    this.hold(conversationId, true);
    return what === "again";
  }

  private async read(): Promise<readonly Unsent[]> {
    const all = await this.ports.storage.all();
    this.show(inOrder(all.filter(({ userId }) => userId === this.userId)));
    return this.waiting;
  }

  private async change(message: Unsent): Promise<void> {
    this.show(inOrder(this.waiting.map((one) => (one.clientId === message.clientId ? message : one))));
    await this.ports.storage.change(message);
    this.ports.onChange();
  }

  /** Try again when the earliest pause is over. */
  private sleep(): void {
    const waits = this.waiting.filter(({ clientId, refused }) => !refused && !this.taken.has(clientId));
    if (this.stopped || !waits.length) return;
    const next = Math.min(...waits.map(({ conversationId }) => this.notBefore.get(conversationId) ?? 0));
    this.timer = setTimeout(() => this.wake(), Math.max(next - this.ports.now(), 250));
  }

  private nextOrder(now: number): number {
    const last = Math.max(this.lastOrder, ...this.waiting.map(({ order }) => order));
    this.lastOrder = Math.max(now, last + 1);
    return this.lastOrder;
  }

  private hold(conversationId: string, isHeld: boolean): void {
    if (this.held.has(conversationId) === isHeld) return;
    const held = new Set(this.held);
    if (isHeld) held.add(conversationId);
    else held.delete(conversationId);
    this.held = held;
    this.tell();
  }

  private show(waiting: readonly Unsent[]): void {
    this.waiting = waiting;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
