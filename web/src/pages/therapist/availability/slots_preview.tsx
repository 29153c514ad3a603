/** The times of the next seven days as patients can book them: what the server says, after what was saved. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { inWords, zoneName } from "@/i18n/times";
import { Card } from "@/ui/card";
import { Message, PageProblem, Waiting } from "@/ui/states";

const DAY_MS = 86_400_000;
const SHOWN = 8;

interface Props {
  therapistId: string;
  timeZone: string;
  changed: boolean;
}

export function SlotsPreview({ therapistId, timeZone, changed }: Props) {
  const { t } = useTranslation("therapist");
  const slots = useQuery({
    queryKey: ["own-slots", therapistId, timeZone],
    queryFn: () => {
      const to = new Date(Date.now() + 7 * DAY_MS).toISOString();
      const params = { path: { id: therapistId }, query: { to, timeZone } };
      return call(api.GET("/api/therapists/{id}/slots", { params }));
    },
  });
  return (
    <Card title={t("availability.preview")}>
      <p className="-mt-2 mb-4 text-sm text-ink-soft">
        {t("availability.previewLead")} {t("home.zone", { zone: zoneName(timeZone) })}
      </p>
      <div className="grid gap-4">
        {changed && <Message>{t("availability.previewOld")}</Message>}
        {slots.isPending && <Waiting />}
        {slots.error && !slots.data && <PageProblem error={slots.error} retry={slots.refetch} />}
        {slots.data && <Days slots={slots.data.items} timeZone={timeZone} />}
      </div>
    </Card>
  );
}

function Days({ slots, timeZone }: { slots: Shape<"ShownSlot">[]; timeZone: string }) {
  const { t } = useTranslation("therapist");
  const days = byDay(slots);
  if (!slots.length) return <p className="text-ink-soft">{t("availability.previewNone")}</p>;
  return (
    <ul className="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
      {[...days].map(([day, ofDay]) => (
        <li key={day}>
          <h3 className="mb-1.5 first-letter:uppercase">{inWords(`${day}T00:00:00Z`, "day", "UTC")}</h3>
          <ul className="flex flex-wrap gap-1.5">
            {ofDay.slice(0, SHOWN).map(({ startAt }) => (
              <li key={startAt} className="rounded-control bg-raised px-2 py-1 text-sm tabular-nums">
                <time dateTime={startAt}>{inWords(startAt, "time", timeZone)}</time>
              </li>
            ))}
            {ofDay.length > SHOWN && (
              <li className="px-1 py-1 text-sm text-ink-soft">
                {t("availability.moreTimes", { count: ofDay.length - SHOWN })}
              </li>
            )}
          </ul>
        </li>
      ))}
    </ul>
  );
}

/** By the day that the reader's clock shows. */
function byDay(slots: Shape<"ShownSlot">[]): Map<string, Shape<"ShownSlot">[]> {
  const days = new Map<string, Shape<"ShownSlot">[]>();
  for (const slot of slots) {
    const day = slot.localStart.slice(0, 10);
    days.set(day, [...(days.get(day) ?? []), slot]);
  }
  return days;
}
