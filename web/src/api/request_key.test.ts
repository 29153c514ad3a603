import { expect, it } from "vitest";
import { Problem, unreachable } from "./problem";
import { RequestKey } from "./request_key";

/** Sends a body once for each outcome: an error is thrown; gives the keys under which it was sent. */
async function keysOf(outcomes: readonly (Error | null)[], bodyOf = (_: number): unknown => "same") {
  const request = new RequestKey();
  const keys: string[] = [];
  for (const [index, outcome] of outcomes.entries())
    await request
      .under(bodyOf(index), async (_, key) => {
        keys.push(key);
        if (outcome) throw outcome;
      })
      .catch(() => undefined);
  return keys.map((key) => keys.indexOf(key));
}

it("stays the same until somebody has answered", async () => {
  const lost = [unreachable(), new Problem("unavailable", 503), new Problem("still-in-flight", 409), null];
  expect(await keysOf(lost)).toEqual([0, 0, 0, 0]);
});

it("is another after a refusal, which may no longer hold, and after what was done", async () => {
  expect(await keysOf([new Problem("run-under-way", 409), null, null])).toEqual([0, 1, 2]);
});

it("is another for another body", async () => {
  expect(await keysOf([unreachable(), unreachable()], (index) => ({ reason: index }))).toEqual([0, 1]);
});
