"""Rescheduling: an appointment takes another time and frees its own in one step, or stays exactly as it is."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.clock import held_at
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import Appointment, AppointmentStatus
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.appointments.calendars import (
    NOON,
    SESSION,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    book,
    change_appointment,
    change_terms,
    times,
    told,
)
from tests.invariants import assert_nobody_is_double_booked
from tests.people import As, add_person, change_licence, rows

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = TUESDAY_AT_NINE + 3 * HOUR
DONE = (200, "")


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with held_at(lambda: NOON):
        yield


@pytest.fixture
def practice(appointments: FlaskClient) -> Practice:
    return add_practice()


@pytest.fixture
def booked(practice: Practice) -> UUID:
    return add_appointment(practice.patient, practice.therapist)


@pytest.fixture
def patient(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.patient)


def move(asking: As, booked: UUID, start_at: datetime = LATER, change: dict[str, Any] | None = None) -> TestResponse:
    body = {**times(start_at), "version": 1} | (change or {})
    return asking.patch(f"/api/appointments/{booked}", body)


def one() -> Appointment:
    [found] = rows(select(Appointment))
    return found


@pytest.mark.parametrize("side", ["patient", "therapist"])
def test_either_of_the_two_gives_it_another_time(
    appointments: FlaskClient, practice: Practice, booked: UUID, side: str
) -> None:
    who = getattr(practice, side)
    answer = move(As(appointments, who), booked)
    assert told(answer) == DONE
    shown = answer.get_json()
    assert (shown["id"], shown["startAt"], shown["endAt"]) == (
        str(booked),
        "2026-03-03T12:00:00Z",
        "2026-03-03T12:50:00Z",
    )
    assert (shown["version"], shown["status"]) == (2, "booked")
    assert shown["rescheduled"] == {
        "at": "2026-03-02T12:00:00Z",
        "by": who.role,
        "previousStartAt": "2026-03-03T09:00:00Z",
    }
    found = one()
    assert (found.version, found.ics_sequence, found.rescheduled_by) == (2, 1, who.id)
    assert (found.blocked_from, found.blocked_until) == (LATER, LATER + SESSION + 10 * MINUTE)


def test_the_time_it_had_is_free_for_others_and_the_new_one_is_not(
    appointments: FlaskClient, practice: Practice, patient: As, booked: UUID
) -> None:
    move(patient, booked)
    change_terms(practice.therapist, accepts_new_patients=True)
    other = As(appointments, add_person())
    assert told(book(other, practice.therapist, LATER)) == (409, "slot-taken")
    assert told(book(other, practice.therapist, TUESDAY_AT_NINE)) == (201, "")
    assert_nobody_is_double_booked()


def test_an_appointment_is_not_in_its_own_way(practice: Practice, patient: As, booked: UUID) -> None:
    change_terms(practice.therapist, daily_maximum=1)
    assert told(move(patient, booked, TUESDAY_AT_NINE + 30 * MINUTE)) == DONE


@pytest.mark.parametrize(
    ("start_at", "length", "status", "problem"),
    [
        (NOON - HOUR, SESSION, 422, "time-past"),
        (NOON + HOUR, SESSION, 422, "time-too-soon"),
        (TUESDAY_AT_NINE + 100 * DAY, SESSION, 422, "time-too-far"),
        (LATER, SESSION + MINUTE, 422, "wrong-length"),
        (TUESDAY_AT_NINE - 5 * HOUR, SESSION, 422, "outside-hours"),
        (LATER + MINUTE, SESSION, 422, "time-misaligned"),
        (TUESDAY_AT_NINE + 5 * HOUR, SESSION, 409, "slot-taken"),
        (TUESDAY_AT_NINE + 7 * HOUR, SESSION, 409, "own-time-taken"),
        (TUESDAY_AT_NINE + DAY, SESSION, 409, "day-full"),
    ],
)
def test_the_rules_are_those_of_a_booking_and_a_refused_one_stays_where_it_was(
    practice: Practice,
    patient: As,
    booked: UUID,
    start_at: datetime,
    length: timedelta,
    status: int,
    problem: str,
) -> None:
    change_terms(practice.therapist, daily_maximum=3)
    add_appointment(add_person(), practice.therapist, TUESDAY_AT_NINE + 5 * HOUR)
    add_appointment(practice.patient, add_person(Role.THERAPIST), TUESDAY_AT_NINE + 7 * HOUR)
    for hours in (2, 4, 6):
        add_appointment(add_person(), practice.therapist, TUESDAY_AT_NINE + DAY + hours * HOUR)
    assert told(move(patient, booked, start_at, times(start_at, length))) == (status, problem)
    [found] = rows(select(Appointment).where(Appointment.id == booked))
    assert (found.start_at, found.version, found.ics_sequence) == (TUESDAY_AT_NINE, 1, 0)
    assert_nobody_is_double_booked()


def test_a_change_of_what_is_no_longer_so_is_refused(patient: As, booked: UUID) -> None:
    assert told(move(patient, booked)) == DONE
    assert told(move(patient, booked, LATER + HOUR)) == (409, "stale-version")
    assert told(move(patient, booked, LATER + HOUR, {"version": 3})) == (409, "stale-version")
    assert told(move(patient, booked, LATER + HOUR, {"version": 2})) == DONE
    assert (one().version, one().ics_sequence, one().rescheduled_from) == (3, 2, LATER)


def test_a_repeat_of_a_change_that_was_made_changes_nothing(patient: As, booked: UUID) -> None:
    first, again = move(patient, booked), move(patient, booked)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json() == again.get_json()
    assert one().version == 2
    moves = rows(select(AuditEvent).where(AuditEvent.action == "appointment.reschedule"))
    assert len(moves) == 1


@pytest.mark.parametrize("status", AppointmentStatus)
def test_only_what_is_ahead_is_moved(practice: Practice, patient: As, status: AppointmentStatus) -> None:
    made = add_appointment(practice.patient, practice.therapist, status=status)
    movable = status in {AppointmentStatus.BOOKED, AppointmentStatus.PENDING}
    assert told(move(patient, made)) == (DONE if movable else (409, "appointment-settled"))


@pytest.mark.parametrize("seconds", [-1, 0])
def test_what_has_begun_is_not_moved(patient: As, booked: UUID, seconds: int) -> None:
    change_appointment(booked, start_at=NOON + timedelta(seconds=seconds), blocked_from=NOON - HOUR)
    assert told(move(patient, booked)) == (409, "appointment-settled")


def test_without_a_licence_in_force_there_are_no_new_times(practice: Practice, patient: As, booked: UUID) -> None:
    change_licence(practice.therapist, expires_on=date(2026, 2, 20))
    assert told(move(patient, booked)) == (409, "therapist-not-available")


@pytest.mark.parametrize(("days", "expected"), [(-1, DONE), (1, (409, "therapist-not-available"))])
def test_care_that_ended_since_leaves_no_new_times_and_earlier_care_has_nothing_to_do_with_it(
    practice: Practice, patient: As, days: int, expected: tuple[int, str]
) -> None:
    made = add_appointment(practice.patient, practice.therapist, created_at=NOON - timedelta(days=10 + days))
    end_care_at(practice, NOON - timedelta(days=10))
    assert told(move(patient, made)) == expected


@transaction
def end_care_at(db: Database, practice: Practice, moment: datetime) -> None:
    whose = CareRelationship.therapist_id == practice.therapist.id
    db.execute(update(CareRelationship).where(whose).values(status=CareStatus.ENDED, ended_at=moment))


def test_who_accepts_nobody_new_still_moves_what_stands(appointments: FlaskClient, practice: Practice) -> None:
    stranger = add_person()
    made = add_appointment(stranger, practice.therapist)
    assert told(move(As(appointments, stranger), made)) == DONE


def test_a_move_raises_the_version_of_the_schedule_and_leaves_an_audit_entry(
    practice: Practice, patient: As, booked: UUID
) -> None:
    move(patient, booked)
    assert list(rows(select(TherapistProfile.schedule_version))) == [2]
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "appointment.reschedule"))
    assert (entry.actor_id, entry.subject_id, entry.resource_id) == (practice.patient.id, practice.patient.id, booked)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"startAt": None}, "/startAt"),
        ({"startAt": "noon"}, "/startAt"),
        ({"startAt": "0001-01-01T00:00:00+14:00"}, "/startAt"),
        ({"endAt": None}, "/endAt"),
        ({"endAt": "2026-03-03T12:50:00"}, "/endAt"),
        ({"version": None}, "/version"),
        ({"version": 0}, "/version"),
        ({"version": 2**31}, "/version"),
        ({"version": "one"}, "/version"),
        ({"therapistId": "another"}, "/therapistId"),
    ],
)
def test_each_field_is_checked(patient: As, booked: UUID, change: dict[str, Any], pointer: str) -> None:
    answer = move(patient, booked, LATER, change)
    assert answer.status_code == 422
    assert pointer in [fault["pointer"] for fault in answer.get_json()["errors"]]
    assert one().version == 1


@pytest.mark.parametrize("missing", ["startAt", "endAt", "version"])
def test_each_field_is_needed(patient: As, booked: UUID, missing: str) -> None:
    body = {**times(LATER), "version": 1}
    del body[missing]
    answer = patient.patch(f"/api/appointments/{booked}", body)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, f"/{missing}")


def test_moves_are_limited(environment: Callable[..., None], patient: As, booked: UUID) -> None:
    environment(limits="move-appointment=1/60")
    assert [move(patient, booked).status_code for _ in range(2)] == [200, 429]
