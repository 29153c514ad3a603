/** Once, or a series: chosen before the time is. */
import { useTranslation } from "react-i18next";
import { Select } from "@/ui/field";
import { FEWEST, MOST, ONCE, type Repeat } from "./repeating";

const OFTEN = ["once", "weekly", "fortnightly", "monthly"] as const;
const WEEKS = { once: 1, weekly: 1, fortnightly: 2, monthly: 4 };

interface Props {
  repeat: Repeat;
  onChange: (repeat: Repeat) => void;
}

export function RepeatChoice({ repeat, onChange }: Props) {
  const { t } = useTranslation("patient");
  const { occurrences, intervalWeeks } = repeat;
  const often =
    occurrences === 1 ? "once" : (OFTEN.slice(1).find((each) => WEEKS[each] === intervalWeeks) ?? "weekly");
  const choose = (chosen: (typeof OFTEN)[number]) =>
    onChange(
      chosen === "once"
        ? ONCE
        : { occurrences: Math.max(occurrences, FEWEST * 2), intervalWeeks: WEEKS[chosen] },
    );
  return (
    <div className="flex flex-wrap gap-3">
      <Select
        label={t("repeat.label")}
        value={often}
        onChange={(event) => choose(event.target.value as "once")}
      >
        {OFTEN.map((each) => (
          <option key={each} value={each}>
            {t(`repeat.${each}`)}
          </option>
        ))}
      </Select>
      {occurrences > 1 && (
        <Select
          label={t("repeat.times")}
          value={occurrences}
          onChange={(event) => onChange({ intervalWeeks, occurrences: Number(event.target.value) })}
        >
          {Array.from({ length: MOST - FEWEST + 1 }, (_, number) => number + FEWEST).map((count) => (
            <option key={count} value={count}>
              {t("repeat.count", { count })}
            </option>
          ))}
        </Select>
      )}
    </div>
  );
}
