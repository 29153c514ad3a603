/** How many wait behind an entry of the menu: kept by whoever knows, shown by the menu. */
import { useSyncExternalStore } from "react";

export type Counted = "messages" | "alerts";

const counts = new Map<string, number>();
const listeners = new Set<() => void>();

export function setMenuCount(name: Counted, count: number): void {
  if (counts.get(name) === count) return;
  counts.set(name, count);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useMenuCount(name: string): number {
  return useSyncExternalStore(subscribe, () => counts.get(name) ?? 0);
}
