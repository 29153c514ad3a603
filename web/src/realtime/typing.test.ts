import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { typingNotices } from "./typing";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("tells of typing every three seconds at most, and once that it stopped", () => {
  const told: string[] = [];
  const typing = typingNotices((event) => told.push(event));
  for (let count = 0; count < 70; count += 1) {
    typing.key(false);
    vi.advanceTimersByTime(100);
  }
  expect(told).toEqual(["typing", "typing", "typing"]);
  vi.advanceTimersByTime(20_000);
  expect(told.slice(3)).toEqual(["stop-typing"]);
  typing.stop();
  expect(told.length).toBe(4);
});
