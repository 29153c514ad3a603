/** Appointments ahead and past, of a patient or a therapist. */
import { ChevronRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { spanInWords } from "@/i18n/spans";
import { deviceZone, zoneName } from "@/i18n/times";
import { useSession } from "@/session/session";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { Select } from "@/ui/field";
import { MoreButton } from "@/ui/more_button";
import { useNow } from "@/ui/now";
import { Page } from "@/ui/page";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { phaseOf } from "./appointment_phase";
import { AppointmentState } from "./appointment_state";
import { HeldTimes } from "./held_times";
import { type Appointment, useAppointments } from "./queries";

const VIEWS = ["coming", "past"] as const;
type View = (typeof VIEWS)[number];
const STATUSES = {
  coming: ["booked", "cancelled"],
  past: ["completed", "cancelled", "no_show"],
} as const;

export default function Appointments() {
  const { t } = useTranslation("patient");
  const [address, setAddress] = useSearchParams();
  const { data: session } = useSession();
  const isPatient = session?.user.role === "PATIENT";
  const view: View = address.get("view") === "past" ? "past" : "coming";
  const status = STATUSES[view].find((each) => each === address.get("status"));
  return (
    <Page
      title={t("appointments.title")}
      lead={t("zoned", { zone: zoneName(deviceZone()) })}
      aside={
        isPatient && (
          <Button asChild>
            <Link to="/therapists">{t("appointments.book")}</Link>
          </Button>
        )
      }
    >
      {isPatient && <HeldTimes />}
      <div className="flex flex-wrap items-end justify-between gap-4">
        <nav aria-label={t("appointments.views")} className="flex gap-1 rounded-control bg-raised p-1">
          {VIEWS.map((each) => (
            <Link
              key={each}
              to={each === "coming" ? "/appointments" : `/appointments?view=${each}`}
              aria-current={each === view ? "page" : undefined}
              className={classes(
                "inline-flex min-h-11 items-center rounded-control px-4 font-semibold",
                each === view ? "bg-surface shadow-card" : "text-ink-soft hover:text-ink",
              )}
            >
              {t(`appointments.${each}`)}
            </Link>
          ))}
        </nav>
        <Select
          label={t("appointments.filter")}
          value={status ?? ""}
          onChange={(event) =>
            setAddress({
              ...(view === "past" && { view }),
              ...(event.target.value && { status: event.target.value }),
            })
          }
        >
          <option value="">{t("appointments.all")}</option>
          {STATUSES[view].map((each) => (
            <option key={each} value={each}>
              {t(`status.${each}`)}
            </option>
          ))}
        </Select>
      </div>
      <List key={`${view} ${status}`} view={view} status={status} isPatient={isPatient} />
    </Page>
  );
}

interface ListProps {
  view: View;
  status: Appointment["status"] | undefined;
  isPatient: boolean;
}

function List({ view, status, isPatient }: ListProps) {
  const { t } = useTranslation("patient");
  const found = useAppointments(view, status);
  const now = useNow();
  // What runs overlaps the present, and lies ahead rather than behind.
  const items = (found.data?.pages.flatMap((page) => page.items) ?? []).filter(
    (each) => view === "coming" || Date.parse(each.endAt) <= now,
  );
  if (found.isPending) return <Waiting />;
  if (found.error && !found.data) return <PageProblem error={found.error} retry={found.refetch} />;
  if (items.length === 0 && !found.hasNextPage)
    return (
      <Empty
        action={
          isPatient && view === "coming" && !status ? (
            <Button asChild look="plain">
              <Link to="/therapists">{t("appointments.findTime")}</Link>
            </Button>
          ) : undefined
        }
      >
        {t(
          status
            ? "appointments.noneSuch"
            : view === "past"
              ? "appointments.nonePast"
              : "appointments.noneComing",
        )}
      </Empty>
    );
  return (
    <>
      <ul className="grid gap-3">
        {items.map((each) => (
          <li key={each.id}>
            <Row appointment={each} isPatient={isPatient} now={now} />
          </li>
        ))}
      </ul>
      <MoreButton asked={found} words={t(view === "past" ? "appointments.earlier" : "appointments.later")} />
    </>
  );
}

interface RowProps {
  appointment: Appointment;
  isPatient: boolean;
  now: number;
}

function Row({ appointment, isPatient, now }: RowProps) {
  const { t } = useTranslation("patient");
  const { id, startAt, endAt, status, seriesId } = appointment;
  const other = isPatient ? appointment.therapist : appointment.patient;
  const off = phaseOf(appointment, now) === "off";
  return (
    <Link
      to={`/appointments/${id}`}
      className="flex items-center gap-4 rounded-card border border-line bg-surface p-4 shadow-card hover:bg-raised sm:p-5"
    >
      <div className="grid min-w-0 flex-1 gap-1">
        <p className={classes("font-bold first-letter:uppercase", off && "text-ink-soft line-through")}>
          <time dateTime={startAt}>{spanInWords(startAt, endAt, "dayAndTime")}</time>
        </p>
        <p className="text-ink-soft">
          {t("appointments.with", { name: other.name })}
          {seriesId && <span> · {t("appointments.ofSeries")}</span>}
        </p>
      </div>
      <AppointmentState status={status} />
      <ChevronRight className="size-5 shrink-0 text-ink-soft" aria-hidden />
    </Link>
  );
}
