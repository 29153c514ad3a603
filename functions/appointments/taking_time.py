"""How a therapist's and a patient's time is taken and freed: checks and change see one moment, or start again.

Whatever takes or frees a therapist's time raises the version of their schedule, so that two that do so at once meet on
that row and the later one starts again, seeing what the first one did. What is taken already is told before that: many
who ask for one time neither wait for each other nor disturb the one who gets it. (Locking the row first would change
nothing: a SERIALIZABLE transaction that waited for it starts again anyway.)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session as Database

from shared.appointments import touch_schedule
from shared.clock import now
from shared.database.models.scheduling import OCCUPYING, Appointment, AppointmentAttendee, AppointmentStatus
from shared.database.transaction import expect_unique

from .availability import schedule_of
from .booking_rules import OwnTimeTaken, SlotTaken, StaleVersion, problem_of
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
    starts = Span(wanted.start_at, wanted.start_at + timedelta(seconds=1))
    schedule = schedule_of(db, wanted.therapist_id, starts, leaving_out=wanted.moving)
    terms, spans, busy = schedule.terms, schedule.spans, schedule.busy
    refusal = is_bookable(wanted.start_at, wanted.end_at, terms, spans, busy, now())
    if refusal is not None:
        raise problem_of(refusal)
    _refuse_own_overlap(db, wanted)
    touch_schedule(db, wanted.therapist_id)
    return Taken(terms.blocked(wanted.start_at), schedule.time_zone)


def book(
    db: Database,
    wanted: Wanted,
    *,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    held_until: datetime | None = None,
    series_id: UUID | None = None,
) -> Appointment:
    """Take the time for a new appointment with its two attendees. Raises the problems of `booking_rules`.

    What its people are told of it, and its audit entry, are the caller's.
    """
    taken = take_time(db, wanted)
    made = Appointment(
        id=uuid4(),
        patient_id=wanted.patient_id,
        therapist_id=wanted.therapist_id,
        series_id=series_id,
        status=status,
        start_at=wanted.start_at,
        end_at=wanted.end_at,
        blocked_from=taken.blocked.start_at,
        blocked_until=taken.blocked.end_at,
        time_zone=taken.time_zone,
        held_until=held_until,
        created_at=now(),
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


def _refuse_own_overlap(db: Database, wanted: Wanted) -> None:
    """Of the patient's appointments, the ones with other therapists too. Raises OwnTimeTaken."""
    overlapping = select(Appointment.id).where(
        Appointment.patient_id == wanted.patient_id,
        text(OCCUPYING),  # in the words of the index
        Appointment.end_at > wanted.start_at,
        Appointment.start_at < wanted.end_at,
    )
    if set(db.scalars(overlapping)) - {wanted.moving}:
        raise OwnTimeTaken
