/** Hours in words. */
import { useTranslation } from "react-i18next";
import { inWords } from "@/i18n/times";
import { clockWords, type DifferentDay, type Hours } from "./hours";

export function useHoursWords() {
  const { t } = useTranslation("therapist");
  const clock = (written: string) => (written === "24:00" ? t("availability.midnight") : clockWords(written));
  const day = (written: string) => inWords(`${written}T00:00:00Z`, "date", "UTC");
  return {
    clock,
    /** "9:00 AM to 12:00 PM" */
    span: (hours: { start: string; end: string }) =>
      t("availability.hours", { start: clock(hours.start), end: clock(hours.end) }),
    /** "from 1 June", where they hold for some time alone; what has begun needs no word. */
    holding: ({ effectiveFrom, effectiveUntil }: Hours, today: string) => {
      const from = effectiveFrom && effectiveFrom > today ? day(effectiveFrom) : null;
      const until = effectiveUntil ? day(effectiveUntil) : null;
      if (from && until) return t("availability.fromUntil", { from, until });
      if (from) return t("availability.from", { date: from });
      return until ? t("availability.until", { date: until }) : null;
    },
    /** "Day off", "Off from 9 to 10" */
    differing: ({ available, start, end }: DifferentDay) => {
      if (start == null || end == null) return t("availability.dayOff");
      const span = { start: clock(start), end: clock(end) };
      return available ? t("availability.extra", span) : t("availability.hoursOff", span);
    },
  };
}
