import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Select } from "@/ui/field";
import { WEEKDAYS, weekdayName } from "../weekdays";
import { ClockChoice } from "./clock_choice";
import { type Hours, inTheWay, minutesOf } from "./hours";
import { useHoursWords } from "./hours_words";

interface Props {
  given: Hours;
  /** Those that are changed; null where these are new. */
  standing: Hours | null;
  all: readonly Hours[];
  today: string;
  onApply: (hours: Hours) => void;
  onRemove: (() => void) | null;
  onClose: () => void;
}

/** Day, times, and for how long hours hold. */
export function HoursDialog({ given, standing, all, today, onApply, onRemove, onClose }: Props) {
  const { t } = useTranslation("therapist");
  const { t: common } = useTranslation("common");
  const words = useHoursWords();
  const [hours, setHours] = useState(given);
  const [tried, setTried] = useState(false);
  const change = (fields: Partial<Hours>) => setHours((before) => ({ ...before, ...fields }));
  const isLimited = Boolean(words.holding(given, today));
  const order = minutesOf(hours.start) >= minutesOf(hours.end);
  const daysOrder = Boolean(hours.effectiveUntil && hours.effectiveUntil < (hours.effectiveFrom ?? today));
  const met = order ? undefined : inTheWay(all, hours, standing ?? undefined);
  const apply = () => {
    setTried(true);
    if (order || daysOrder || met) return;
    onApply(hours);
    onClose();
  };
  const overlapWords =
    met && t("availability.dialog.overlap", { start: words.clock(met.start), end: words.clock(met.end) });
  return (
    <Dialog
      title={t(standing ? "availability.dialog.editTitle" : "availability.dialog.newTitle")}
      onClose={onClose}
    >
      <div className="grid gap-4">
        <Select
          label={t("availability.dialog.day")}
          value={hours.weekday}
          onChange={(event) => change({ weekday: Number(event.target.value) })}
        >
          {WEEKDAYS.map((day) => (
            <option key={day} value={day}>
              {weekdayName(day)}
            </option>
          ))}
        </Select>
        <div className="grid gap-4 sm:grid-cols-2">
          <ClockChoice
            label={t("availability.dialog.start")}
            value={hours.start}
            onChange={(start) => change({ start })}
          />
          <ClockChoice
            label={t("availability.dialog.end")}
            value={hours.end}
            onChange={(end) => change({ end })}
            fault={tried && (order ? t("availability.dialog.order") : overlapWords)}
          />
        </div>
        <details open={isLimited}>
          <summary className="min-h-11 py-2 font-semibold text-leaf">
            {t("availability.dialog.limited")}
          </summary>
          <div className="mt-2 grid gap-4 sm:grid-cols-2">
            <Field
              label={t("availability.dialog.first")}
              hint={t("availability.dialog.firstHint")}
              type="date"
              value={hours.effectiveFrom ?? ""}
              onChange={(event) => change({ effectiveFrom: event.target.value || null })}
            />
            <Field
              label={t("availability.dialog.last")}
              hint={t("availability.dialog.lastHint")}
              type="date"
              min={today}
              value={hours.effectiveUntil ?? ""}
              onChange={(event) => change({ effectiveUntil: event.target.value || null })}
              fault={tried && daysOrder && t("availability.dialog.daysOrder")}
            />
          </div>
        </details>
        <div className="flex flex-wrap items-center justify-end gap-2">
          {onRemove && (
            <Button
              look="grave"
              className="mr-auto"
              onClick={() => {
                onRemove();
                onClose();
              }}
            >
              {t("availability.dialog.remove")}
            </Button>
          )}
          <Button look="quiet" onClick={onClose}>
            {common("cancel")}
          </Button>
          <Button onClick={apply}>{t("availability.dialog.apply")}</Button>
        </div>
      </div>
    </Dialog>
  );
}
