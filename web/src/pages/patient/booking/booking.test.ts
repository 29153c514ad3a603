import { describe, expect, it } from "vitest";
import { Problem } from "@/api/problem";
import { placesNotFree, refusalOfTime } from "./refusals";
import { seriesOf } from "./repeating";

describe("a series", () => {
  it("keeps to the therapist's clock and to the length of the first", () => {
    const first = { startAt: "2026-10-28T16:00:00.000Z", endAt: "2026-10-28T16:50:00.000Z" };
    expect(seriesOf(first, { occurrences: 3, intervalWeeks: 2 }, "America/Los_Angeles")).toEqual([
      first,
      { startAt: "2026-11-11T17:00:00.000Z", endAt: "2026-11-11T17:50:00.000Z" },
      { startAt: "2026-11-25T17:00:00.000Z", endAt: "2026-11-25T17:50:00.000Z" },
    ]);
  });

  it("names which of its times cannot be had", () => {
    const faults = [1, 3].map((place) => ({ pointer: `/occurrences/${place}`, detail: "" }));
    expect(placesNotFree(new Problem("series-not-free", 409, faults))).toEqual([1, 3]);
    expect(placesNotFree(new Problem("slot-taken", 409))).toEqual([]);
  });
});

describe("a refusal", () => {
  it("is of the time, or of something else", () => {
    expect(refusalOfTime(new Problem("slot-taken", 409))).toBe("slot-taken");
    expect(refusalOfTime(new Problem("too-many-holds", 409))).toBeNull();
    expect(refusalOfTime(new TypeError())).toBeNull();
  });
});
