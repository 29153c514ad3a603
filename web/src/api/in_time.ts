/** What was not answered by then is not waited for, so that a connection that hangs holds up nothing behind it. */
export const ANSWERED_WITHIN_MS = 60_000;

/** Given up when the caller does, or when it takes too long. */
export function inTime(given?: AbortSignal): AbortSignal {
  const stop = new AbortController();
  const late = setTimeout(
    () => stop.abort(new DOMException("no answer in time", "TimeoutError")),
    ANSWERED_WITHIN_MS,
  );
  given?.addEventListener("abort", () => {
    clearTimeout(late);
    stop.abort(given.reason);
  });
  if (given?.aborted) stop.abort(given.reason);
  return stop.signal;
}
