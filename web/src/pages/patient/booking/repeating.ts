/** How often an appointment is wanted: once, or as a series that keeps to the therapist's clock. */
import { type Slot, weeksLater } from "../calendar_days";

export interface Repeat {
  occurrences: number;
  intervalWeeks: number;
}

export const ONCE: Repeat = { occurrences: 1, intervalWeeks: 1 };
export const FEWEST = 2;
export const MOST = 12;

/** When each of a series is, the first with them. */
export function seriesOf(
  first: Slot,
  { occurrences, intervalWeeks }: Repeat,
  therapistsZone: string,
): Slot[] {
  const length = Date.parse(first.endAt) - Date.parse(first.startAt);
  return Array.from({ length: occurrences }, (_, number) => {
    const startAt = weeksLater(first.startAt, number * intervalWeeks, therapistsZone);
    return { startAt, endAt: new Date(Date.parse(startAt) + length).toISOString() };
  });
}
