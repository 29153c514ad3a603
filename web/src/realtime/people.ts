/** Whether others are there, as far as they let know. */
import { useSyncExternalStore } from "react";

export interface Presence {
  online: boolean;
  lastSeenAt: string | null;
}

const known = new Map<string, Presence>();
const listeners = new Set<() => void>();

export function hearPresence(userId: string, presence: Presence): void {
  known.set(userId, presence);
  for (const listener of listeners) listener();
}

/** Nothing is known without a connection. */
export function forgetPresence(): void {
  known.clear();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Undefined where nothing is known of somebody. */
export function usePresence(userId: string | undefined): Presence | undefined {
  return useSyncExternalStore(subscribe, () => (userId ? known.get(userId) : undefined));
}
