/** One appointment, as its patient or its therapist sees it: when, where, and what can be done with it. */
import { CalendarPlus, CalendarX, MessageCircle, RefreshCw } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { Problem } from "@/api/problem";
import { inWords } from "@/i18n/times";
import { useSession } from "@/session/session";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { useNow } from "@/ui/now";
import { Page } from "@/ui/page";
import { Message, PageProblem, Waiting } from "@/ui/states";
import { hasBegun, isChangeable, phaseOf } from "./appointment_phase";
import { AppointmentState } from "./appointment_state";
import { Attendance } from "./attendance";
import { CancelDialog } from "./cancel_dialog";
import { Join } from "./join";
import { type Appointment, useAppointment, useCare } from "./queries";
import { SeriesPart } from "./series_part";
import { When } from "./when";

export default function AppointmentPage() {
  const { t } = useTranslation("patient");
  const { id = "" } = useParams();
  const { data: session } = useSession();
  const { data, error, isPending, refetch } = useAppointment(id);
  if (isPending || !session) return <Waiting />;
  if (!data)
    return (
      <Page title={t("appointment.title")}>
        {error instanceof Problem && error.status === 404 ? (
          <Message>{t("appointment.gone")}</Message>
        ) : (
          <PageProblem error={error} retry={refetch} />
        )}
      </Page>
    );
  return <Shown appointment={data} isPatient={session.user.role === "PATIENT"} />;
}

function Shown({ appointment, isPatient }: { appointment: Appointment; isPatient: boolean }) {
  const { t } = useTranslation("patient");
  const now = useNow();
  const { status, therapist, patient, seriesId, attendance } = appointment;
  const other = isPatient ? therapist : patient;
  return (
    <Page
      title={t("appointment.with", { name: other.name })}
      aside={<AppointmentState status={status} />}
      width="narrow"
    >
      <Card>
        <div className="grid gap-4">
          <When
            {...appointment}
            therapist={isPatient ? therapist.name : undefined}
            therapistsZone={appointment.timeZone}
          />
          <Moved appointment={appointment} />
          <CalledOff appointment={appointment} isPatient={isPatient} />
          <Video appointment={appointment} now={now} />
          <Join appointment={appointment} />
        </div>
      </Card>
      <Steps appointment={appointment} isPatient={isPatient} now={now} />
      {(attendance || (!isPatient && hasBegun(appointment, now))) && (
        <Attendance appointment={appointment} isPatient={isPatient} />
      )}
      {seriesId && <SeriesPart seriesId={seriesId} appointmentId={appointment.id} isPatient={isPatient} />}
    </Page>
  );
}

function Moved({ appointment: { rescheduled } }: { appointment: Appointment }) {
  const { t } = useTranslation("patient");
  if (!rescheduled) return null;
  const words = rescheduled.by === "PATIENT" ? "byPatient" : rescheduled.by ? "byTherapist" : "plain";
  return (
    <p className="text-ink-soft">
      {t(`moved.${words}`, { time: inWords(rescheduled.previousStartAt, "dayAndTime") })}
    </p>
  );
}

function CalledOff({ appointment, isPatient }: { appointment: Appointment; isPatient: boolean }) {
  const { t } = useTranslation("patient");
  const { cancelled, status } = appointment;
  if (status === "expired") return <Message>{t("appointment.expired")}</Message>;
  if (!cancelled) return null;
  const own = cancelled.by === (isPatient ? "PATIENT" : "THERAPIST");
  const by = own
    ? "byYou"
    : cancelled.by === "PATIENT"
      ? "byPatient"
      : cancelled.by
        ? "byTherapist"
        : "plain";
  return (
    <Message tone="warm">
      <p>{t(`calledOff.${by}`, { day: inWords(cancelled.at, "dayAndTime") })}</p>
      {cancelled.reason !== "patient_request" && cancelled.reason !== "other" && (
        <p>{t(`reasons.${cancelled.reason}`)}</p>
      )}
      {cancelled.late && <p>{t("calledOff.late")}</p>}
    </Message>
  );
}

/** How the room stands, while the appointment lies ahead. */
function Video({ appointment, now }: { appointment: Appointment; now: number }) {
  const { t } = useTranslation("patient");
  if (phaseOf(appointment, now) !== "early" || appointment.video === "unavailable") return null;
  return <p>{t(`video.${appointment.video}`)}</p>;
}

interface StepsProps {
  appointment: Appointment;
  isPatient: boolean;
  now: number;
}

function Steps({ appointment, isPatient, now }: StepsProps) {
  const { t } = useTranslation("patient");
  const [cancelling, setCancelling] = useState(false);
  const { data: care } = useCare();
  const { id, therapist, patient } = appointment;
  const conversationId = care?.items.find(
    (each) =>
      each.status === "accepted" &&
      each.therapist.id === therapist.userId &&
      each.patient.id === patient.userId,
  )?.conversationId;
  const changeable = isChangeable(appointment, now);
  const stands = !["off", "over"].includes(phaseOf(appointment, now));
  if (!stands && !conversationId) return null;
  return (
    <div className="flex flex-wrap gap-2">
      {stands && (
        <Button asChild look="plain">
          <a href={`/api/appointments/${id}/calendar.ics`} download="appointment.ics">
            <CalendarPlus aria-hidden />
            {t("appointment.calendar")}
          </a>
        </Button>
      )}
      {changeable && (
        <>
          <Button asChild look="plain">
            <Link to={`/therapists/${therapist.userId}/book?reschedule=${id}`}>
              <RefreshCw aria-hidden />
              {t("appointment.move")}
            </Link>
          </Button>
          <Button look="grave" onClick={() => setCancelling(true)} aria-haspopup="dialog">
            <CalendarX aria-hidden />
            {t("appointment.cancel")}
          </Button>
        </>
      )}
      {conversationId && (
        <Button asChild look="quiet">
          <Link to={`/messages/${conversationId}`}>
            <MessageCircle aria-hidden />
            {t("appointment.write")}
          </Link>
        </Button>
      )}
      {cancelling && (
        <CancelDialog appointment={appointment} isPatient={isPatient} onClose={() => setCancelling(false)} />
      )}
    </div>
  );
}
