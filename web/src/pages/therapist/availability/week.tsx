/** The hours of a week: a grid to draw in, a list on a phone, and everything by keyboard. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { durationWords } from "@/i18n/durations";
import { Card } from "@/ui/card";
import { WEEKDAYS, weekdayName } from "../weekdays";
import { CopyDialog } from "./copy_dialog";
import { DayColumn } from "./day_column";
import { HOUR_PX } from "./dragging";
import {
  clockOf,
  contradict,
  copied,
  type Hours,
  inTheWay,
  isOver,
  shownHours,
  sorted,
  weeklyMinutes,
  withHours,
} from "./hours";
import { HoursDialog } from "./hours_dialog";
import { useHoursWords } from "./hours_words";
import { useWide } from "./wide";

interface Props {
  hours: readonly Hours[];
  today: string;
  onChange: (hours: Hours[]) => void;
}

type Opened = { hours: Hours; standing: Hours | null };

export function Week({ hours, today, onChange }: Props) {
  const { t } = useTranslation("therapist");
  const words = useHoursWords();
  const wide = useWide();
  const [opened, setOpened] = useState<Opened | null>(null);
  const [copying, setCopying] = useState<number | null>(null);
  const [news, setNews] = useState("");
  // What is over stays kept, and is not shown.
  const present = sorted(hours.filter((one) => !isOver(one, today)));
  const shown = shownHours(present);
  const tell = ({ weekday, start, end }: Hours) =>
    setNews(
      t("availability.hoursOn", {
        day: weekdayName(weekday),
        start: words.clock(start),
        end: words.clock(end),
      }),
    );
  const put = (given: Hours, instead?: Hours) => {
    onChange(withHours(hours, given, today, instead));
    tell(given);
  };
  const draw = (given: Hours) => {
    if (contradict(withHours(hours, given, today))) setOpened({ hours: given, standing: null });
    else put(given);
  };
  const move = (one: Hours, changed: Hours) => {
    if (inTheWay(hours, changed, one)) return;
    onChange(hours.map((each) => (each === one ? changed : each)));
    tell(changed);
  };
  const remove = (one: Hours) => {
    onChange(hours.filter((each) => each !== one));
    setNews(t("availability.removed"));
  };
  return (
    <Card
      title={t("availability.week")}
      aside={
        <p className="text-ink-soft">
          {t("availability.total", { hours: durationWords(weeklyMinutes(present, today), "hour") })}
        </p>
      }
    >
      <p className="-mt-2 text-sm text-ink-soft">{t("availability.weekHint")}</p>
      <p className="mb-4 hidden text-sm text-ink-soft md:block">{t("availability.keysHint")}</p>
      <p className="sr-only" aria-live="polite">
        {news}
      </p>
      <div className="grid gap-5 md:grid-cols-[auto_repeat(7,minmax(0,1fr))] md:gap-2">
        <HourNames from={shown.from} to={shown.to} />
        {WEEKDAYS.map((weekday) => (
          <DayColumn
            key={weekday}
            weekday={weekday}
            hours={present.filter((one) => one.weekday === weekday)}
            today={today}
            shown={shown}
            wide={wide}
            onAdd={(given, ask) => (ask ? setOpened({ hours: given, standing: null }) : draw(given))}
            onOpen={(one) => setOpened({ hours: one, standing: one })}
            onMove={move}
            onRemove={remove}
            onCopy={() => setCopying(weekday)}
          />
        ))}
      </div>
      {opened && (
        <HoursDialog
          given={opened.hours}
          standing={opened.standing}
          all={hours}
          today={today}
          onApply={(given) => put(given, opened.standing ?? undefined)}
          onRemove={opened.standing ? () => opened.standing && remove(opened.standing) : null}
          onClose={() => setOpened(null)}
        />
      )}
      {copying !== null && (
        <CopyDialog
          weekday={copying}
          onCopy={(to) => onChange(copied(hours, copying, to))}
          onClose={() => setCopying(null)}
        />
      )}
    </Card>
  );
}

function HourNames({ from, to }: { from: number; to: number }) {
  const words = useHoursWords();
  const names = Array.from({ length: to - from }, (_, place) => from + place);
  return (
    <div aria-hidden className="hidden pt-[3.9rem] md:block">
      {names.map((hour) => (
        <div
          key={hour}
          className="-translate-y-2 pr-1 text-right text-xs text-ink-soft tabular-nums"
          style={{ height: `${HOUR_PX}px` }}
        >
          {words.clock(clockOf(hour * 60))}
        </div>
      ))}
    </div>
  );
}
