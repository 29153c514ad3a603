import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Tick } from "@/ui/field";
import { WEEKDAYS, weekdayName } from "../weekdays";

interface Props {
  weekday: number;
  onCopy: (to: number[]) => void;
  onClose: () => void;
}

const WORKDAYS = [0, 1, 2, 3, 4];

/** To which other days the hours of one are copied. */
export function CopyDialog({ weekday, onCopy, onClose }: Props) {
  const { t } = useTranslation("therapist");
  const { t: common } = useTranslation("common");
  const [chosen, setChosen] = useState<number[]>([]);
  const [tried, setTried] = useState(false);
  const others = WEEKDAYS.filter((day) => day !== weekday);
  const toggle = (day: number) =>
    setChosen((before) => (before.includes(day) ? before.filter((one) => one !== day) : [...before, day]));
  const copy = () => {
    setTried(true);
    if (!chosen.length) return;
    onCopy(chosen);
    onClose();
  };
  return (
    <Dialog title={t("availability.copyDialog.title", { day: weekdayName(weekday) })} onClose={onClose}>
      <div className="grid gap-4">
        <p>{t("availability.copyDialog.lead")}</p>
        <div>
          <Button
            look="plain"
            size="small"
            className="min-h-11"
            onClick={() => setChosen(WORKDAYS.filter((day) => day !== weekday))}
          >
            {t("availability.copyDialog.workdays")}
          </Button>
        </div>
        <fieldset className="grid gap-3 sm:grid-cols-2">
          <legend className="sr-only">{t("availability.copyDialog.lead")}</legend>
          {others.map((day) => (
            <Tick
              key={day}
              label={<span className="inline-block first-letter:uppercase">{weekdayName(day)}</span>}
              checked={chosen.includes(day)}
              onChange={() => toggle(day)}
            />
          ))}
        </fieldset>
        {tried && !chosen.length && (
          <p role="alert" className="font-semibold text-petal">
            {t("availability.copyDialog.none")}
          </p>
        )}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {common("cancel")}
          </Button>
          <Button onClick={copy}>{t("availability.copyDialog.apply")}</Button>
        </div>
      </div>
    </Dialog>
  );
}
