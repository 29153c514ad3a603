import { describe, expect, it } from "vitest";
import { addDays, around, byDay, daysFrom, nearest, weeksLater } from "./calendar_days";

const slot = (startAt: string) => ({ startAt, endAt: startAt });

describe("days", () => {
  it("go on over the end of a month and of a year", () => {
    expect(daysFrom("2026-12-30", 4)).toEqual(["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"]);
    expect(addDays("2028-02-28", 1)).toBe("2028-02-29");
  });

  it("hold the slots that their zone's clock shows on them, on both sides of a clock that is set", () => {
    const days = daysFrom("2026-03-07", 3);
    const slots = [
      "2026-03-08T07:30:00Z",
      "2026-03-08T08:30:00Z",
      "2026-03-09T06:59:00Z",
      "2026-03-09T07:00:00Z",
    ];
    const sorted = byDay(slots.map(slot), days, "America/Los_Angeles");
    expect(sorted.map(({ slots }) => slots.map(({ startAt }) => startAt))).toEqual([
      ["2026-03-08T07:30:00Z"],
      ["2026-03-08T08:30:00Z", "2026-03-09T06:59:00Z"],
      ["2026-03-09T07:00:00Z"],
    ]);
  });

  it.each(["Pacific/Kiritimati", "Pacific/Niue", "UTC"])("lie in what is asked for, in %s", (zone) => {
    const days = daysFrom("2026-03-08", 7);
    const { from, to } = around(days);
    expect(byDay([slot(from)], days, zone)[0]?.slots.length ?? 0).toBeLessThanOrEqual(1);
    expect(new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date(from)) <= "2026-03-08").toBe(
      true,
    );
    expect(new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date(to)) > "2026-03-14").toBe(
      true,
    );
  });
});

describe("near a time that was taken", () => {
  it("the nearest others come, in their order", () => {
    const slots = [
      "2026-03-02T09:00:00Z",
      "2026-03-02T10:00:00Z",
      "2026-03-02T10:30:00Z",
      "2026-03-05T09:00:00Z",
    ];
    expect(nearest(slots.map(slot), "2026-03-02T10:00:00Z", 2).map(({ startAt }) => startAt)).toEqual([
      "2026-03-02T09:00:00Z",
      "2026-03-02T10:30:00Z",
    ]);
  });
});

describe("a weekly series", () => {
  it.each([
    ["2026-03-05T17:00:00.000Z", "America/Los_Angeles", "2026-03-12T16:00:00.000Z"],
    ["2026-10-29T16:00:00.000Z", "America/Los_Angeles", "2026-11-05T17:00:00.000Z"],
    ["2026-03-26T08:00:00.000Z", "Europe/Berlin", "2026-04-02T07:00:00.000Z"],
    ["2026-03-05T03:30:00.000Z", "Asia/Kolkata", "2026-03-12T03:30:00.000Z"],
    // 1:30 comes twice that night: the first counts.
    ["2026-10-25T08:30:00.000Z", "America/Los_Angeles", "2026-11-01T08:30:00.000Z"],
  ])("keeps to the clock on the wall: %s in %s", (start, zone, later) => {
    expect(weeksLater(start, 1, zone)).toBe(later);
  });
});
