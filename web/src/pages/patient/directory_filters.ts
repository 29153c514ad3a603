/** What a patient looks for in the directory: as the address keeps it, and as the server is asked. */
import { addDays } from "./calendar_days";
import { midnightOf } from "./midnight";

export interface Filters {
  specialty?: string;
  language?: string;
  /** The first day on which a time should be free, and the last. */
  from?: string;
  to?: string;
}

const NAMES = ["specialty", "language", "from", "to"] as const;
const A_DAY = /^\d{4}-\d{2}-\d{2}$/;
/** The server looks no further ahead at once. */
const LONGEST_DAYS = 61;

/** From an address; what cannot be meant is left out. */
export function filtersOf(address: URLSearchParams): Filters {
  const given = Object.fromEntries(
    NAMES.map((name) => [name, address.get(name)?.trim()]).filter(([, value]) => value),
  ) as Filters;
  if (given.from && !A_DAY.test(given.from)) delete given.from;
  if (given.to && (!A_DAY.test(given.to) || given.to < (given.from ?? ""))) delete given.to;
  return given;
}

/** As the server is asked: days begin and end by the clock of a zone, and the last one counts. */
export function queryOf({ specialty, language, from, to }: Filters, timeZone: string, now = Date.now()) {
  if (!from && !to) return { specialty, language };
  const begins = Math.max(now, from ? midnightOf(from, timeZone) : now);
  const asked = to ? midnightOf(addDays(to, 1), timeZone) : undefined;
  const ends = asked && Math.min(asked, begins + LONGEST_DAYS * 86_400_000);
  return {
    specialty,
    language,
    from: new Date(begins).toISOString(),
    to: ends && ends > begins ? new Date(ends).toISOString() : undefined,
  };
}
