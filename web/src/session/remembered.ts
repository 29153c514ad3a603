/** A value of this page that is shown wherever it is needed, as it changes. */
import { useSyncExternalStore } from "react";

export class Remembered<Value> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: Value) {}

  readonly get = (): Value => this.value;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  set(value: Value): void {
    if (value === this.value) return;
    this.value = value;
    for (const listener of this.listeners) listener();
  }
}

export function useRemembered<Value>({ subscribe, get }: Remembered<Value>): Value {
  return useSyncExternalStore(subscribe, get);
}
