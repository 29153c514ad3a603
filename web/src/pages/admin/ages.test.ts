import { expect, test } from "vitest";
import { byAge } from "./ages";

test("each instant is counted once, by the step it falls into; a limit belongs to the next step", () => {
  const now = Date.UTC(2026, 10, 26, 12);
  const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
  expect(byAge([ago(0), ago(4.9), ago(5), ago(59), ago(60), ago(1440), ago(9000)], now)).toEqual({
    minutes5: 2,
    minutes15: 1,
    hour: 1,
    day: 1,
    older: 2,
  });
});
