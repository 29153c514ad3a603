/** Who is in care, with the next appointment and the conversation; care is ended here, after a moment's thought. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { MessageCircle } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call } from "@/api/client";
import { inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { MoreButton } from "@/ui/more_button";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import type { Care } from "./care_steps";
import { nextOf } from "./day";
import { EndingCare } from "./ending_care";
import { type Appointment, useNearAppointments } from "./own_queries";

export function PatientsInCare({ zone }: { zone: string }) {
  const { t } = useTranslation("therapist");
  const near = useNearAppointments(true).data?.items;
  const care = useInfiniteQuery({
    queryKey: ["care-relationships", "accepted"],
    queryFn: ({ pageParam }) => {
      const query = { status: "accepted" as const, ...(pageParam ? { cursor: pageParam } : {}) };
      return call(api.GET("/api/care-relationships", { params: { query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor,
  });
  const all = care.data?.pages.flatMap(({ items }) => items);
  return (
    <Card title={t("patients.inCare")}>
      {care.isPending && <Waiting />}
      {care.error && !all && <PageProblem error={care.error} retry={care.refetch} />}
      {all?.length === 0 && <Empty>{t("patients.noneInCare")}</Empty>}
      <ul className="grid divide-y divide-line empty:hidden">
        {all?.map((one) => (
          <InCare key={one.id} care={one} near={near} zone={zone} />
        ))}
      </ul>
      <MoreButton asked={care} />
    </Card>
  );
}

function InCare({ care, near, zone }: { care: Care; near: Appointment[] | undefined; zone: string }) {
  const { t } = useTranslation("therapist");
  const [ending, setEnding] = useState(false);
  const { name, id } = care.patient;
  const theirs = near?.filter(({ patient }) => patient.userId === id);
  const next = theirs && nextOf(theirs, Date.now());
  return (
    <li className="grid gap-x-4 gap-y-2 py-4 first:pt-0 last:pb-0 sm:grid-cols-[1fr_auto] sm:items-center">
      <div className="min-w-0">
        <h3 className="wrap-anywhere">{name}</h3>
        {next && (
          <p>
            <Link
              to={`/appointments/${next.id}`}
              className="inline-flex min-h-11 items-center text-leaf underline underline-offset-4 sm:min-h-0"
            >
              {t("patients.nextAppointment", { time: inWords(next.startAt, "dayAndTime", zone) })}
            </Link>
          </p>
        )}
        {theirs && !next && <p className="text-ink-soft">{t("patients.noAppointment")}</p>}
        {care.acceptedAt && (
          <p className="text-sm text-ink-soft">
            {t("patients.since", { date: inWords(care.acceptedAt, "date", zone) })}
          </p>
        )}
      </div>
      <div className="flex flex-wrap gap-2">
        {care.conversationId && (
          <Button asChild look="plain">
            <Link to={`/messages/${care.conversationId}`} aria-label={t("patients.writeTo", { name })}>
              <MessageCircle aria-hidden />
              {t("patients.write")}
            </Link>
          </Button>
        )}
        <Button look="quiet" aria-label={t("patients.endOf", { name })} onClick={() => setEnding(true)}>
          {t("patients.end")}
        </Button>
      </div>
      {ending && <EndingCare care={care} onClose={() => setEnding(false)} />}
    </li>
  );
}
