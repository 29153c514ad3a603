/** A therapist's free times by the reader's clock: to book one, several, or to give an appointment another time. */
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, useParams, useSearchParams } from "react-router";
import { Problem } from "@/api/problem";
import { spanInWords } from "@/i18n/spans";
import { dayOf, deviceZone, zoneName } from "@/i18n/times";
import { useProfile } from "@/session/profile";
import { useSession } from "@/session/session";
import { Button } from "@/ui/button";
import { Select } from "@/ui/field";
import { Page } from "@/ui/page";
import { Empty, Message, PageProblem, Waiting } from "@/ui/states";
import { HoldDialog } from "./booking/hold_dialog";
import { MoveDialog } from "./booking/move_dialog";
import { NothingFree } from "./booking/nothing_free";
import type { TimeRefusal } from "./booking/refusals";
import { RepeatChoice } from "./booking/repeat_choice";
import { ONCE, type Repeat } from "./booking/repeating";
import { SeriesDialog } from "./booking/series_dialog";
import { WaitingList } from "./booking/waiting_list";
import { Times, Week } from "./booking/week";
import { addDays, byDay, daysFrom, nearest, noonOf, type Slot } from "./calendar_days";
import { HeldTimes } from "./held_times";
import { type Appointment, timesChanged, useAppointment, useSlots } from "./queries";

const WEEK = 7;
/** Further ahead nobody's times can be booked. */
const LAST_WEEK_DAYS = 364;

export default function Book() {
  const { id = "" } = useParams();
  const [address] = useSearchParams();
  const { data: session } = useSession();
  const moving = useAppointment(address.get("reschedule"));
  if (session?.user.role === "THERAPIST" && !address.get("reschedule"))
    return <Navigate to="/appointments" replace />;
  if (moving.error && !moving.data) return <PageProblem error={moving.error} retry={moving.refetch} />;
  if (address.get("reschedule") && !moving.data) return <Waiting />;
  return <FreeTimes key={id} therapistId={id} moving={moving.data} asked={address.get("slot")} />;
}

interface Props {
  therapistId: string;
  /** The appointment that takes another time; without one a new one is booked. */
  moving: Appointment | undefined;
  /** A time that the directory led here for. */
  asked: string | null;
}

function FreeTimes({ therapistId, moving, asked }: Props) {
  const { t } = useTranslation("patient");
  const { data: session } = useSession();
  const [zone, setZone] = useState(deviceZone);
  const today = dayOf(new Date(), zone);
  const [first, setFirst] = useState(() => firstDay(asked, today));
  const [repeat, setRepeat] = useState<Repeat>(ONCE);
  const [chosen, setChosen] = useState<Slot | null>(null);
  const [refused, setRefused] = useState<{ slot: Slot; why: TimeRefusal } | null>(null);
  const days = daysFrom(first.localeCompare(today) < 0 ? today : first, WEEK);
  const { data, error, isPending, isPlaceholderData, refetch } = useSlots(therapistId, days, zone);
  if (error && !data) return <NotOffered error={error} retry={refetch} />;
  if (isPending || !data) return <Waiting />;
  const { therapist, items } = data;
  const isPatient = session?.user.role === "PATIENT";
  const isEmpty = byDay(items, days, zone).every(({ slots }) => slots.length === 0);
  const refuse = (slot: Slot, why: TimeRefusal) => {
    setChosen(null);
    setRefused({ slot, why });
    void timesChanged();
  };
  const choose = (slot: Slot) => {
    setRefused(null);
    setChosen(slot);
  };
  const dialog = { zone, onClose: () => setChosen(null), onRefused: refuse };
  return (
    <Page
      title={
        moving
          ? t("move.page", { name: nameOf(moving, isPatient) })
          : t("book.title", { name: therapist.name })
      }
      lead={t("book.lead")}
      width="wide"
    >
      {isPatient && !chosen && <HeldTimes therapistId={therapistId} />}
      <div className="flex flex-wrap items-end gap-x-6 gap-y-3">
        <ZoneChoice
          zone={zone}
          therapistsZone={therapist.timeZone}
          name={therapist.name}
          onChange={setZone}
        />
        {!moving && isPatient && <RepeatChoice repeat={repeat} onChange={setRepeat} />}
      </div>
      {refused && (
        <Refused key={refused.slot.startAt} {...refused} slots={items} zone={zone} onChoose={choose} />
      )}
      <section className="grid gap-4" aria-label={t("week.label")}>
        <div className="flex flex-wrap items-center gap-2">
          <Button
            look="plain"
            size="icon"
            aria-label={t("week.earlier")}
            disabled={days[0] === today}
            onClick={() => setFirst(addDays(days[0] as string, -WEEK))}
          >
            <ChevronLeft aria-hidden />
          </Button>
          <Button
            look="plain"
            size="icon"
            aria-label={t("week.later")}
            disabled={days[0] !== undefined && days[0] > addDays(today, LAST_WEEK_DAYS)}
            onClick={() => setFirst(addDays(days[0] as string, WEEK))}
          >
            <ChevronRight aria-hidden />
          </Button>
          <h2 aria-live="polite" className="ml-2">
            {spanInWords(noonOf(days[0] as string), noonOf(days.at(-1) as string), "days", "UTC")}
          </h2>
        </div>
        {isEmpty && !isPlaceholderData ? (
          <NothingFree
            therapistId={therapistId}
            after={days.at(-1) as string}
            zone={zone}
            onGo={(day) => setFirst(day)}
          />
        ) : (
          <Week
            days={days}
            slots={items}
            zone={zone}
            stale={isPlaceholderData}
            marked={asked}
            onChoose={choose}
          />
        )}
      </section>
      {isPatient && !moving && <WaitingList therapist={therapist} />}
      {chosen &&
        (moving ? (
          <MoveDialog appointment={moving} slot={chosen} {...dialog} />
        ) : repeat.occurrences > 1 ? (
          <SeriesDialog therapist={therapist} slot={chosen} repeat={repeat} {...dialog} />
        ) : (
          <HoldDialog therapist={therapist} slot={chosen} {...dialog} />
        ))}
    </Page>
  );
}

function nameOf({ patient, therapist }: Appointment, isPatient: boolean): string {
  return isPatient ? therapist.name : patient.name;
}

/** A therapist who offers this person nothing is not told apart from none at all. */
function NotOffered({ error, retry }: { error: Error; retry: () => unknown }) {
  const { t } = useTranslation("patient");
  return (
    <Page title={t("week.label")}>
      {error instanceof Problem && error.status === 404 ? (
        <Empty
          action={
            <Button asChild>
              <Link to="/therapists">{t("appointments.findTime")}</Link>
            </Button>
          }
        >
          {t("book.notOffered")}
        </Empty>
      ) : (
        <PageProblem error={error} retry={retry} />
      )}
    </Page>
  );
}

/** The day of the time that was asked for, where it lies ahead; else today. */
function firstDay(asked: string | null, today: string): string {
  const instant = asked ? new Date(asked) : null;
  if (!instant || Number.isNaN(instant.getTime())) return today;
  const day = dayOf(instant);
  return day > today ? day : today;
}

interface ZoneProps {
  zone: string;
  therapistsZone: string;
  name: string;
  onChange: (zone: string) => void;
}

/** Whose clock the times are shown by, where there is a choice. */
function ZoneChoice({ zone, therapistsZone, name, onChange }: ZoneProps) {
  const { t } = useTranslation("patient");
  const { data: profile } = useProfile();
  const choices = [
    { zone: deviceZone(), words: t("zones.device", { zone: zoneName(deviceZone()) }) },
    ...(profile
      ? [{ zone: profile.timeZone, words: t("zones.profile", { zone: zoneName(profile.timeZone) }) }]
      : []),
    { zone: therapistsZone, words: t("zones.therapist", { zone: zoneName(therapistsZone), name }) },
  ].filter((each, place, all) => all.findIndex((other) => other.zone === each.zone) === place);
  if (choices.length === 1)
    return <p className="py-2.5 text-ink-soft">{t("zoned", { zone: zoneName(zone) })}</p>;
  return (
    <Select label={t("zones.label")} value={zone} onChange={(event) => onChange(event.target.value)}>
      {choices.map((each) => (
        <option key={each.zone} value={each.zone}>
          {each.words}
        </option>
      ))}
    </Select>
  );
}

interface RefusedProps {
  slot: Slot;
  why: TimeRefusal;
  slots: readonly Slot[];
  zone: string;
  onChoose: (slot: Slot) => void;
}

/** The time was not to be had: said kindly, with what is free nearby. */
function Refused({ slot, why, slots, zone, onChoose }: RefusedProps) {
  const { t } = useTranslation("patient");
  const near = nearest(slots, slot.startAt, 4);
  const element = useRef<HTMLDivElement>(null);
  // It stands above the week, which may have been scrolled far down.
  useEffect(() => {
    element.current?.scrollIntoView({ block: "center" });
    element.current?.focus({ preventScroll: true });
  }, []);
  return (
    <Message tone="warm">
      <div ref={element} tabIndex={-1} className="grid gap-3 outline-none">
        <p>
          {t(`refused.${why}`, { span: spanInWords(slot.startAt, slot.endAt, "dayAndTime", zone) })}{" "}
          {near.length > 0 && t("refused.near")}
        </p>
        {near.length > 0 && <Times slots={near} zone={zone} withDay onChoose={onChoose} />}
      </div>
    </Message>
  );
}
