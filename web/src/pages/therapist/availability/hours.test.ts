import { expect, test } from "vitest";
import {
  contradict,
  copied,
  faultOfDay,
  type Hours,
  inTheWay,
  moved,
  shownHours,
  weekdayOf,
  weeksOf,
  withHours,
} from "./hours";

const on = (weekday: number, start: string, end: string, more: Partial<Hours> = {}): Hours => ({
  weekday,
  start,
  end,
  ...more,
});

const TODAY = "2026-03-10";

test("hours that touch or overlap become one, where they hold in the same time", () => {
  const week = [
    on(0, "09:00", "12:00", { effectiveFrom: "2020-01-01" }),
    on(0, "14:00", "16:00"),
    on(1, "09:00", "12:00"),
  ];
  expect(withHours(week, on(0, "12:00", "14:30"), TODAY)).toEqual([
    on(0, "09:00", "16:00", { effectiveFrom: "2020-01-01" }),
    on(1, "09:00", "12:00"),
  ]);
  const later = on(0, "11:00", "13:00", { effectiveFrom: "2026-05-01" });
  const both = withHours(week, later, TODAY);
  expect(both).toHaveLength(4);
  expect([contradict(both), contradict(week)]).toEqual([true, false]);
});

test("hours in the way are found, those that are changed and those of other days and months are not", () => {
  const spring = on(2, "09:00", "12:00", { effectiveUntil: "2026-05-31" });
  expect(inTheWay([spring], on(2, "11:00", "13:00"))).toBe(spring);
  expect(inTheWay([spring], on(2, "12:00", "13:00"))).toBeUndefined();
  expect(inTheWay([spring], on(2, "11:00", "13:00"), spring)).toBeUndefined();
  expect(inTheWay([spring], on(2, "11:00", "13:00", { effectiveFrom: "2026-06-01" }))).toBeUndefined();
});

test("a day is copied over others, whose own hours go", () => {
  const week = [on(0, "09:00", "12:00"), on(1, "20:00", "21:00"), on(2, "07:00", "08:00")];
  expect(copied(week, 0, [1, 4])).toEqual([
    on(0, "09:00", "12:00"),
    on(1, "09:00", "12:00"),
    on(2, "07:00", "08:00"),
    on(4, "09:00", "12:00"),
  ]);
});

test("nothing is moved out of its day or to nothing", () => {
  expect(moved(on(0, "09:00", "10:00"), -30, false)).toEqual(on(0, "08:30", "09:30"));
  expect(moved(on(0, "09:00", "10:00"), 30, true)).toEqual(on(0, "09:00", "10:30"));
  expect(moved(on(0, "00:00", "10:00"), -30, false)).toEqual(on(0, "00:00", "10:00"));
  expect(moved(on(0, "23:00", "24:00"), 30, true)).toEqual(on(0, "23:00", "24:00"));
  expect(moved(on(0, "09:00", "09:30"), -30, true)).toEqual(on(0, "09:00", "09:30"));
});

test("the grid shows the working day and what goes beyond it", () => {
  expect(shownHours([])).toEqual({ from: 8, to: 19 });
  expect(shownHours([on(0, "06:45", "07:00"), on(0, "20:00", "21:15")])).toEqual({ from: 6, to: 22 });
});

test("a day that differs must not contradict another, save hours in place of a day off", () => {
  const off = { date: "2026-05-01", available: false };
  const extra = { date: "2026-05-01", available: true, start: "10:00", end: "12:00" };
  expect(faultOfDay([off], extra)).toBeNull();
  expect(faultOfDay([extra], { ...extra, start: "11:00", end: "13:00" })).toBe("overlap");
  expect(faultOfDay([extra], { ...extra, start: "11:00", end: "13:00" }, extra)).toBeNull();
  expect(faultOfDay([], { ...extra, start: "12:00" })).toBe("order");
});

test("a month has whole weeks that begin on Mondays", () => {
  const weeks = weeksOf(2026, 1);
  expect(weeks.map((week) => week.length)).toEqual([7, 7, 7, 7, 7]);
  expect(weeks[0]).toEqual([null, null, null, null, null, null, "2026-02-01"]);
  expect(weekdayOf("2026-02-01")).toBe(6);
});
