/** Seven days of free times: columns where there is room, else a list of days that open. */
import { useTranslation } from "react-i18next";
import { inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { useWide } from "@/ui/wide";
import { byDay, noonOf, type Slot } from "../calendar_days";

interface Props {
  days: readonly string[];
  slots: readonly Slot[];
  zone: string;
  /** Older times are shown while those of other days are on their way. */
  stale: boolean;
  /** A time that was asked for by the address: it stands out. */
  marked: string | null;
  onChoose: (slot: Slot) => void;
}

export function Week({ days, slots, zone, stale, marked, onChoose }: Props) {
  const { t } = useTranslation("patient");
  const wide = useWide();
  const sorted = byDay(slots, days, zone);
  const first = sorted.find((each) => each.slots.length > 0)?.day;
  const timesOf = (day: { slots: Slot[] }) => (
    <Times slots={day.slots} zone={zone} marked={marked} onChoose={onChoose} />
  );
  if (wide)
    return (
      <ol
        className={classes("grid grid-cols-7 gap-3", stale && "opacity-60")}
        aria-busy={stale}
        aria-label={t("week.label")}
      >
        {sorted.map((each) => (
          <li key={each.day} className="grid min-w-0 content-start gap-2">
            <h3 className="border-b border-line pb-2 text-center text-sm first-letter:uppercase">
              {inWords(noonOf(each.day), "day", "UTC")}
            </h3>
            {each.slots.length > 0 ? (
              timesOf(each)
            ) : (
              <p className="pt-1 text-center text-sm text-ink-soft">{t("week.nothing")}</p>
            )}
          </li>
        ))}
      </ol>
    );
  return (
    <ol
      className={classes("grid gap-2", stale && "opacity-60")}
      aria-busy={stale}
      aria-label={t("week.label")}
    >
      {sorted.map((each) => (
        <li key={each.day} className="rounded-card border border-line bg-surface">
          {each.slots.length > 0 ? (
            <details open={each.day === first}>
              <summary className="flex min-h-12 items-center justify-between gap-3 px-4 py-2">
                <h3 className="first-letter:uppercase">{inWords(noonOf(each.day), "dayLong", "UTC")}</h3>
                <span className="shrink-0 text-sm text-ink-soft">
                  {t("week.free", { count: each.slots.length })}
                </span>
              </summary>
              <div className="px-4 pt-1 pb-4">{timesOf(each)}</div>
            </details>
          ) : (
            <div className="flex min-h-12 items-center justify-between gap-3 px-4 py-2 text-ink-soft">
              <h3 className="font-normal first-letter:uppercase">
                {inWords(noonOf(each.day), "dayLong", "UTC")}
              </h3>
              <span className="shrink-0 text-sm">{t("week.nothing")}</span>
            </div>
          )}
        </li>
      ))}
    </ol>
  );
}

interface TimesProps {
  slots: readonly Slot[];
  zone: string;
  marked?: string | null;
  /** Say the day with the time: for times of several days side by side. */
  withDay?: boolean;
  onChoose: (slot: Slot) => void;
}

export function Times({ slots, zone, marked, withDay = false, onChoose }: TimesProps) {
  return (
    <ul
      className={classes(
        withDay
          ? "flex flex-wrap gap-2"
          : "grid grid-cols-[repeat(auto-fill,minmax(5rem,1fr))] gap-2 lg:grid-cols-1",
      )}
    >
      {slots.map((slot) => (
        <li key={slot.startAt}>
          <Button
            look={slot.startAt === marked ? "main" : "plain"}
            size="small"
            className={classes("min-h-11 w-full tabular-nums lg:min-h-10", withDay ? "px-3" : "px-1")}
            onClick={() => onChoose(slot)}
          >
            {!withDay && <span className="sr-only">{inWords(slot.startAt, "dayLong", zone)}</span>}
            <time dateTime={slot.startAt}>
              {inWords(slot.startAt, withDay ? "dayAndTime" : "time", zone)}
            </time>
          </Button>
        </li>
      ))}
    </ul>
  );
}
