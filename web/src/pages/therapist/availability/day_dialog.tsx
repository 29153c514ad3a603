import { X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import { ChoiceCards } from "@/ui/choice_cards";
import { Dialog } from "@/ui/dialog";
import { ClockChoice } from "./clock_choice";
import { type DifferentDay, faultOfDay } from "./hours";
import { useHoursWords } from "./hours_words";

interface Props {
  date: string;
  all: readonly DifferentDay[];
  onChange: (days: DifferentDay[]) => void;
  onClose: () => void;
}

type Kind = "off" | "hoursOff" | "extra";
const KINDS: readonly Kind[] = ["off", "hoursOff", "extra"];

/** What is different on one day: what stands already, to be removed, and one thing more. */
export function DayDialog({ date, all, onChange, onClose }: Props) {
  const { t } = useTranslation("therapist");
  const { t: common } = useTranslation("common");
  const [kind, setKind] = useState<Kind>("off");
  const [start, setStart] = useState("09:00");
  const [end, setEnd] = useState("12:00");
  const [tried, setTried] = useState(false);
  const standing = all.filter((day) => day.date === date);
  const given: DifferentDay =
    kind === "off"
      ? { date, available: false, start: null, end: null }
      : { date, available: kind === "extra", start, end };
  const fault = faultOfDay(all, given);
  const apply = () => {
    setTried(true);
    if (fault) return;
    onChange([...all, given]);
    onClose();
  };
  return (
    <Dialog
      title={
        <span className="inline-block first-letter:uppercase">
          {inWords(`${date}T00:00:00Z`, "dayLong", "UTC")}
        </span>
      }
      onClose={onClose}
    >
      <div className="grid gap-5">
        {standing.length > 0 && (
          <Standing days={standing} onRemove={(day) => onChange(all.filter((one) => one !== day))} />
        )}
        <div className="[&_fieldset>div]:sm:grid-cols-1">
          <ChoiceCards
            legend={t(standing.length ? "availability.dayDialog.addTo" : "availability.dayDialog.kind")}
            name="kind"
            value={kind}
            onChange={setKind}
            choices={KINDS.map((value) => ({
              value,
              title: t(`availability.dayDialog.${value}`),
              hint: t(`availability.dayDialog.${value}Hint`),
            }))}
          />
        </div>
        {kind !== "off" && (
          <div className="grid gap-4 sm:grid-cols-2">
            <ClockChoice label={t("availability.dialog.start")} value={start} onChange={setStart} />
            <ClockChoice
              label={t("availability.dialog.end")}
              value={end}
              onChange={setEnd}
              fault={tried && fault === "order" && t("availability.dialog.order")}
            />
          </div>
        )}
        {tried && fault === "overlap" && (
          <p role="alert" className="font-semibold text-petal">
            {t("availability.dayDialog.overlap")}
          </p>
        )}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {common("close")}
          </Button>
          <Button onClick={apply}>{t("availability.dialog.apply")}</Button>
        </div>
      </div>
    </Dialog>
  );
}

function Standing({ days, onRemove }: { days: DifferentDay[]; onRemove: (day: DifferentDay) => void }) {
  const { t } = useTranslation("therapist");
  const words = useHoursWords();
  return (
    <div className="grid gap-1">
      <h3>{t("availability.dayDialog.standing")}</h3>
      <ul className="grid gap-1">
        {days.map((day) => (
          <li
            key={`${day.start} ${day.available}`}
            className="flex items-center justify-between gap-2 rounded-control bg-raised pl-3"
          >
            {words.differing(day)}
            <Button
              look="quiet"
              size="icon"
              aria-label={t("availability.dayDialog.removeOf", { what: words.differing(day) })}
              onClick={() => onRemove(day)}
            >
              <X aria-hidden />
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
