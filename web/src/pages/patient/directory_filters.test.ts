import { describe, expect, it } from "vitest";
import { filtersOf, queryOf } from "./directory_filters";
import { midnightOf } from "./midnight";

const NOW = Date.parse("2026-03-02T12:00:00Z");
const told = (query: string) => filtersOf(new URLSearchParams(query));

describe("filters of an address", () => {
  it("are those that can be meant", () => {
    expect(told("specialty=%20Grief%20&language=&from=soon&to=2026-03-04&page=2")).toEqual({
      specialty: "Grief",
      to: "2026-03-04",
    });
    expect(told("from=2026-03-05&to=2026-03-04")).toEqual({ from: "2026-03-05" });
  });
});

describe("days", () => {
  it.each([
    ["2026-03-08", "America/Los_Angeles", "2026-03-08T08:00:00.000Z"],
    ["2026-03-09", "America/Los_Angeles", "2026-03-09T07:00:00.000Z"],
    // Clocks there are set at midnight: the day begins at one.
    ["2026-09-06", "America/Santiago", "2026-09-06T04:00:00.000Z"],
    ["2026-03-08", "Pacific/Kiritimati", "2026-03-07T10:00:00.000Z"],
  ])("begin: %s in %s", (day, zone, instant) => {
    expect(new Date(midnightOf(day, zone)).toISOString()).toBe(instant);
  });

  it("are asked for from the beginning of the first to the end of the last, and never before now", () => {
    expect(queryOf({ from: "2026-03-02", to: "2026-03-03" }, "UTC", NOW)).toEqual({
      from: "2026-03-02T12:00:00.000Z",
      to: "2026-03-04T00:00:00.000Z",
    });
    expect(queryOf({ language: "es" }, "UTC", NOW)).toEqual({ language: "es" });
    expect(queryOf({ to: "2027-03-02" }, "UTC", NOW).to).toBe("2026-05-02T12:00:00.000Z");
  });
});
