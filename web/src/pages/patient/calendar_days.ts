/** Calendar days as `2026-03-08`, and times sorted into them by the clock of a zone: right where clocks are set. */
import { dayOf } from "@/i18n/times";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** No clock on earth is further from UTC than this. */
const FURTHEST_MS = 14 * HOUR_MS;
/** Zones whose clocks are set do it once within this time. */
const AROUND_MS = DAY_MS;

/** A day later, or so many. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** So many days, from the first on. */
export function daysFrom(first: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => addDays(first, number));
}

/** Between which instants all of these days lie in every zone; what is found of others is left out by `byDay`. */
export function around(days: readonly string[]): { from: string; to: string } {
  const first = Date.parse(days[0] as string);
  const last = Date.parse(days.at(-1) as string);
  return {
    from: new Date(first - FURTHEST_MS).toISOString(),
    to: new Date(last + DAY_MS + FURTHEST_MS).toISOString(),
  };
}

export interface Slot {
  startAt: string;
  endAt: string;
}

/** The slots of each of these days by the clock of a zone, also of days that have none. */
export function byDay<One extends Slot>(
  slots: readonly One[],
  days: readonly string[],
  timeZone: string,
): { day: string; slots: One[] }[] {
  const found = new Map<string, One[]>(days.map((day) => [day, []]));
  for (const slot of slots) found.get(dayOf(slot.startAt, timeZone))?.push(slot);
  return days.map((day) => ({ day, slots: found.get(day) ?? [] }));
}

/** The slots that begin nearest to an instant, in their order. */
export function nearest<One extends Slot>(slots: readonly One[], startAt: string, count: number): One[] {
  const distance = (slot: Slot) => Math.abs(Date.parse(slot.startAt) - Date.parse(startAt));
  return [...slots]
    .filter((slot) => distance(slot) > 0)
    .sort((one, other) => distance(one) - distance(other))
    .slice(0, count)
    .sort((one, other) => one.startAt.localeCompare(other.startAt));
}

/** The instant of a day that stands for it in words, whatever the zone: noon. */
export function noonOf(day: string): Date {
  return new Date(`${day}T12:00:00Z`);
}

/** So many weeks later at the same time of a zone's clock, as a weekly series keeps to it. */
export function weeksLater(startAt: string, weeks: number, timeZone: string): string {
  const start = Date.parse(startAt);
  const wanted = start + offsetAt(start, timeZone) + weeks * 7 * DAY_MS;
  const offsets = [wanted - AROUND_MS, wanted + AROUND_MS].map((instant) => offsetAt(instant, timeZone));
  const fits = offsets
    .map((offset) => wanted - offset)
    .filter((instant) => instant + offsetAt(instant, timeZone) === wanted);
  return new Date(fits[0] ?? wanted - (offsets[0] as number)).toISOString();
}

/** How far a zone's clock is ahead of UTC at an instant, in milliseconds. */
function offsetAt(instant: number, timeZone: string): number {
  const shown = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(instant);
  const part = (type: string) => shown.find((each) => each.type === type)?.value ?? "00";
  const wall = Date.parse(
    `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}:${part("second")}Z`,
  );
  return wall - Math.floor(instant / 1000) * 1000;
}
