/** Times and dates as a person reads them: always in a named zone, always in their language. */
import i18n from "i18next";

/** How long the device is believed to stay in its zone, in milliseconds: to ask for it costs as much as a row on the screen. */
const STAYS_MS = 30_000;

let zone = "";
let askedAt = Number.NEGATIVE_INFINITY;

/** The zone of this device, as `America/Los_Angeles`. */
export function deviceZone(): string {
  const now = performance.now();
  if (now - askedAt > STAYS_MS) {
    zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    askedAt = now;
  }
  return zone;
}

type Style = "time" | "day" | "dayLong" | "dayAndTime" | "date" | "dateAndTime" | "weekday";

const STYLES: Record<Style | "calendarDay", Intl.DateTimeFormatOptions> = {
  calendarDay: { year: "numeric", month: "2-digit", day: "2-digit" },
  time: { hour: "numeric", minute: "2-digit" },
  day: { weekday: "short", day: "numeric", month: "short" },
  dayLong: { weekday: "long", day: "numeric", month: "long" },
  dayAndTime: { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" },
  date: { day: "numeric", month: "short", year: "numeric" },
  dateAndTime: { day: "numeric", month: "short", year: "numeric", hour: "numeric", minute: "2-digit" },
  weekday: { weekday: "long" },
};

const formats = new Map<string, Intl.DateTimeFormat>();

/** Made once for each language, way and zone: to make one takes longer than to use it. */
function formatOf(language: string, style: Style | "calendarDay", timeZone: string): Intl.DateTimeFormat {
  const key = `${language} ${style} ${timeZone}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(language, { ...STYLES[style], timeZone });
    formats.set(key, format);
  }
  return format;
}

/** An instant (RFC 3339, or a Date) in words, in this zone. */
export function inWords(instant: string | Date, style: Style, timeZone = deviceZone()): string {
  return formatOf(i18n.language, style, timeZone).format(new Date(instant));
}

/** The calendar day of an instant in a zone, as `2026-03-08`. */
export function dayOf(instant: string | Date, timeZone = deviceZone()): string {
  return formatOf("en-CA", "calendarDay", timeZone).format(new Date(instant));
}

const relative = new Map<string, Intl.RelativeTimeFormat>();

function relativeIn(language: string): Intl.RelativeTimeFormat {
  let words = relative.get(language);
  if (!words) {
    words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    relative.set(language, words);
  }
  return words;
}

/** How long ago or ahead: "in 5 minutes", "3 days ago". */
export function fromNow(instant: string | Date, now: number = Date.now()): string {
  const seconds = (new Date(instant).getTime() - now) / 1000;
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ];
  const words = relativeIn(i18n.language);
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return words.format(Math.round(seconds), "second");
}

/** A zone's name as people say it: "Pacific Time", "hora del Pacífico". */
export function zoneName(timeZone: string): string {
  if (timeZone === "UTC") return timeZone;
  const parts = new Intl.DateTimeFormat(i18n.language, {
    timeZone,
    timeZoneName: "longGeneric",
  }).formatToParts();
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? timeZone;
}
