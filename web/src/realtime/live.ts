/** What is live for the person who is signed in: their socket's events, their conversations, what waits to be sent. */
import type { Socket } from "socket.io-client";
import { api, call } from "@/api/client";
import { Problem, unreachable } from "@/api/problem";
import { queryClient } from "@/api/queries";
import { onLeaving } from "@/session/session";
import { closeInList, hearInList, markReadInList, refreshConversations } from "./conversation_list";
import { ConversationStore, type CrisisHelp, type Joined, type Server } from "./conversation_store";
import { Outbox, type Sent } from "./outbox";
import { outboxStorage } from "./outbox_storage";
import { forgetPresence, hearPresence } from "./people";
import { closeSocket, returnToSocket, theSocket } from "./socket";
import type { Analysis, Item } from "./timeline";

/** Rooms that one socket may be in, with some to spare. */
const ROOMS = 100;
const ACK_MS = 8_000;
const SENT_WITHIN_MS = 30_000;
const LOCK = "bloom.outbox";

type BetweenTabs = { kind: "changed" } | { kind: "sent"; userId: string; sent: Sent<CrisisHelp> };

export interface RiskAlert {
  riskEventId: string;
}

export class Live implements Server {
  readonly outbox: Outbox<CrisisHelp>;
  private readonly stores = new Map<string, ConversationStore>();
  private readonly followed = new Set<string>();
  private readonly readTo = new Map<string, number>();
  private readonly alertListeners = new Set<(alert: RiskAlert) => void>();
  private channel: BroadcastChannel | null = null;
  private socket: Socket | null = null;
  /** The conversation that is looked at: what comes there counts as read. */
  private lookedAt: string | null = null;

  constructor(readonly userId: string) {
    this.outbox = new Outbox<CrisisHelp>(userId, {
      storage: outboxStorage,
      post: ({ conversationId, body, clientId, attachments }) =>
        call(
          api.POST("/api/messages", {
            body: { conversationId, body, clientId, attachmentIds: attachments.map(({ id }) => id) },
            // While it is under way the other tabs send nothing.
            signal: AbortSignal.timeout(SENT_WITHIN_MS),
          }),
        ),
      alone: (step) => (navigator.locks ? navigator.locks.request(LOCK, step) : step()),
      onSent: (sent) => {
        this.hearSent(sent);
        this.tellTabs({ kind: "sent", userId, sent });
      },
      onChange: () => this.tellTabs({ kind: "changed" }),
      now: Date.now,
      random: Math.random,
    });
  }

  get started(): boolean {
    return this.socket !== null;
  }

  /** Connect and follow; gives the way to stop. */
  start(): () => void {
    this.channel = new BroadcastChannel("bloom.outbox");
    this.channel.onmessage = ({ data }: MessageEvent<BetweenTabs>) => {
      if (data.kind === "changed") void this.outbox.reload();
      else if (data.userId === this.userId) this.hearSent(data.sent);
    };
    const socket = theSocket();
    this.socket = socket;
    const events = Object.entries(this.events) as [string, () => void][];
    for (const [name, listener] of events) socket.on(name, listener);
    addEventListener("online", this.comeBack);
    document.addEventListener("visibilitychange", this.comeBack);
    if (socket.connected) this.events.connect();
    void this.outbox.reload();
    return () => {
      for (const [name, listener] of events) socket.off(name, listener);
      removeEventListener("online", this.comeBack);
      document.removeEventListener("visibilitychange", this.comeBack);
      this.channel?.close();
      this.channel = null;
      this.socket = null;
    };
  }

  /** Nothing more is sent, shown or kept in memory. */
  end(): void {
    this.outbox.stop();
    for (const store of this.stores.values()) store.stop();
    this.stores.clear();
    forgetPresence();
    closeSocket();
  }

  get connected(): boolean {
    return this.socket?.connected ?? false;
  }

  conversation(id: string): ConversationStore {
    let store = this.stores.get(id);
    if (!store) {
      store = new ConversationStore(id, this);
      this.stores.set(id, store);
    }
    return store;
  }

  /** Follow these conversations: what comes there is told as long as the page is open. */
  followAll(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.followed.has(id) || this.followed.size >= ROOMS) continue;
      this.followed.add(id);
      this.followOne(id);
    }
  }

  /** This conversation is looked at, or none. */
  look(id: string | null): void {
    this.lookedAt = id;
  }

  read(conversationId: string, query: Parameters<Server["read"]>[1]) {
    return call(api.GET("/api/messages", { params: { query: { conversationId, ...query } } }));
  }

  async join(
    conversationId: string,
    place?: { afterSeq: number; afterRevision: number },
  ): Promise<Joined | null> {
    if (!this.connected) return null;
    this.followed.add(conversationId);
    return this.ask<Joined>("join", { conversationId, ...place });
  }

  /** Everything up to this message has been read. */
  async markRead(conversationId: string, seq: number): Promise<void> {
    if ((this.readTo.get(conversationId) ?? 0) >= seq) return;
    this.readTo.set(conversationId, seq);
    try {
      if (this.connected) await this.ask("read", { conversationId, seq });
      else await call(api.POST("/api/messages/read", { body: { conversationId, seq } }));
      markReadInList(conversationId);
    } catch {
      if (this.readTo.get(conversationId) === seq) this.readTo.delete(conversationId);
    }
  }

  typing(conversationId: string, event: "typing" | "stop-typing"): void {
    if (this.connected) this.socket?.volatile.emit(event, { conversationId });
  }

  /** Hear of alerts as they are raised; gives the way to stop. */
  onAlert(listener: (alert: RiskAlert) => void): () => void {
    this.alertListeners.add(listener);
    return () => this.alertListeners.delete(listener);
  }

  private readonly comeBack = () => {
    if (document.visibilityState === "hidden") return;
    returnToSocket();
    this.outbox.encourage();
    if (!this.connected) for (const store of this.stores.values()) void store.follow();
  };

  private readonly events = {
    connect: () => {
      this.outbox.encourage();
      refreshConversations();
      for (const id of new Set([...this.followed, ...this.stores.keys()])) this.followOne(id);
      void queryClient.invalidateQueries({ queryKey: ["alerts"] });
    },
    disconnect: () => {
      forgetPresence();
      for (const store of this.stores.values()) store.hearTyping(null);
    },
    "new-message": (message: Item) => {
      const isOwn = message.senderId === this.userId;
      if (isOwn && message.clientId) this.outbox.confirm(message.clientId);
      const store = this.stores.get(message.conversationId);
      store?.hear(message);
      if (!isOwn) store?.hearTyping(null);
      hearInList(message, !isOwn && this.lookedAt !== message.conversationId);
    },
    "message-updated": (message: Item) => this.hearChange(message),
    "message-deleted": (message: Item) => this.hearChange(message),
    read: (told: { conversationId: string; userId: string; seq: number }) => {
      this.stores.get(told.conversationId)?.hearRead(told.userId, told.seq);
      const elsewhere = told.userId === this.userId && (this.readTo.get(told.conversationId) ?? 0) < told.seq;
      if (elsewhere) refreshConversations();
    },
    presence: (told: { userId: string; online: boolean; lastSeenAt: string | null }) =>
      hearPresence(told.userId, told),
    "user-typing": (told: { conversationId: string; name: string }) =>
      this.stores.get(told.conversationId)?.hearTyping(told.name),
    "user-stopped-typing": (told: { conversationId: string }) =>
      this.stores.get(told.conversationId)?.hearTyping(null),
    "message-analysed": (told: { conversationId: string; analysis: Analysis }) =>
      this.stores.get(told.conversationId)?.hearAnalysis(told.analysis),
    "risk-alert": (told: RiskAlert) => {
      void queryClient.invalidateQueries({ queryKey: ["alerts"] });
      for (const listener of this.alertListeners) listener(told);
    },
    "risk-alert-changed": () => void queryClient.invalidateQueries({ queryKey: ["alerts"] }),
    "members-changed": (told: { conversationId: string }) => {
      refreshConversations(told.conversationId);
      void queryClient.invalidateQueries({ queryKey: ["care"] });
    },
    "care-ended": (told: { conversationId: string }) => {
      closeInList(told.conversationId);
      refreshConversations(told.conversationId);
    },
  };

  private hearChange(message: Item): void {
    this.stores.get(message.conversationId)?.hear(message);
    hearInList(message, false);
  }

  private hearSent({ message, analysis }: Sent<CrisisHelp>): void {
    if (analysis) this.conversation(message.conversationId).offerHelp(analysis);
    this.stores.get(message.conversationId)?.hear(message);
    hearInList(message, false);
  }

  private followOne(id: string): void {
    const store = this.stores.get(id);
    if (store) void store.follow();
    else void this.join(id).catch(() => undefined);
  }

  /** Ask the relay something. Throws Problem. */
  private async ask<Answer>(event: string, payload: object): Promise<Answer> {
    let answer: Answer & { error?: { type: string } };
    try {
      answer = await (this.socket as Socket).timeout(ACK_MS).emitWithAck(event, payload);
    } catch {
      throw unreachable();
    }
    if (answer.error) throw refusal(answer.error.type);
    return answer;
  }

  private tellTabs(told: BetweenTabs): void {
    this.channel?.postMessage(told);
  }
}

const STATUSES: Record<string, number> = {
  "not-found": 404,
  "not-signed-in": 401,
  malformed: 400,
  unprocessable: 422,
};

function refusal(type: string): Problem {
  const kind = type.split(":").pop() ?? "unknown";
  return new Problem(kind, STATUSES[kind] ?? 503);
}

let current: Live | null = null;

/** What is live for this person; whatever was for another is over. */
export function liveOf(userId: string): Live {
  if (current?.userId !== userId) {
    current?.end();
    current = new Live(userId);
  }
  return current;
}

/** The session is over: nothing stays in memory; what waits stays on this device for the same person. */
export function endLive(which = current): void {
  which?.end();
  if (current === which) current = null;
}

onLeaving(() => endLive());
