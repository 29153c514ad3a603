/** A month to choose a day in; arrows go from day to day, Page Up and Down from month to month. */

import i18n from "i18next";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { WEEKDAYS } from "../weekdays";
import { weeksOf } from "./hours";

export interface Marked {
  /** Said after the day, and drawn. */
  words: string;
  look: "works" | "off" | "differs" | "none";
}

interface Props {
  today: string;
  markOf: (day: string) => Marked;
  onChoose: (day: string) => void;
}

const LOOKS = {
  works: "bg-leaf-soft font-semibold",
  off: "bg-raised text-ink-soft line-through",
  differs: "border-2 border-dashed border-leaf font-semibold",
  none: "text-ink-soft",
};

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

function shifted(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

function otherMonth(day: string, months: number): string {
  const [year = 0, month = 1] = day.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}

export function Month({ today, markOf, onChoose }: Props) {
  const { t } = useTranslation("therapist");
  const [at, setAt] = useState(today);
  const table = useRef<HTMLTableElement>(null);
  const byKey = useRef(false);
  const [year = 0, month = 1] = at.split("-").map(Number);
  const title = new Intl.DateTimeFormat(i18n.language, {
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  }).format(Date.UTC(year, month - 1, 1));
  useEffect(() => {
    if (byKey.current) table.current?.querySelector<HTMLElement>(`[data-day="${at}"]`)?.focus();
    byKey.current = false;
  }, [at]);
  const onKeyDown = (event: KeyboardEvent) => {
    const months = { PageUp: -1, PageDown: 1 }[event.key];
    const days = STEPS[event.key];
    const next = months ? otherMonth(at, months) : days ? shifted(at, days) : null;
    if (!next) return;
    event.preventDefault();
    byKey.current = true;
    setAt(next < today ? today : next);
  };
  return (
    <div className="max-w-md">
      <div className="mb-2 flex items-center justify-between">
        <Button
          look="quiet"
          size="icon"
          aria-label={t("availability.previous")}
          disabled={at.slice(0, 7) <= today.slice(0, 7)}
          onClick={() => setAt(otherMonth(at, -1) < today ? today : otherMonth(at, -1))}
        >
          <ChevronLeft aria-hidden />
        </Button>
        <p aria-live="polite" className="font-semibold first-letter:uppercase">
          {title}
        </p>
        <Button
          look="quiet"
          size="icon"
          aria-label={t("availability.next")}
          onClick={() => setAt(otherMonth(at, 1))}
        >
          <ChevronRight aria-hidden />
        </Button>
      </div>
      <table ref={table} className="w-full table-fixed border-separate border-spacing-1 text-center">
        <caption className="sr-only">{title}</caption>
        <thead>
          <tr>
            {WEEKDAYS.map((weekday) => (
              <th key={weekday} scope="col" className="text-xs font-semibold text-ink-soft">
                {new Intl.DateTimeFormat(i18n.language, { weekday: "short", timeZone: "UTC" }).format(
                  Date.UTC(2024, 0, 1 + weekday),
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeksOf(year, month - 1).map((week) => (
            <tr key={week.find(Boolean)}>
              {week.map((day, weekday) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a place in the week is what it is
                <td key={weekday} className="p-0">
                  {day && (
                    <button
                      type="button"
                      data-day={day}
                      tabIndex={day === at ? 0 : -1}
                      disabled={day < today}
                      aria-label={[inWords(`${day}T00:00:00Z`, "dayLong", "UTC"), markOf(day).words]
                        .filter(Boolean)
                        .join(", ")}
                      aria-current={day === today ? "date" : undefined}
                      onKeyDown={onKeyDown}
                      onClick={() => {
                        setAt(day);
                        onChoose(day);
                      }}
                      className={classes(
                        "min-h-11 w-full rounded-control tabular-nums enabled:hover:ring-2 enabled:hover:ring-line-strong disabled:opacity-40",
                        LOOKS[markOf(day).look],
                        day === today && "underline underline-offset-4",
                      )}
                    >
                      {Number(day.slice(8))}
                    </button>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
