/** On which terms patients book: lengths, spaces, and how far ahead. */
import { useTranslation } from "react-i18next";
import { durationWords } from "@/i18n/durations";
import { zoneName } from "@/i18n/times";
import { Card } from "@/ui/card";
import { Select } from "@/ui/field";
import type { Availability } from "./hours";

interface Props {
  terms: Availability;
  onChange: (fields: Partial<Availability>) => void;
}

const HOUR = 60;
const DAY = 24 * HOUR;
const CHOICES = {
  sessionMinutes: [25, 30, 45, 50, 60, 75, 80, 90, 120],
  stepMinutes: [5, 10, 15, 20, 30, 45, 60],
  bufferBeforeMinutes: [0, 5, 10, 15, 20, 30, 45, 60],
  bufferAfterMinutes: [0, 5, 10, 15, 20, 30, 45, 60],
  minimumNoticeMinutes: [0, HOUR, 2 * HOUR, 4 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY],
} as const;
const HORIZONS = [14, 30, 60, 90, 180, 365];
const MOST_A_DAY = 12;

/** The choices, and what it is now where that is none of them. */
function among(choices: readonly number[], now: number): number[] {
  return [...new Set([...choices, now])].sort((a, b) => a - b);
}

export function Terms({ terms, onChange }: Props) {
  const { t } = useTranslation("therapist");
  const minutes = (field: keyof typeof CHOICES, label: string) => {
    const now = terms[field] ?? 0;
    return (
      <Select
        label={label}
        value={now}
        onChange={(event) => onChange({ [field]: Number(event.target.value) })}
      >
        {among(CHOICES[field], now).map((one) => (
          <option key={one} value={one}>
            {one ? durationWords(one) : t("availability.none")}
          </option>
        ))}
      </Select>
    );
  };
  const horizon = terms.horizonDays ?? 60;
  const daily = terms.dailyMaximum ?? 0;
  return (
    <Card title={t("availability.terms")}>
      <div className="grid items-end gap-4 sm:grid-cols-2 xl:grid-cols-3">
        {minutes("sessionMinutes", t("availability.session"))}
        {minutes("stepMinutes", t("availability.step"))}
        {minutes("bufferBeforeMinutes", t("availability.bufferBefore"))}
        {minutes("bufferAfterMinutes", t("availability.bufferAfter"))}
        {minutes("minimumNoticeMinutes", t("availability.notice"))}
        <Select
          label={t("availability.horizon")}
          value={horizon}
          onChange={(event) => onChange({ horizonDays: Number(event.target.value) })}
        >
          {among(HORIZONS, horizon).map((days) => (
            <option key={days} value={days}>
              {durationWords(days * DAY, "day")}
            </option>
          ))}
        </Select>
        <Select
          label={t("availability.daily")}
          value={daily}
          onChange={(event) => onChange({ dailyMaximum: Number(event.target.value) || null })}
        >
          {among([0, ...Array.from({ length: MOST_A_DAY }, (_, place) => place + 1)], daily).map((count) => (
            <option key={count} value={count}>
              {count ? t("availability.atMost", { count }) : t("availability.unlimited")}
            </option>
          ))}
        </Select>
        <ZoneChoice zone={terms.timeZone} onChange={(timeZone) => onChange({ timeZone })} />
      </div>
    </Card>
  );
}

function ZoneChoice({ zone, onChange }: { zone: string; onChange: (zone: string) => void }) {
  const { t } = useTranslation("therapist");
  const zones = Intl.supportedValuesOf("timeZone");
  const all = zones.includes(zone) ? zones : [zone, ...zones];
  return (
    <Select
      className="sm:col-span-2"
      label={t("availability.zone")}
      hint={t("availability.zoneHint")}
      value={zone}
      onChange={(event) => onChange(event.target.value)}
    >
      {all.map((name) => (
        <option key={name} value={name}>
          {name === zone && zoneName(name) !== name
            ? t("availability.zoneNamed", { place: name.replaceAll("_", " "), zone: zoneName(name) })
            : name.replaceAll("_", " ")}
        </option>
      ))}
    </Select>
  );
}
