/** How long something has waited, in the steps that matter for an alert. */
export const AGES = ["minutes5", "minutes15", "hour", "day", "older"] as const;
export type Age = (typeof AGES)[number];

const LIMITS: readonly [Age, number][] = [
  ["minutes5", 5 * 60_000],
  ["minutes15", 15 * 60_000],
  ["hour", 60 * 60_000],
  ["day", 24 * 60 * 60_000],
];

/** How many instants (RFC 3339) lie so far back from `now` (milliseconds). */
export function byAge(instants: readonly string[], now: number): Record<Age, number> {
  const counts: Record<Age, number> = { minutes5: 0, minutes15: 0, hour: 0, day: 0, older: 0 };
  for (const instant of instants) {
    const waited = now - new Date(instant).getTime();
    counts[LIMITS.find(([, limit]) => waited < limit)?.[0] ?? "older"] += 1;
  }
  return counts;
}
