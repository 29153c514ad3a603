/** From when until when, in words: "Thu, Nov 26, 9:00 – 9:50 AM", in a named zone. */
import i18n from "i18next";
import { deviceZone, zoneName } from "./times";

type Style = "time" | "dayAndTime" | "dayLongAndTime" | "days";

const STYLES: Record<Style, Intl.DateTimeFormatOptions> = {
  time: { hour: "numeric", minute: "2-digit" },
  dayAndTime: { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" },
  dayLongAndTime: { weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit" },
  days: { day: "numeric", month: "short" },
};

/** Two instants as one span in a zone. */
export function spanInWords(
  from: string | Date,
  to: string | Date,
  style: Style,
  timeZone = deviceZone(),
): string {
  const format = new Intl.DateTimeFormat(i18n.language, { ...STYLES[style], timeZone });
  return format.formatRange(new Date(from), new Date(to));
}

/** A zone's name where it is not the device's, for times that are shown in it; null where nothing has to be said. */
export function otherZone(timeZone: string): string | null {
  return timeZone === deviceZone() ? null : zoneName(timeZone);
}

/** Whether two zones' clocks show the same at an instant: Lisbon and London, Phoenix and Denver in winter. */
export function showTheSame(one: string, other: string, at: string | Date): boolean {
  const clock = (timeZone: string) =>
    new Intl.DateTimeFormat("en", { timeZone, dateStyle: "short", timeStyle: "short" }).format(new Date(at));
  return one === other || clock(one) === clock(other);
}
