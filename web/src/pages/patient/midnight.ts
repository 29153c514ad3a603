/** When a day begins by the clock of a zone. */
const DAY_MS = 86_400_000;

/** The first instant of a day (`2026-03-08`) in a zone, in milliseconds: also where that day has no midnight. */
export function midnightOf(day: string, timeZone: string): number {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone });
  let before = Date.parse(day) - DAY_MS;
  let within = Date.parse(day) + DAY_MS;
  // In no zone the day has begun a day before it does in UTC, and in each it has a day after.
  while (within - before > 1) {
    const between = Math.floor((before + within) / 2);
    if (format.format(between) < day) before = between;
    else within = between;
  }
  return within;
}
