/** Why a time was not given: kinds after which another time is the answer. */
import { Problem } from "@/api/problem";

const OF_THE_TIME = [
  "slot-taken",
  "day-full",
  "own-time-taken",
  "time-past",
  "time-too-soon",
  "time-too-far",
  "outside-hours",
  "time-misaligned",
  "wrong-length",
] as const;

export type TimeRefusal = (typeof OF_THE_TIME)[number];

/** The kind, where it is the time that cannot be had; null where something else is wrong. */
export function refusalOfTime(reason: unknown): TimeRefusal | null {
  if (!(reason instanceof Problem)) return null;
  return OF_THE_TIME.find((kind) => kind === reason.kind) ?? null;
}

/** Which of a series cannot be had, by their places; empty where something else is wrong. */
export function placesNotFree(reason: unknown): number[] {
  if (!(reason instanceof Problem) || reason.kind !== "series-not-free") return [];
  return reason.faults
    .map(({ pointer }) => Number(/^\/occurrences\/(\d+)$/.exec(pointer)?.[1] ?? Number.NaN))
    .filter((place) => !Number.isNaN(place));
}
