/** Days that differ from the weekly hours: days off, hours off, extra hours. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { classes } from "@/ui/classes";
import { DayDialog } from "./day_dialog";
import { type DifferentDay, type Hours, sortedDays, weekdayOf } from "./hours";
import { useHoursWords } from "./hours_words";
import { type Marked, Month } from "./month";

interface Props {
  days: readonly DifferentDay[];
  hours: readonly Hours[];
  today: string;
  onChange: (days: DifferentDay[]) => void;
}

export function DifferentDays({ days, hours, today, onChange }: Props) {
  const { t } = useTranslation("therapist");
  const words = useHoursWords();
  const [chosen, setChosen] = useState<string | null>(null);
  const [allShown, setAllShown] = useState(false);
  const sorted = sortedDays(days);
  const over = sorted.filter(({ date }) => date < today);
  const shown = allShown ? sorted : sorted.filter(({ date }) => date >= today);
  const markOf = (day: string): Marked => {
    const differing = days.filter(({ date }) => date === day);
    const off = differing.some(({ available, start }) => !available && start == null);
    if (off && differing.length === 1) return { look: "off", words: t("availability.dayOff") };
    if (differing.length) return { look: "differs", words: differing.map(words.differing).join(", ") };
    const works = hours.some(
      ({ weekday, effectiveFrom, effectiveUntil }) =>
        weekday === weekdayOf(day) && (effectiveFrom ?? day) <= day && (effectiveUntil ?? day) >= day,
    );
    return works ? { look: "works", words: t("availability.legend.works") } : { look: "none", words: "" };
  };
  return (
    <Card title={t("availability.days")}>
      <p className="-mt-2 mb-4 text-sm text-ink-soft">{t("availability.daysLead")}</p>
      <div className="grid gap-6 md:grid-cols-[minmax(0,26rem)_1fr]">
        <div className="grid content-start gap-3">
          <Month today={today} markOf={markOf} onChoose={setChosen} />
          <Legend />
        </div>
        <div className="grid content-start gap-3">
          {!shown.length && <p className="text-ink-soft">{t("availability.noDays")}</p>}
          <ul className="grid divide-y divide-line empty:hidden">
            {shown.map((day) => (
              <DayLine key={`${day.date} ${day.start} ${day.available}`} day={day} onChange={setChosen} />
            ))}
          </ul>
          {!allShown && over.length > 0 && (
            <div>
              <Button look="link" size="text" onClick={() => setAllShown(true)}>
                {t("availability.showOver", { count: over.length })}
              </Button>
            </div>
          )}
        </div>
      </div>
      {chosen && <DayDialog date={chosen} all={days} onChange={onChange} onClose={() => setChosen(null)} />}
    </Card>
  );
}

function DayLine({ day, onChange }: { day: DifferentDay; onChange: (date: string) => void }) {
  const { t } = useTranslation("therapist");
  const words = useHoursWords();
  const name = inWords(`${day.date}T00:00:00Z`, "dayLong", "UTC");
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 py-2 first:pt-0">
      <div>
        <p className="font-semibold first-letter:uppercase">{name}</p>
        <p className="text-ink-soft">{words.differing(day)}</p>
      </div>
      <Button
        look="quiet"
        aria-label={t("availability.changeOf", { day: name })}
        onClick={() => onChange(day.date)}
      >
        {t("availability.change")}
      </Button>
    </li>
  );
}

function Legend() {
  const { t } = useTranslation("therapist");
  const entries = [
    ["works", "bg-leaf-soft"],
    ["off", "bg-raised"],
    ["differs", "border-2 border-dashed border-leaf"],
  ] as const;
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-sm text-ink-soft">
      {entries.map(([name, look]) => (
        <li key={name} className="flex items-center gap-2">
          <span aria-hidden className={classes("size-4 rounded", look)} />
          {t(`availability.legend.${name}`)}
        </li>
      ))}
    </ul>
  );
}
