/** Says that somebody types: at most every three seconds, and that they stopped after a while without a key. */

export const BETWEEN_MS = 3_000;
export const STOPS_AFTER_MS = 6_000;

export interface Typing {
  /** A key was pressed; `empty` where nothing stands there any more. */
  key(empty: boolean): void;
  stop(): void;
}

export function typingNotices(
  tell: (event: "typing" | "stop-typing") => void,
  now: () => number = Date.now,
): Typing {
  let toldAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    clearTimeout(timer);
    if (toldAt > Number.NEGATIVE_INFINITY) tell("stop-typing");
    toldAt = Number.NEGATIVE_INFINITY;
  };
  const key = (empty: boolean) => {
    clearTimeout(timer);
    if (empty) return stop();
    timer = setTimeout(stop, STOPS_AFTER_MS);
    if (now() - toldAt < BETWEEN_MS) return;
    toldAt = now();
    tell("typing");
  };
  return { key, stop };
}
