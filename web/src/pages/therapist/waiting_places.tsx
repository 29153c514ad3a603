/** Who waits for a time of the therapist's, in their order. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { inList } from "@/i18n/lists";
import { inWords } from "@/i18n/times";
import { Card } from "@/ui/card";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { weekdayName } from "./weekdays";

type Place = Shape<"ShownPlace">;

export function WaitingPlaces({ zone }: { zone: string }) {
  const { t } = useTranslation("therapist");
  const places = useQuery({
    queryKey: ["waitlist"],
    queryFn: () => call(api.GET("/api/waitlist", { params: { query: { limit: 200 } } })),
  });
  return (
    <Card title={t("patients.waiting")}>
      <p className="-mt-2 mb-4 text-sm text-ink-soft">{t("patients.waitingLead")}</p>
      {places.isPending && <Waiting />}
      {places.error && !places.data && <PageProblem error={places.error} retry={places.refetch} />}
      {places.data?.items.length === 0 && <Empty>{t("patients.nobodyWaits")}</Empty>}
      <ol className="grid gap-3 empty:hidden">
        {places.data?.items.map((place) => (
          <li key={place.id} className="grid grid-cols-[auto_1fr] gap-x-3">
            <span className="grid size-8 place-items-center rounded-full bg-raised text-sm font-semibold tabular-nums">
              {place.position}
            </span>
            <div className="pt-0.5">
              <p className="font-semibold">{place.patient?.name ?? t("patients.somebody")}</p>
              <PlaceWishes place={place} zone={zone} />
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function PlaceWishes({ place, zone }: { place: Place; zone: string }) {
  const { t } = useTranslation("therapist");
  const { earliestAt, latestAt, preferences, offer } = place;
  const weekdays = preferences.weekdays ?? [];
  const parts = preferences.partsOfDay ?? [];
  const days = weekdays.length ? inList(weekdays.map(weekdayName)) : t("patients.anyDay");
  const hours = inList(parts.map((part) => t(`patients.parts.${part}`)));
  return (
    <div className="text-sm text-ink-soft">
      <p>
        {t("patients.between", {
          from: inWords(earliestAt, "day", zone),
          to: inWords(latestAt, "day", zone),
        })}
      </p>
      {weekdays.length + parts.length === 0 && <p>{t("patients.anyTime")}</p>}
      {weekdays.length + parts.length > 0 && (
        <p className="first-letter:uppercase">
          {parts.length ? t("patients.wishes", { days, parts: hours }) : days}
        </p>
      )}
      {offer && (
        <p className="text-ink">
          {t("patients.offered", {
            time: inWords(offer.startAt, "dayAndTime", zone),
            until: inWords(offer.expiresAt, "time", zone),
          })}
        </p>
      )}
    </div>
  );
}
