"""Calling off: either of the two may until it begins, for a reason that can be counted; a late one is marked."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from shared.clock import held_at
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import Appointment, AppointmentStatus, CancelReason
from shared.roles import Role
from tests.functions.appointments.calendars import (
    NOON,
    Practice,
    add_appointment,
    add_practice,
    book,
    change_appointment,
    told,
)
from tests.people import As, add_care, add_person, rows

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DONE = (200, "")
GIVEN_BY_NOBODY = {CancelReason.CARE_ENDED, CancelReason.ACCOUNT_CLOSED}


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


@pytest.fixture
def therapist(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.therapist)


def cancel(asking: As, booked: UUID, reason: object = "patient_request", **more: Any) -> TestResponse:
    return asking.post(f"/api/appointments/{booked}/cancel", {"reason": reason} | more)


def one() -> Appointment:
    [found] = rows(select(Appointment))
    return found


@pytest.mark.parametrize("side", ["patient", "therapist"])
def test_either_of_the_two_calls_it_off(appointments: FlaskClient, practice: Practice, booked: UUID, side: str) -> None:
    who = getattr(practice, side)
    answer = cancel(As(appointments, who), booked, "illness")
    assert told(answer) == DONE
    shown = answer.get_json()
    assert (shown["status"], shown["version"]) == ("cancelled", 2)
    late = side == "patient"  # it would have begun within the day
    assert shown["cancelled"] == {"at": "2026-03-02T12:00:00Z", "by": who.role, "reason": "illness", "late": late}
    found = one()
    assert (found.cancelled_by, found.cancelled_at, found.ics_sequence) == (who.id, NOON, 1)


def test_its_time_is_free_again(appointments: FlaskClient, practice: Practice, patient: As, booked: UUID) -> None:
    cancel(patient, booked)
    other = add_person()
    add_care(other, practice.therapist)
    assert told(book(As(appointments, other), practice.therapist)) == (201, "")
    assert list(rows(select(TherapistProfile.schedule_version))) == [3]


@pytest.mark.parametrize(
    ("ahead", "late"),
    [(24 * HOUR + MINUTE, False), (24 * HOUR, False), (24 * HOUR - MINUTE, True), (MINUTE, True)],
)
def test_what_a_patient_calls_off_within_the_last_day_is_late(
    practice: Practice, patient: As, ahead: timedelta, late: bool
) -> None:
    made = add_appointment(practice.patient, practice.therapist, NOON + ahead)
    assert cancel(patient, made).get_json()["cancelled"]["late"] is late


def test_how_long_before_is_a_setting(environment: Callable[..., None], patient: As, booked: UUID) -> None:
    before = patient.get(f"/api/appointments/{booked}").get_json()
    environment(late_cancel_hours="2")
    after = patient.get(f"/api/appointments/{booked}").get_json()
    assert (before["lateFrom"], after["lateFrom"]) == ("2026-03-02T09:00:00Z", "2026-03-03T07:00:00Z")
    assert cancel(patient, booked).get_json()["cancelled"]["late"] is False


def test_a_therapist_is_never_late(practice: Practice, therapist: As) -> None:
    made = add_appointment(practice.patient, practice.therapist, NOON + MINUTE)
    assert cancel(therapist, made).get_json()["cancelled"]["late"] is False


def test_a_repeat_changes_nothing(patient: As, therapist: As, booked: UUID) -> None:
    first = cancel(patient, booked, version=1)
    repeats = [cancel(patient, booked, version=1), cancel(patient, booked, "other"), cancel(therapist, booked)]
    assert {answer.status_code for answer in repeats} == {200}
    assert all(answer.get_json() == first.get_json() for answer in repeats)
    assert (one().version, one().ics_sequence) == (2, 1)
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "appointment.cancel"))) == 1


@pytest.mark.parametrize("version", [2, 7])
def test_a_change_of_what_is_no_longer_so_is_refused(patient: As, booked: UUID, version: int) -> None:
    assert told(cancel(patient, booked, version=version)) == (409, "stale-version")
    assert one().status is AppointmentStatus.BOOKED


@pytest.mark.parametrize("status", AppointmentStatus)
def test_only_what_is_ahead_is_called_off(practice: Practice, patient: As, status: AppointmentStatus) -> None:
    made = add_appointment(practice.patient, practice.therapist, status=status)
    possible = {
        AppointmentStatus.BOOKED,
        AppointmentStatus.PENDING,
        AppointmentStatus.HELD,
        AppointmentStatus.CANCELLED,
    }
    assert told(cancel(patient, made)) == (DONE if status in possible else (409, "appointment-settled"))


@pytest.mark.parametrize("seconds", [-1, 0])
def test_what_has_begun_is_not_called_off(patient: As, booked: UUID, seconds: int) -> None:
    change_appointment(booked, start_at=NOON + timedelta(seconds=seconds), blocked_from=NOON - HOUR)
    assert told(cancel(patient, booked)) == (409, "appointment-settled")


@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
@pytest.mark.parametrize("reason", CancelReason)
def test_each_gives_the_reasons_that_can_be_theirs(
    patient: As, therapist: As, booked: UUID, reason: CancelReason, role: Role
) -> None:
    answer = cancel(patient if role is Role.PATIENT else therapist, booked, reason)
    others = GIVEN_BY_NOBODY | ({CancelReason.THERAPIST_UNAVAILABLE} if role is Role.PATIENT else set())
    if reason in others:
        assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/reason")
    else:
        assert answer.get_json()["cancelled"]["reason"] == reason
    assert one().status is (AppointmentStatus.BOOKED if reason in others else AppointmentStatus.CANCELLED)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/reason"),
        ({"reason": None}, "/reason"),
        ({"reason": "I feel better"}, "/reason"),
        ({"reason": "other", "version": 0}, "/version"),
        ({"reason": "other", "version": 2**31}, "/version"),
        ({"reason": "other", "version": "one"}, "/version"),
        ({"reason": "other", "note": "in my own words"}, "/note"),
    ],
)
def test_each_field_is_checked(patient: As, booked: UUID, body: dict[str, Any], pointer: str) -> None:
    answer = patient.post(f"/api/appointments/{booked}/cancel", body)
    assert answer.status_code == 422
    assert pointer in [fault["pointer"] for fault in answer.get_json()["errors"]]
    assert one().status is AppointmentStatus.BOOKED


def test_it_leaves_an_audit_entry(practice: Practice, therapist: As, booked: UUID) -> None:
    cancel(therapist, booked)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "appointment.cancel"))
    assert (entry.actor_id, entry.subject_id, entry.resource_id) == (
        practice.therapist.id,
        practice.patient.id,
        booked,
    )


def test_cancellations_are_limited(environment: Callable[..., None], patient: As, booked: UUID) -> None:
    environment(limits="cancel-appointment=1/60")
    assert [cancel(patient, booked).status_code for _ in range(2)] == [200, 429]
