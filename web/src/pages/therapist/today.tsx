/** The appointments of the day, in the therapist's own zone. */
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { inWords, zoneName } from "@/i18n/times";
import { EnterRoom } from "@/meeting/enter_room";
import { Badge } from "@/ui/badge";
import { Card } from "@/ui/card";
import { useNow } from "@/ui/now";
import { PageProblem, Waiting } from "@/ui/states";
import { nextOf, ofToday, opensAt, roomOf } from "./day";
import { type Appointment, useNearAppointments } from "./own_queries";

export function Today({ zone }: { zone: string }) {
  const { t } = useTranslation("therapist");
  const near = useNearAppointments(true);
  const now = useNow();
  return (
    <Card
      title={t("home.today")}
      aside={
        <Link to="/appointments" className="font-semibold text-leaf underline underline-offset-4">
          {t("home.allAppointments")}
        </Link>
      }
    >
      <p className="-mt-2 mb-4 text-sm text-ink-soft">{t("home.zone", { zone: zoneName(zone) })}</p>
      {near.isPending && <Waiting />}
      {near.error && !near.data && <PageProblem error={near.error} retry={near.refetch} />}
      {near.data && <DayList all={near.data.items} zone={zone} now={now} />}
    </Card>
  );
}

function DayList({ all, zone, now }: { all: Appointment[]; zone: string; now: number }) {
  const { t } = useTranslation("therapist");
  const today = ofToday(all, zone, now);
  if (!today.length) {
    const next = nextOf(all, now);
    return (
      <div className="grid gap-1">
        <p>{t("home.nothingToday")}</p>
        <p className="text-ink-soft">
          {next
            ? t("home.next", { time: inWords(next.startAt, "dayAndTime", zone), name: next.patient.name })
            : t("home.noneAhead")}
        </p>
      </div>
    );
  }
  return (
    <ol className="grid divide-y divide-line">
      {today.map((appointment) => (
        <Row key={appointment.id} appointment={appointment} zone={zone} now={now} />
      ))}
    </ol>
  );
}

const TONES = { in_session: "good", cancelled: "plain", no_show: "warm", completed: "plain" } as const;

function Row({ appointment, zone, now }: { appointment: Appointment; zone: string; now: number }) {
  const { t } = useTranslation("therapist");
  const { status, startAt, endAt, patient, id } = appointment;
  const room = roomOf(appointment, now);
  const shown = status as "booked";
  return (
    <li className="grid gap-x-5 gap-y-2 py-4 first:pt-0 last:pb-0 sm:grid-cols-[minmax(8rem,auto)_1fr_auto] sm:items-center">
      <p className="font-semibold whitespace-nowrap tabular-nums">
        <time dateTime={startAt}>{inWords(startAt, "time", zone)}</time>
        {" – "}
        <time dateTime={endAt}>{inWords(endAt, "time", zone)}</time>
      </p>
      <div className="grid gap-1">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <Link
            to={`/appointments/${id}`}
            className="inline-flex min-h-11 items-center font-semibold text-leaf underline underline-offset-4 sm:min-h-0"
          >
            {patient.name}
          </Link>
          {status !== "booked" && (
            <Badge tone={TONES[status as keyof typeof TONES] ?? "plain"}>{t(`home.statuses.${shown}`)}</Badge>
          )}
        </div>
        {status === "booked" && <p className="text-sm text-ink-soft">{t(videoWords(appointment))}</p>}
      </div>
      {room === "open" && (
        <EnterRoom appointmentId={id}>{t(status === "in_session" ? "home.goIn" : "home.start")}</EnterRoom>
      )}
      {room === "later" && (
        <p className="text-sm text-ink-soft">
          {t("home.opens", { time: inWords(opensAt(appointment), "time", zone) })}
        </p>
      )}
    </li>
  );
}

function videoWords({ video }: Appointment) {
  if (video === "pending") return "home.roomPrepared";
  return video === "ready" ? "home.withVideo" : "home.noVideo";
}
