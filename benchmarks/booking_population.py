"""Therapists with hours, and calendars full of appointments, written straight into a cloud's database."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, text
from sqlalchemy.orm import Session as Database

from shared import session
from shared.clock import now
from shared.database.models.accounts import Transport, User
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.models.scheduling import Appointment, AppointmentStatus, AvailabilityRule
from shared.database.transaction import transaction
from shared.roles import Role

ZONES: Final = ("America/New_York", "America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu")
SPECIALTIES: Final = ("Sleep", "Grief", "Anxiety", "Couples", "Trauma", "Children")
SESSION: Final = timedelta(minutes=50)
BLOCKED: Final = timedelta(minutes=60)
BATCH: Final = 500


@dataclass(frozen=True)
class Person:
    """Somebody with an account, and a session where one was opened."""

    id: UUID
    token: str = ""


@transaction
def add_people(db: Database, /, role: Role, count: int, *, signed_in: bool = False) -> list[Person]:
    """So many accounts."""
    users = [_user(role, number) for number in range(count)]
    db.execute(insert(User), users)
    if not signed_in:
        return [Person(user["id"]) for user in users]
    rows = [db.get_one(User, user["id"]) for user in users]
    opened = [
        session.open_session(db, row, transport=Transport.BEARER, address="127.0.0.1", user_agent="benchmark")
        for row in rows
    ]
    return [Person(row.id, one.token) for row, one in zip(rows, opened, strict=True)]


def _user(role: Role, number: int) -> dict[str, Any]:
    user_id = uuid4()
    return {
        "id": user_id,
        "email": f"{user_id}@bench.test",
        "name": f"Somebody {number}",
        "role": role,
        "email_verified_at": now(),
        "time_zone": ZONES[number % len(ZONES)],
    }


def add_therapists(
    count: int,
    *,
    start_minute: int = 8 * 60,
    end_minute: int = 18 * 60,
    zones: Sequence[str] = ZONES,
) -> list[Person]:
    """So many, who take new patients and work on every day of the week, by the clocks of zones in turn."""
    therapists = add_people(Role.THERAPIST, count)
    for first in range(0, count, BATCH):
        _add_hours(therapists[first : first + BATCH], start_minute, end_minute, zones)
    return therapists


@transaction
def _add_hours(
    db: Database, /, therapists: list[Person], start_minute: int, end_minute: int, zones: Sequence[str]
) -> None:
    profiles = [
        {
            "user_id": one.id,
            "bio": "Warm, clear and patient. " * 8,
            "specialties": [SPECIALTIES[number % 6], SPECIALTIES[(number + 2) % 6]],
            "languages": ["en", ("de", "es", "fr")[number % 3]],
            "accepts_new_patients": True,
            "license_expires_on": date(2099, 12, 31),
            "credentials_status": CredentialsStatus.VERIFIED,
            "reviewed_at": now(),
        }
        for number, one in enumerate(therapists)
    ]
    rules = [
        {
            "id": uuid4(),
            "therapist_id": one.id,
            "weekday": day,
            "start_minute": start_minute,
            "end_minute": end_minute,
            "time_zone": zones[number % len(zones)],
            "effective_from": date(2020, 1, 1),
        }
        for number, one in enumerate(therapists)
        for day in range(7)
    ]
    db.execute(insert(TherapistProfile), profiles)
    db.execute(insert(AvailabilityRule), rules)


def add_calendar(therapist: Person, patients: list[Person], *, count: int, first: datetime, seed: int = 1) -> None:
    """So many appointments, spread at random over the hours of 60 days from the first on."""
    chance = random.Random(seed)
    hours = sorted(chance.sample(range(60 * 24), count))
    _add_appointments([_appointment(therapist, patients, first + timedelta(hours=hour), hour) for hour in hours])


@transaction
def _add_appointments(db: Database, appointments: list[dict[str, Any]]) -> None:
    db.execute(insert(Appointment), appointments)


def _appointment(therapist: Person, patients: list[Person], start_at: datetime, number: int) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "patient_id": patients[number % len(patients)].id,
        "therapist_id": therapist.id,
        "status": AppointmentStatus.BOOKED,
        "start_at": start_at,
        "end_at": start_at + SESSION,
        "blocked_from": start_at,
        "blocked_until": start_at + BLOCKED,
        "time_zone": "UTC",
    }


def add_history(therapist: Person, patient: Person, count: int) -> None:
    """So many sessions that are over, one every two hours until a week ago."""
    for first in range(0, count, BATCH):
        _add_history(therapist, patient, first, min(first + BATCH, count))


@transaction
def _add_history(db: Database, /, therapist: Person, patient: Person, first: int, last: int) -> None:
    made = text(
        "INSERT INTO appointment (id, patient_id, therapist_id, status, start_at, end_at, blocked_from, blocked_until, "
        "time_zone, version, ics_sequence, zoom_status, created_at, updated_at) SELECT gen_random_uuid(), :patient, "
        ":therapist, 'completed', s, s + interval '50 minutes', s, s + interval '1 hour', 'UTC', 1, 0, 'deleted', s, s "
        "FROM (SELECT CAST(:until AS timestamptz) - n * interval '2 hours' AS s "
        "FROM generate_series(CAST(:first AS int) + 1, :last) AS n) h"
    )
    until = now().replace(minute=0, second=0, microsecond=0) - timedelta(days=7)
    people = {"patient": patient.id, "therapist": therapist.id}
    db.execute(made, {**people, "until": until, "first": first, "last": last})


@transaction
def analyse(db: Database) -> None:
    """Let the database count what it holds, as its own housekeeping would by the next morning."""
    for table in ("appointment", "availability_rule", "therapist_profile"):
        db.execute(text(ANALYSE[table]))


ANALYSE: Final = {
    "appointment": "ANALYZE appointment",
    "availability_rule": "ANALYZE availability_rule",
    "therapist_profile": "ANALYZE therapist_profile",
}
