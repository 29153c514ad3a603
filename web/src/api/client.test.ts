import { afterEach, expect, it, vi } from "vitest";
import { api, call } from "./client";
import { ANSWERED_WITHIN_MS } from "./in_time";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const hanging = () =>
  vi.stubGlobal(
    "fetch",
    (_: Request, { signal }: RequestInit) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  );

it("waits for no answer for ever", async () => {
  vi.useFakeTimers();
  hanging();
  const asked = call(api.GET("/api/auth/session"));
  const refused = expect(asked).rejects.toMatchObject({ kind: "unreachable" });
  await vi.advanceTimersByTimeAsync(ANSWERED_WITHIN_MS);
  await refused;
});

it("gives up when its caller does", async () => {
  hanging();
  const stop = new AbortController();
  const asked = call(api.GET("/api/auth/session", { signal: stop.signal }));
  stop.abort();
  await expect(asked).rejects.toMatchObject({ name: "AbortError" });
});
