/** Days of the week as the contract numbers them: 0 is Monday. */
import { inWords } from "@/i18n/times";

export const WEEKDAYS = [0, 1, 2, 3, 4, 5, 6] as const;

/** Its name in the reader's language. */
export function weekdayName(weekday: number): string {
  // The first of January 2024 was a Monday.
  return inWords(new Date(Date.UTC(2024, 0, 1 + weekday)), "weekday", "UTC");
}
