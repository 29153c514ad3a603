"""How a therapist's and a patient's time is taken and freed: checks and change see one moment, or start again.

Whatever takes or frees a therapist's time raises the version of their schedule, so that two that do so at once meet on
that row and the later one starts again, seeing what the first one did. What is taken already is told before that: many
who ask for one time neither wait for each other nor disturb the one who gets it. (Locking the row first would change
nothing: a SERIALIZABLE transaction that waited for it starts again anyway.)
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.orm import Session as Database

from shared.appointments import touch_schedule
from shared.clock import now
from shared.database.models.scheduling import Appointment, AppointmentAttendee, AppointmentStatus
from shared.database.transaction import attempt_made, expect_unique
from shared.problems import Problem

from .booking_rules import OwnTimeTaken, SlotTaken, StaleVersion, problem_of
from .own_appointments import has_lapsed, meets, occupied
from .schedules import Schedule, schedule_of
from .slots import Span, is_bookable

TRIES: Final = 12
"""How often what takes time is tried: of those who meet at one therapist at least one gets through each time."""


@dataclass(frozen=True)
class Wanted:
    """A time that two people want to share; `moving` is the appointment that would give up its own for it."""

    patient_id: UUID
    therapist_id: UUID
    start_at: datetime
    end_at: datetime
    moving: UUID | None = None


@dataclass(frozen=True)
class Taken:
    """What it takes of the therapist's time, and the zone of their clock."""

    blocked: Span
    time_zone: str


def take_time(db: Database, wanted: Wanted) -> Taken:
    """Check every rule of a booking, and make it the latest that happened to the therapist's schedule.

    Raises the problems of `booking_rules`, each for its own reason.
    """
    queued = attempt_made() > 1
    if queued:
        touch_schedule(db, wanted.therapist_id)
    starts = Span(wanted.start_at, wanted.start_at + timedelta(seconds=1))
    schedule = schedule_of(db, wanted.therapist_id, starts, leaving_out=wanted.moving)
    for problem in problems_of(db, [wanted], schedule).values():
        raise problem
    if not queued:
        touch_schedule(db, wanted.therapist_id)
    return Taken(schedule.terms.blocked(wanted.start_at), schedule.time_zone)


def problems_of(db: Database, wanted: Sequence[Wanted], schedule: Schedule) -> Mapping[int, Problem]:
    """Why these times, of one patient with one therapist, cannot be taken now; by their places among them.

    What was held too long and is in their way is marked as expired.
    """
    terms, spans, busy, moment = schedule.terms, schedule.spans, schedule.busy, now()
    refusals = [is_bookable(one.start_at, one.end_at, terms, spans, busy, moment) for one in wanted]
    found = {place: problem_of(refusal) for place, refusal in enumerate(refusals) if refusal is not None}
    possible = {place: one for place, one in enumerate(wanted) if place not in found}
    if possible:
        own, lapsed = occupied(db, wanted[0].patient_id, _around(wanted), leaving_out=wanted[0].moving)
        found |= {place: OwnTimeTaken() for place, one in possible.items() if meets(one.start_at, one.end_at, own)}
        expire(db, {*schedule.lapsed, *lapsed})
    return found


def expire(db: Database, appointment_ids: Collection[UUID]) -> None:
    """Mark held times as expired that lapsed without being confirmed, so that they are in nobody's way."""
    if not appointment_ids:
        return
    db.execute(
        update(Appointment)
        .where(Appointment.id.in_(appointment_ids), has_lapsed(now()))
        .values(status=AppointmentStatus.EXPIRED, version=Appointment.version + 1)
        .execution_options(synchronize_session=False)
    )


def book(
    db: Database,
    wanted: Wanted,
    *,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    held_until: datetime | None = None,
    waitlist_entry_id: UUID | None = None,
) -> Appointment:
    """Take the time for a new appointment with its two attendees. Raises the problems of `booking_rules`.

    What its people are told of it, and its audit entry, are the caller's.
    """
    taken = take_time(db, wanted)
    return keep(db, wanted, taken, status=status, held_until=held_until, waitlist_entry_id=waitlist_entry_id)


def keep(db: Database, wanted: Wanted, taken: Taken, *, status: AppointmentStatus, **columns: Any) -> Appointment:
    """Write a new appointment with its two attendees, whose time was found to be free in the caller's transaction."""
    made = Appointment(
        id=uuid4(),
        patient_id=wanted.patient_id,
        therapist_id=wanted.therapist_id,
        status=status,
        start_at=wanted.start_at,
        end_at=wanted.end_at,
        blocked_from=taken.blocked.start_at,
        blocked_until=taken.blocked.end_at,
        time_zone=taken.time_zone,
        created_at=now(),
        **columns,
    )
    with each_start_once(db):
        db.add(made)
    people = (made.patient_id, made.therapist_id)
    db.add_all(AppointmentAttendee(appointment_id=made.id, user_id=user_id) for user_id in people)
    return made


def change(db: Database, found: Appointment, **columns: Any) -> None:
    """Change an appointment if it is still the one that was read, for calendars to learn. Raises StaleVersion."""
    changed = db.execute(
        update(Appointment)
        .where(Appointment.id == found.id, Appointment.version == found.version)
        .values(version=found.version + 1, ics_sequence=found.ics_sequence + 1, **columns)
        .returning(Appointment.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if changed is None:
        raise StaleVersion
    db.refresh(found)


@contextmanager
def each_start_once(db: Database) -> Iterator[None]:
    """Within the block, the database's own nets under the checks become the same problems."""
    with (
        expect_unique(db, "uq_appointment_patient_start", OwnTimeTaken),
        expect_unique(db, "uq_appointment_therapist_start", SlotTaken),
    ):
        yield


def _around(wanted: Sequence[Wanted]) -> Span:
    return Span(min(one.start_at for one in wanted), max(one.end_at for one in wanted))
