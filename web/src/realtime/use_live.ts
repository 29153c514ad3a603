/** React over what is live. */
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { useSession } from "@/session/session";
import type { ConversationState } from "./conversation_store";
import { type Live, liveOf } from "./live";
import type { Unsent } from "./outbox";
import type { Timeline } from "./timeline";

const POLL_MS = 15_000;

/** What is live for who is signed in; for pages that only they see. */
export function useLive(): Live {
  const { data: session } = useSession();
  const userId = session?.user.id ?? "";
  return useMemo(() => liveOf(userId), [userId]);
}

/** A conversation as it is known now; opened, followed, and asked for now and then where no socket holds. */
export function useThread(live: Live, id: string): ConversationState {
  const store = live.conversation(id);
  useEffect(() => {
    void store.open();
    const timer = setInterval(() => {
      if (!live.connected && document.visibilityState === "visible") void store.follow();
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [store, live]);
  return useSyncExternalStore(store.subscribe, store.snapshot);
}

/** What was written in a conversation and is not among its messages yet, in order. */
export function useUnsent(live: Live, conversationId: string, { messages }: Timeline): readonly Unsent[] {
  const { outbox } = live;
  const waiting = useSyncExternalStore(outbox.subscribe, () => outbox.waiting);
  return useMemo(() => {
    const here = waiting.filter((one) => one.conversationId === conversationId);
    return here.filter(({ clientId }) => !messages.some((message) => message.clientId === clientId));
  }, [waiting, conversationId, messages]);
}

/** Whether what waits in a conversation could not be sent just now. */
export function useHeld(live: Live, conversationId: string): boolean {
  const { outbox } = live;
  return useSyncExternalStore(outbox.subscribe, () => outbox.held.has(conversationId));
}
