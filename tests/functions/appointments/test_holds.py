"""A held time is one patient's alone for some minutes: then it is booked, let go, or nobody's."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from shared.clock import held_at
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.profiles import CredentialsStatus
from shared.database.models.scheduling import Appointment, AppointmentStatus
from shared.roles import Role
from tests.functions.appointments.calendars import (
    NOON,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    book,
    keep_hours,
    times,
    told,
)
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.invariants import assert_nobody_is_double_booked
from tests.people import As, Person, add_care, add_person, change_licence, rows

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TICK = "/api/internal/appointments/tick"


class Clock:
    """What time it is in a test."""

    def __init__(self) -> None:
        self.moment = NOON

    def pass_by(self, span: timedelta) -> None:
        self.moment += span


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    clock = Clock()
    with held_at(lambda: clock.moment):
        yield clock


@pytest.fixture
def practice(appointments: FlaskClient) -> Practice:
    return add_practice()


@pytest.fixture
def patient(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.patient)


@pytest.fixture
def other(appointments: FlaskClient, practice: Practice) -> As:
    """Another patient of the same therapist."""
    somebody = add_person()
    add_care(somebody, practice.therapist)
    return As(appointments, somebody)


def hold(asking: As, therapist: Person, start_at: datetime = TUESDAY_AT_NINE, **headers: str) -> TestResponse:
    return asking.post("/api/appointments/holds", {"therapistId": str(therapist.id), **times(start_at)}, **headers)


def held(asking: As, therapist: Person, start_at: datetime = TUESDAY_AT_NINE) -> str:
    answer = hold(asking, therapist, start_at)
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["appointment"]["id"])


def confirm(asking: As, appointment_id: str) -> TestResponse:
    return asking.post(f"/api/appointments/{appointment_id}/confirm")


def cancel(asking: As, appointment_id: str, **more: int) -> TestResponse:
    return asking.post(f"/api/appointments/{appointment_id}/cancel", {"reason": "other"} | more)


def one(appointment_id: str) -> Appointment:
    [found] = rows(select(Appointment).where(Appointment.id == UUID(appointment_id)))
    return found


def starts(asking: As, therapist: Person) -> list[str]:
    return [slot["startAt"] for slot in asking.get(f"/api/therapists/{therapist.id}/slots").get_json()["items"]]


def test_a_held_time_is_answered_with_its_end(patient: As, practice: Practice) -> None:
    answer = hold(patient, practice.therapist)
    assert answer.status_code == 201
    assert answer.get_json()["heldUntil"] == "2026-03-02T12:05:00Z"
    assert answer.get_json()["appointment"]["status"] == "held"
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "appointment.hold"))
    assert (entry.subject_id, str(entry.resource_id)) == (
        practice.patient.id,
        answer.get_json()["appointment"]["id"],
    )


def test_how_long_is_a_setting(patient: As, practice: Practice, environment: Callable[..., None]) -> None:
    environment(hold_minutes="9")
    assert hold(patient, practice.therapist).get_json()["heldUntil"] == "2026-03-02T12:09:00Z"


def test_nobody_else_has_it_meanwhile(patient: As, other: As, practice: Practice) -> None:
    held(patient, practice.therapist)
    assert told(book(other, practice.therapist)) == (409, "slot-taken")
    assert told(hold(other, practice.therapist, TUESDAY_AT_NINE + 30 * MINUTE)) == (409, "slot-taken")
    assert "2026-03-03T09:00:00Z" not in starts(other, practice.therapist)


def test_nobody_is_told_of_it_and_no_meeting_is_made(patient: As, practice: Practice) -> None:
    appointment_id = held(patient, practice.therapist)
    cancel(patient, appointment_id)
    assert outbox_events("appointment-changed") == []
    assert outbox_events("meeting-wanted") == []


def test_it_is_listed_by_its_status_alone(appointments: FlaskClient, patient: As, practice: Practice) -> None:
    appointment_id = held(patient, practice.therapist)
    for who in (patient, As(appointments, practice.therapist)):
        assert who.get("/api/appointments").get_json()["items"] == []
        listed = who.get("/api/appointments", status="held").get_json()["items"]
        assert [(shown["id"], shown["heldUntil"]) for shown in listed] == [(appointment_id, "2026-03-02T12:05:00Z")]
    cancel(patient, appointment_id)
    for query in ({}, {"status": "cancelled"}, {"status": "held"}):
        assert patient.get("/api/appointments", **query).get_json()["items"] == []


def test_a_confirmed_time_is_booked_and_its_people_are_told(patient: As, practice: Practice, clock: Clock) -> None:
    appointment_id = held(patient, practice.therapist)
    clock.pass_by(4 * MINUTE)
    answer = confirm(patient, appointment_id)
    assert answer.status_code == 200
    assert answer.get_json()["appointment"]["status"] == "booked"
    assert (one(appointment_id).version, one(appointment_id).held_until) == (2, None)
    assert [event.aggregate_id for event in outbox_events("appointment-changed")] == [UUID(appointment_id)]
    assert [event.aggregate_id for event in outbox_events("meeting-wanted")] == [UUID(appointment_id)]
    assert [shown["id"] for shown in patient.get("/api/appointments").get_json()["items"]] == [appointment_id]
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "appointment.confirm"))) == 1


def test_what_was_confirmed_is_answered_as_it_is(patient: As, practice: Practice) -> None:
    appointment_id = held(patient, practice.therapist)
    first, again = confirm(patient, appointment_id), confirm(patient, appointment_id)
    assert first.get_json()["appointment"] == again.get_json()["appointment"]
    assert len(outbox_events("appointment-changed")) == 1


def test_a_hold_ends_on_the_second_and_is_in_nobodys_way_from_then_on(
    patient: As, other: As, practice: Practice, clock: Clock
) -> None:
    appointment_id = held(patient, practice.therapist)
    clock.pass_by(5 * MINUTE - timedelta(seconds=1))
    assert told(book(other, practice.therapist)) == (409, "slot-taken")
    clock.pass_by(timedelta(seconds=1))
    assert told(confirm(patient, appointment_id)) == (409, "hold-expired")
    assert "2026-03-03T09:00:00Z" in starts(other, practice.therapist)
    assert told(book(other, practice.therapist)) == (201, "")
    assert one(appointment_id).status is AppointmentStatus.EXPIRED
    assert told(confirm(patient, appointment_id)) == (409, "hold-expired")
    assert_nobody_is_double_booked()


def test_ones_own_lapsed_hold_elsewhere_is_in_nobodys_way(
    appointments: FlaskClient, patient: As, practice: Practice, clock: Clock
) -> None:
    elsewhere = add_person(Role.THERAPIST)
    keep_hours(elsewhere, accepts_new_patients=True)
    appointment_id = held(patient, elsewhere)
    assert told(book(patient, practice.therapist)) == (409, "own-time-taken")
    clock.pass_by(6 * MINUTE)
    assert told(book(patient, practice.therapist)) == (201, "")
    assert one(appointment_id).status is AppointmentStatus.EXPIRED


def test_a_tick_marks_what_lapsed_and_nothing_else(
    internal: InternalCalls, patient: As, other: As, practice: Practice, clock: Clock
) -> None:
    lapsing = held(patient, practice.therapist)
    clock.pass_by(3 * MINUTE)
    alive = held(other, practice.therapist, TUESDAY_AT_NINE + 2 * HOUR)
    clock.pass_by(2 * MINUTE)
    for _ in range(2):
        assert internal.tick(TICK).status_code == 204
    assert (one(lapsing).status, one(lapsing).version) == (AppointmentStatus.EXPIRED, 2)
    assert one(alive).status is AppointmentStatus.HELD
    assert outbox_events("appointment-changed") == []


def test_two_times_are_held_at_once_and_no_third(patient: As, practice: Practice, clock: Clock) -> None:
    first = held(patient, practice.therapist)
    held(patient, practice.therapist, TUESDAY_AT_NINE + 2 * HOUR)
    third = TUESDAY_AT_NINE + 4 * HOUR
    assert told(hold(patient, practice.therapist, third)) == (409, "too-many-holds")
    cancel(patient, first)
    assert hold(patient, practice.therapist, third).status_code == 201
    clock.pass_by(6 * MINUTE)
    assert hold(patient, practice.therapist).status_code == 201


def test_what_is_let_go_is_free_at_once(patient: As, other: As, practice: Practice) -> None:
    appointment_id = held(patient, practice.therapist)
    answer = cancel(patient, appointment_id)
    assert (answer.status_code, answer.get_json()["status"]) == (200, "cancelled")
    assert cancel(patient, appointment_id).status_code == 200
    assert told(confirm(patient, appointment_id)) == (409, "hold-expired")
    assert told(book(other, practice.therapist)) == (201, "")
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "appointment.release"))) == 1


def test_letting_go_what_was_booked_meanwhile_does_not_call_it_off(patient: As, practice: Practice) -> None:
    answer = hold(patient, practice.therapist)
    shown = answer.get_json()["appointment"]
    confirm(patient, shown["id"])  # of which another tab, or one whose answer was lost, does not know
    assert told(cancel(patient, shown["id"], version=shown["version"])) == (409, "stale-version")
    assert one(shown["id"]).status is AppointmentStatus.BOOKED
    later = hold(patient, practice.therapist, TUESDAY_AT_NINE + HOUR).get_json()["appointment"]
    assert cancel(patient, later["id"], version=later["version"]).get_json()["status"] == "cancelled"


def test_a_therapist_does_not_call_off_what_is_only_held(
    appointments: FlaskClient, patient: As, practice: Practice
) -> None:
    appointment_id = held(patient, practice.therapist)
    assert told(cancel(As(appointments, practice.therapist), appointment_id)) == (409, "appointment-settled")
    assert one(appointment_id).status is AppointmentStatus.HELD


def test_a_held_time_is_not_moved(patient: As, practice: Practice) -> None:
    appointment_id = held(patient, practice.therapist)
    moved = patient.patch(f"/api/appointments/{appointment_id}", times(TUESDAY_AT_NINE + HOUR) | {"version": 1})
    assert told(moved) == (409, "appointment-settled")


def test_the_rules_of_a_booking_hold(patient: As, practice: Practice) -> None:
    assert told(hold(patient, practice.therapist, NOON + HOUR)) == (422, "time-too-soon")
    add_appointment(add_person(), practice.therapist)
    assert told(hold(patient, practice.therapist)) == (409, "slot-taken")


def test_a_key_repeats_a_hold_safely(patient: As, practice: Practice) -> None:
    first, again = (hold(patient, practice.therapist, TUESDAY_AT_NINE, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first.get_json() == again.get_json()


def test_who_was_not_told_of_their_hold_and_asks_again_has_it(patient: As, practice: Practice) -> None:
    first = hold(patient, practice.therapist)
    held(patient, practice.therapist, TUESDAY_AT_NINE + 2 * HOUR)
    again = hold(patient, practice.therapist, TUESDAY_AT_NINE, **{"Idempotency-Key": "another"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert len(rows(select(Appointment))) == 2


def test_a_hold_that_lapsed_or_is_anothers_is_not_answered_again(
    other: As, patient: As, practice: Practice, clock: Clock
) -> None:
    first = held(patient, practice.therapist)
    assert told(hold(other, practice.therapist)) == (409, "slot-taken")
    clock.pass_by(5 * MINUTE)
    assert held(patient, practice.therapist) != first


def test_whoever_may_practise_no_longer_is_not_confirmed(patient: As, practice: Practice) -> None:
    appointment_id = held(patient, practice.therapist)
    change_licence(practice.therapist, CredentialsStatus.REJECTED)
    assert told(confirm(patient, appointment_id)) == (409, "therapist-not-available")


def test_another_persons_hold_and_none_look_the_same(other: As, patient: As, practice: Practice) -> None:
    appointment_id = held(patient, practice.therapist)
    answers = [confirm(other, which).get_json() | {"instance": ""} for which in (appointment_id, str(uuid4()))]
    assert answers[0] == answers[1]
    assert answers[0]["status"] == 404
    entries = rows(select(AuditEvent).where(AuditEvent.action == "appointment.confirm"))
    assert {entry.outcome for entry in entries} == {AuditOutcome.DENIED}


def test_a_stranger_holds_no_time_of_who_takes_nobody_new(appointments: FlaskClient, practice: Practice) -> None:
    assert told(hold(As(appointments, add_person()), practice.therapist)) == (404, "not-found")
