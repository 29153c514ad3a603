/** What is left of a time, as `4:05`; `0:00` where nothing is. */
export function leftUntil(instant: string, now: number): string {
  const seconds = Math.max(0, Math.floor((Date.parse(instant) - now) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Whether it has passed. */
export function isOver(instant: string, now: number): boolean {
  return Date.parse(instant) <= now;
}
