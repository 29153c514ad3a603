/** When something is: by the clock of this device, its zone named; and by the other person's where it differs. */
import { useTranslation } from "react-i18next";
import { showTheSame, spanInWords } from "@/i18n/spans";
import { deviceZone, zoneName } from "@/i18n/times";

interface Props {
  startAt: string;
  endAt: string;
  /** The zone of the therapist's hours, where it is known. */
  therapistsZone?: string;
  /** Their name; none where the therapist is the reader. */
  therapist?: string;
  /** The zone to show it in first. */
  zone?: string;
}

export function When({ startAt, endAt, therapistsZone, therapist, zone = deviceZone() }: Props) {
  const { t } = useTranslation("patient");
  return (
    <div className="grid gap-0.5">
      <p className="text-lg font-bold first-letter:uppercase">
        <time dateTime={startAt}>{spanInWords(startAt, endAt, "dayLongAndTime", zone)}</time>
      </p>
      <p className="text-ink-soft">{zoneName(zone)}</p>
      {therapistsZone && !showTheSame(zone, therapistsZone, startAt) && (
        <p className="text-ink-soft">
          {t(therapist ? "when.forTherapist" : "when.elsewhere", {
            name: therapist ?? "",
            span: spanInWords(startAt, endAt, "dayAndTime", therapistsZone),
            zone: zoneName(therapistsZone),
          })}
        </p>
      )}
    </div>
  );
}
