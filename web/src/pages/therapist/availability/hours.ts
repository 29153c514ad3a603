/** Weekly hours and days that differ, as pure values: clocks are `09:30`, the end of a day is `24:00`. */
import i18n from "i18next";
import type { Shape } from "@/api/client";

export type Hours = Shape<"WeeklyHours">;
export type DifferentDay = Shape<"DifferentDay">;
export type Availability = Omit<Shape<"NewAvailability">, "revision">;

export const MINUTES_OF_A_DAY = 1440;

export function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return hours * 60 + minutes;
}

export function clockOf(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

/** A clock as the reader's language writes it. */
export function clockWords(clock: string): string {
  const moment = new Date(minutesOf(clock) * 60_000);
  return new Intl.DateTimeFormat(i18n.language, {
    hour: "numeric",
    minute: "2-digit",
    timeZone: "UTC",
  }).format(moment);
}

/** Whether hours hold on or after a day. */
export function isOver(hours: Hours, today: string): boolean {
  return Boolean(hours.effectiveUntil && hours.effectiveUntil < today);
}

function daysMeet(one: Hours, other: Hours): boolean {
  const first = "0000-00-00";
  const last = "9999-99-99";
  return (
    (one.effectiveFrom ?? first) <= (other.effectiveUntil ?? last) &&
    (other.effectiveFrom ?? first) <= (one.effectiveUntil ?? last)
  );
}

/** Whether two could hold at the same moment. */
export function overlap(one: Hours, other: Hours): boolean {
  return (
    one.weekday === other.weekday &&
    minutesOf(one.start) < minutesOf(other.end) &&
    minutesOf(other.start) < minutesOf(one.end) &&
    daysMeet(one, other)
  );
}

/** The first of the hours that these would overlap with, `instead` of which they may stand. */
export function inTheWay(all: readonly Hours[], given: Hours, instead?: Hours): Hours | undefined {
  return all.find((one) => one !== instead && overlap(one, given));
}

/** By day and time of day. */
export function sorted(all: readonly Hours[]): Hours[] {
  return all.toSorted((a, b) => a.weekday - b.weekday || minutesOf(a.start) - minutesOf(b.start));
}

/**
 * With hours added or put instead of others; what touches or overlaps them and holds in the same time becomes one with
 * them. When hours began that hold already makes no difference.
 */
export function withHours(all: readonly Hours[], given: Hours, today: string, instead?: Hours): Hours[] {
  const others = all.filter((one) => one !== instead);
  const begins = ({ effectiveFrom }: Hours) =>
    effectiveFrom && effectiveFrom > today ? effectiveFrom : null;
  const joins = (one: Hours) =>
    one.weekday === given.weekday &&
    begins(one) === begins(given) &&
    (one.effectiveUntil ?? null) === (given.effectiveUntil ?? null) &&
    minutesOf(one.start) <= minutesOf(given.end) &&
    minutesOf(given.start) <= minutesOf(one.end);
  const joined = others.filter(joins);
  const start = Math.min(...[given, ...joined].map((one) => minutesOf(one.start)));
  const end = Math.max(...[given, ...joined].map((one) => minutesOf(one.end)));
  const whole = { ...joined[0], ...given, start: clockOf(start), end: clockOf(end) };
  return sorted([...others.filter((one) => !joins(one)), whole]);
}

/** Whether two of them could hold at the same moment. */
export function contradict(all: readonly Hours[]): boolean {
  return all.some((one, place) => all.slice(place + 1).some((other) => overlap(one, other)));
}

/** One day's hours in place of those of other days. */
export function copied(all: readonly Hours[], from: number, to: readonly number[]): Hours[] {
  const ofDay = all.filter(({ weekday }) => weekday === from);
  const kept = all.filter(({ weekday }) => !to.includes(weekday));
  return sorted([...kept, ...to.flatMap((weekday) => ofDay.map((hours) => ({ ...hours, weekday })))]);
}

/** Moved by so many minutes, its end alone where only that is to move; unchanged where it would leave the day. */
export function moved(hours: Hours, by: number, endAlone: boolean): Hours {
  const start = minutesOf(hours.start) + (endAlone ? 0 : by);
  const end = minutesOf(hours.end) + by;
  if (start < 0 || end > MINUTES_OF_A_DAY || end <= start) return hours;
  return { ...hours, start: clockOf(start), end: clockOf(end) };
}

/** From which full hour to which the week has to be shown: the usual working day, and whatever goes beyond it. */
export function shownHours(all: readonly Hours[]): { from: number; to: number } {
  const from = Math.min(8, ...all.map(({ start }) => Math.floor(minutesOf(start) / 60)));
  const to = Math.max(19, ...all.map(({ end }) => Math.ceil(minutesOf(end) / 60)));
  return { from, to };
}

/** Minutes of a week that hours of this day on cover. */
export function weeklyMinutes(all: readonly Hours[], today: string): number {
  const now = all.filter((one) => !isOver(one, today) && (one.effectiveFrom ?? "") <= today);
  return now.reduce((sum, { start, end }) => sum + minutesOf(end) - minutesOf(start), 0);
}

/** What is wrong with a day that differs, beside those that are there. */
export function faultOfDay(
  all: readonly DifferentDay[],
  given: DifferentDay,
  instead?: DifferentDay,
): "order" | "overlap" | null {
  const span = (day: DifferentDay) =>
    [minutesOf(day.start ?? "00:00"), minutesOf(day.end ?? "24:00")] as const;
  const [start, end] = span(given);
  if (start >= end) return "order";
  const meets = all.some((one) => {
    if (one === instead || one.date !== given.date) return false;
    const replaced = one.available !== given.available && (one.start == null || given.start == null);
    const [from, to] = span(one);
    return !replaced && start < to && from < end;
  });
  return meets ? "overlap" : null;
}

/** Days in order. */
export function sortedDays(all: readonly DifferentDay[]): DifferentDay[] {
  return all.toSorted((a, b) => a.date.localeCompare(b.date) || (a.start ?? "").localeCompare(b.start ?? ""));
}

/** The weeks of a month from Monday on, each day as `2026-03-08`; days of other months are null. */
export function weeksOf(year: number, month: number): (string | null)[][] {
  const first = new Date(Date.UTC(year, month, 1));
  const before = (first.getUTCDay() + 6) % 7;
  const count = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const days: (string | null)[] = [
    ...Array<null>(before).fill(null),
    ...Array.from({ length: count }, (_, day) =>
      new Date(Date.UTC(year, month, day + 1)).toISOString().slice(0, 10),
    ),
  ];
  while (days.length % 7) days.push(null);
  return Array.from({ length: days.length / 7 }, (_, week) => days.slice(week * 7, week * 7 + 7));
}

/** The day of the week of a calendar day; 0 is Monday. */
export function weekdayOf(day: string): number {
  return (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
}
