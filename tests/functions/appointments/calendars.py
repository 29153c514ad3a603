"""Therapists with hours and appointments that stand, kept as the product keeps them, at a time that a test holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import Appointment, AppointmentAttendee, AppointmentStatus, AvailabilityRule
from shared.database.transaction import transaction
from shared.roles import Role
from tests.people import As, Person, add_care, add_person

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOON = MONDAY + timedelta(hours=12)
"""When these tests take place."""
TUESDAY_AT_NINE = MONDAY + timedelta(days=1, hours=9)
SESSION = timedelta(minutes=50)
EVERY_DAY = range(7)


@dataclass(frozen=True)
class Practice:
    """A patient in the accepted care of a therapist, who works from eight to six every day, in UTC."""

    patient: Person
    therapist: Person


def add_practice(**terms: Any) -> Practice:
    """Sessions of 50 minutes at each half hour, 10 minutes' rest after them, two hours' notice, 60 days ahead."""
    practice = Practice(add_person(), add_person(Role.THERAPIST))
    add_care(practice.patient, practice.therapist)
    keep_hours(practice.therapist, **terms)
    return practice


@transaction
def keep_hours(
    db: Database,
    /,
    therapist: Person,
    start_minute: int = 8 * 60,
    end_minute: int = 18 * 60,
    days: Iterable[int] = EVERY_DAY,
    zone: str = "UTC",
    **terms: Any,
) -> None:
    """A therapist works at these times by the clock of a zone; `terms` are columns of the profile."""
    db.get_one(User, therapist.id).time_zone = zone
    profile = db.get_one(TherapistProfile, therapist.id)
    for name, value in terms.items():
        setattr(profile, name, value)
    db.add_all(
        AvailabilityRule(
            therapist_id=therapist.id,
            weekday=day,
            start_minute=start_minute,
            end_minute=end_minute,
            time_zone=zone,
            effective_from=date(2020, 1, 1),
        )
        for day in days
    )


@transaction
def change_terms(db: Database, /, therapist: Person, **terms: Any) -> None:
    """Columns of the therapist's profile are otherwise from now on."""
    profile = db.get_one(TherapistProfile, therapist.id)
    for name, value in terms.items():
        setattr(profile, name, value)


@transaction
def add_appointment(
    db: Database,
    /,
    patient: Person,
    therapist: Person,
    start_at: datetime = TUESDAY_AT_NINE,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    **columns: Any,
) -> UUID:
    """An appointment of 50 minutes with 10 minutes' rest, in a status."""
    made = Appointment(
        patient_id=patient.id,
        therapist_id=therapist.id,
        status=status,
        start_at=start_at,
        end_at=start_at + SESSION,
        blocked_from=start_at,
        blocked_until=start_at + timedelta(minutes=60),
        time_zone="UTC",
        held_until=now() + timedelta(minutes=10) if status is AppointmentStatus.HELD else None,
        cancelled_at=now() if status is AppointmentStatus.CANCELLED else None,
        cancelled_by=patient.id if status is AppointmentStatus.CANCELLED else None,
        created_at=now(),
    )
    for name, value in columns.items():
        setattr(made, name, value)
    db.add(made)
    db.flush()
    db.add_all(AppointmentAttendee(appointment_id=made.id, user_id=who.id) for who in (patient, therapist))
    return made.id


@transaction
def change_appointment(db: Database, /, appointment_id: UUID, **columns: Any) -> None:
    """Columns of an appointment are otherwise from now on."""
    found = db.get_one(Appointment, appointment_id)
    for name, value in columns.items():
        setattr(found, name, value)


def times(start_at: datetime, length: timedelta = SESSION) -> dict[str, str]:
    """The members of a body that say from when until when."""
    return {"startAt": start_at.isoformat(), "endAt": (start_at + length).isoformat()}


def book(
    asking: As, therapist: Person, start_at: datetime = TUESDAY_AT_NINE, change: Mapping[str, Any] = {}, **headers: str
) -> TestResponse:
    """Ask for a session; `change` are other members of the body."""
    body = {"therapistId": str(therapist.id), **times(start_at), **change}
    return asking.post("/api/appointments", body, **headers)


def told(answer: TestResponse) -> tuple[int, str]:
    """The status, and what kind of problem it is."""
    return answer.status_code, answer.get_json().get("type", "").rpartition(":")[2]
