/** One conversation, kept in step with the server: opened, followed live, caught up after every absence. */
import type { Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import { helpElsewhere } from "./help_elsewhere";
import {
  type Analysis,
  analysed,
  filled,
  type History,
  type Item,
  NOTHING,
  olderThan,
  opened,
  recovered,
  revised,
  type Timeline,
  told,
  wanted,
} from "./timeline";

export type CrisisHelp = Shape<"CrisisHelp">;

export interface Joined {
  recovered: boolean;
  lastSeq: number;
  lastRevision: number;
}

export interface HistoryQuery {
  afterSeq?: number;
  beforeSeq?: number;
  afterRevision?: number;
  limit: number;
}

export interface Server {
  read(conversationId: string, query: HistoryQuery): Promise<History>;
  /** Follow the conversation live, from this place on; null where there is no socket. Throws Problem. */
  join(conversationId: string, place: { afterSeq: number; afterRevision: number }): Promise<Joined | null>;
}

export interface ConversationState {
  /** `opening` until the first page is there. */
  stage: "opening" | "open" | "failed";
  problem: unknown;
  timeline: Timeline;
  loadingOlder: boolean;
  /** How far each member has read, by their id, as far as they let know. */
  readTo: Readonly<Record<string, number>>;
  /** Who types, by name. */
  typing: string | null;
  /** Where help is, after a message that carried risk. */
  help: CrisisHelp | null;
}

const FIRST_PAGE = 60;
export const PAGE = 200;
/** What comes out of order is usually there at once; only then is the server asked. */
const GRACE_MS = 300;
const AGAIN_MS = 3_000;
const TYPING_MS = 12_000;

const CLOSED: ConversationState = {
  stage: "opening",
  problem: null,
  timeline: NOTHING,
  loadingOlder: false,
  readTo: {},
  typing: null,
  help: null,
};

export class ConversationStore {
  private state = CLOSED;
  private readonly listeners = new Set<() => void>();
  /** What is told while a latest page is read that everything begins with: it comes on top. */
  private ahead: ((timeline: Timeline) => Timeline)[] | null = [];
  private opening: Promise<void> | null = null;
  private joining: Promise<void> | null = null;
  private followAgain = false;
  private filling: Promise<void> | null = null;
  private fillTimer: ReturnType<typeof setTimeout> | undefined;
  private typingTimer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(
    readonly id: string,
    private readonly server: Server,
    private readonly graceMs = GRACE_MS,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): ConversationState => this.state;

  /** Read the latest page and follow from there; once it is open, catch up. */
  open(): Promise<void> {
    if (this.state.stage === "open") return this.follow();
    this.opening ??= this.begin().finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  /** The socket is there (again), or somebody has come back: be told of everything after what is known. */
  follow(): Promise<void> {
    if (this.state.stage !== "open") return this.open();
    this.followAgain = this.joining !== null;
    this.joining ??= this.joinAndFill().finally(() => {
      this.joining = null;
    });
    return this.joining;
  }

  /** Load what came before; all of it down to this number, where one is given. */
  async loadOlder(downTo?: number): Promise<void> {
    if (this.state.loadingOlder || olderThan(this.state.timeline) === null) return;
    this.update({ loadingOlder: true });
    try {
      for (;;) {
        const beforeSeq = olderThan(this.state.timeline);
        if (beforeSeq === null || this.stopped) return;
        const page = await this.server.read(this.id, { beforeSeq, limit: PAGE });
        this.change((timeline) => filled(timeline, page));
        const now = olderThan(this.state.timeline);
        if (downTo === undefined || now === null || now <= downTo || now === beforeSeq) return;
      }
    } finally {
      this.update({ loadingOlder: false });
      this.fillSoon();
    }
  }

  /** Read one message anew: it is in another state at the server than here. */
  async reread(seq: number): Promise<void> {
    const page = await this.server.read(this.id, { beforeSeq: seq + 1, limit: 1 }).catch(() => null);
    if (page) this.change((timeline) => filled(timeline, page));
    this.fillSoon();
  }

  /** A message was sent, edited or deleted. */
  hear(item: Item): void {
    this.change((timeline) => told(timeline, item));
    this.fillSoon();
  }

  hearAnalysis(analysis: Analysis): void {
    this.change((timeline) => analysed(timeline, analysis));
  }

  hearRead(userId: string, seq: number): void {
    if ((this.state.readTo[userId] ?? 0) >= seq) return;
    this.update({ readTo: { ...this.state.readTo, [userId]: seq } });
  }

  hearTyping(name: string | null): void {
    clearTimeout(this.typingTimer);
    if (name) this.typingTimer = setTimeout(() => this.hearTyping(null), TYPING_MS);
    if (this.state.typing !== name) this.update({ typing: name });
  }

  /** Where nobody has the conversation before them, help does not wait until they come back to it. */
  offerHelp(help: CrisisHelp): void {
    this.update({ help });
    if (!this.listeners.size && !this.stopped) helpElsewhere.set(help);
  }

  /** Wait until nothing is being read. */
  async settled(): Promise<void> {
    for (;;) {
      const busy = this.opening ?? this.joining ?? this.filling;
      if (!busy) return;
      await busy.catch(() => undefined);
    }
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.fillTimer);
    clearTimeout(this.typingTimer);
  }

  private async begin(): Promise<void> {
    try {
      await this.readLatest();
      this.update({ stage: "open", problem: null });
    } catch (problem) {
      this.update({ stage: "failed", problem });
      return;
    }
    await this.follow();
  }

  private async joinAndFill(): Promise<void> {
    do {
      this.followAgain = false;
      await this.join();
      await this.fill();
    } while (this.followAgain && !this.stopped);
  }

  private async join(): Promise<void> {
    const { seq, revision } = this.state.timeline;
    try {
      const joined = await this.server.join(this.id, { afterSeq: seq, afterRevision: revision });
      if (joined && !joined.recovered) await this.readLatest();
      else if (joined) this.change((timeline) => recovered(timeline, joined));
      else await this.look();
    } catch (reason) {
      if (!(reason instanceof Problem) || reason.passing) this.fillSoon(AGAIN_MS);
    }
  }

  /** Begin (anew) with the latest page. */
  private async readLatest(): Promise<void> {
    this.ahead ??= [];
    const page = await this.server.read(this.id, { limit: FIRST_PAGE });
    const timeline = this.ahead.reduce((known, change) => change(known), opened(page));
    this.ahead = null;
    this.update({ timeline });
  }

  /** Without a socket: ask how far the conversation has come. */
  private async look(): Promise<void> {
    const { seq } = this.state.timeline;
    const page = await this.server.read(this.id, { afterSeq: seq, limit: PAGE });
    if (page.lastSeq < seq) await this.readLatest();
    else this.change((timeline) => filled(timeline, page));
  }

  private fillSoon(after = this.graceMs): void {
    clearTimeout(this.fillTimer);
    if (this.state.stage !== "open" || !wanted(this.state.timeline) || this.stopped) return;
    this.fillTimer = setTimeout(() => void this.fill(), after);
  }

  private fill(): Promise<void> {
    this.filling ??= this.fillAll().finally(() => {
      this.filling = null;
    });
    return this.filling;
  }

  /** Ask for what is missing until nothing is; what brings nothing new is asked for again later. */
  private async fillAll(): Promise<void> {
    try {
      for (;;) {
        const missing = wanted(this.state.timeline);
        if (!missing || this.stopped) return;
        const page = await this.server.read(this.id, { ...missing, limit: PAGE });
        this.change((timeline) => ("afterSeq" in missing ? filled(timeline, page) : revised(timeline, page)));
        if (JSON.stringify(wanted(this.state.timeline)) === JSON.stringify(missing)) break;
      }
    } catch {
      // Asked for again below.
    }
    this.fillSoon(AGAIN_MS);
  }

  private change(step: (timeline: Timeline) => Timeline): void {
    this.ahead?.push(step);
    if (this.state.stage === "open") this.update({ timeline: step(this.state.timeline) });
  }

  private update(changes: Partial<ConversationState>): void {
    if (this.stopped) return;
    this.state = { ...this.state, ...changes };
    for (const listener of this.listeners) listener();
  }
}
