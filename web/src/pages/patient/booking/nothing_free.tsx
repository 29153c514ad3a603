/** Seven days without a free time: the next one is looked for. */
import { useTranslation } from "react-i18next";
import { dayOf, inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import { Waiting } from "@/ui/states";
import { addDays, daysFrom } from "../calendar_days";
import { useSlots } from "../queries";

/** The server tells of so many days at once. */
const LOOKED_THROUGH = 60;

interface Props {
  therapistId: string;
  /** The last day that was looked at. */
  after: string;
  zone: string;
  onGo: (day: string) => void;
}

export function NothingFree({ therapistId, after, zone, onGo }: Props) {
  const { t } = useTranslation("patient");
  const { data, isPlaceholderData } = useSlots(
    therapistId,
    daysFrom(addDays(after, 1), LOOKED_THROUGH),
    zone,
  );
  const next = data?.items.find(({ startAt }) => dayOf(startAt, zone) > after);
  return (
    <div className="grid justify-items-start gap-3 rounded-card border border-line bg-surface p-5">
      <p>{t("week.noneFree")}</p>
      {!data || isPlaceholderData ? (
        <Waiting />
      ) : next ? (
        <Button look="plain" onClick={() => onGo(dayOf(next.startAt, zone))}>
          {t("week.next", { time: inWords(next.startAt, "dayAndTime", zone) })}
        </Button>
      ) : (
        <p className="text-ink-soft">{t("week.noneAtAll")}</p>
      )}
    </div>
  );
}
