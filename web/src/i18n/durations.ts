/** Lengths of time as one says them: "50 minutes", "2 hours", "90 days". */
import i18n from "i18next";

type Unit = "minute" | "hour" | "day";

const SIZES: Record<Unit, number> = { minute: 1, hour: 60, day: 1440 };

function fitting(minutes: number): Unit {
  if (minutes >= 2 * SIZES.day && minutes % SIZES.day === 0) return "day";
  return minutes >= 2 * SIZES.hour && minutes % SIZES.hour === 0 ? "hour" : "minute";
}

/** In this unit, or in the largest that needs no fraction. */
export function durationWords(minutes: number, unit: Unit = fitting(minutes)): string {
  return new Intl.NumberFormat(i18n.language, {
    style: "unit",
    unit,
    unitDisplay: "long",
    maximumFractionDigits: 1,
  }).format(minutes / SIZES[unit]);
}
