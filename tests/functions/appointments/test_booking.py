"""Booking: a patient takes a time of their therapist's by every rule there is, and nobody is booked twice."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from functions.appointments.booking_rules import OwnTimeTaken, SlotTaken
from functions.appointments.taking_time import each_start_once
from shared.clock import held_at
from shared.database.models.accounts import User, UserStatus
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareStatus
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.models.scheduling import Appointment, AppointmentAttendee, AppointmentStatus
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.appointments.calendars import (
    MONDAY,
    NOON,
    SESSION,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    book,
    change_terms,
    keep_hours,
    times,
    told,
)
from tests.invariants import assert_nobody_is_double_booked
from tests.people import As, Person, add_care, add_person, rows

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BOOKED = (201, "")
TAKES_TIME = (
    AppointmentStatus.HELD,
    AppointmentStatus.PENDING,
    AppointmentStatus.BOOKED,
    AppointmentStatus.IN_SESSION,
)


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with held_at(lambda: NOON):
        yield


@pytest.fixture
def practice(appointments: FlaskClient) -> Practice:
    return add_practice()


@pytest.fixture
def patient(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.patient)


def kept() -> list[Appointment]:
    return list(rows(select(Appointment).order_by(Appointment.start_at)))


def test_a_booked_time_is_answered_with_the_appointment(patient: As, practice: Practice) -> None:
    answer = book(patient, practice.therapist)
    assert answer.status_code == 201
    assert answer.get_json() == {
        "zoomJoinUrl": None,
        "appointment": {
            "id": str(kept()[0].id),
            "patient": {"userId": str(practice.patient.id), "name": practice.patient.name},
            "therapist": {"userId": str(practice.therapist.id), "name": practice.therapist.name},
            "startAt": "2026-03-03T09:00:00Z",
            "endAt": "2026-03-03T09:50:00Z",
            "timeZone": "UTC",
            "status": "booked",
            "version": 1,
            "video": "unavailable",
            "seriesId": None,
            "rescheduled": None,
            "cancelled": None,
            "attendance": None,
            "heldUntil": None,
            "lateFrom": "2026-03-02T09:00:00Z",
            "createdAt": "2026-03-02T12:00:00Z",
        },
    }


def test_a_booking_blocks_the_time_with_the_therapists_buffers(patient: As, practice: Practice) -> None:
    change_terms(practice.therapist, buffer_before_minutes=5, buffer_after_minutes=15)
    assert book(patient, practice.therapist).status_code == 201
    [found] = kept()
    assert (found.blocked_from, found.blocked_until) == (
        TUESDAY_AT_NINE - 5 * MINUTE,
        TUESDAY_AT_NINE + SESSION + 15 * MINUTE,
    )
    attendees = rows(select(AppointmentAttendee.user_id).where(AppointmentAttendee.appointment_id == found.id))
    assert set(attendees) == {practice.patient.id, practice.therapist.id}


def test_a_booking_raises_the_version_of_the_schedule_and_leaves_an_audit_entry(
    patient: As, practice: Practice
) -> None:
    book(patient, practice.therapist)
    assert list(rows(select(TherapistProfile.schedule_version))) == [2]
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "appointment.book"))
    assert (entry.actor_id, entry.subject_id, entry.resource_id, entry.outcome) == (
        practice.patient.id,
        practice.patient.id,
        kept()[0].id,
        AuditOutcome.SUCCESS,
    )


def test_a_time_with_another_offset_is_the_same_time(patient: As, practice: Practice) -> None:
    given = {"startAt": "2026-03-03T10:00:00+01:00", "endAt": "2026-03-03T10:50:00+01:00"}
    assert book(patient, practice.therapist, change=given).status_code == 201
    assert kept()[0].start_at == TUESDAY_AT_NINE


@pytest.mark.parametrize(
    ("start_at", "length", "problem", "pointer"),
    [
        (NOON - HOUR, SESSION, "time-past", "/startAt"),
        (MONDAY - 400 * DAY, SESSION, "time-past", "/startAt"),
        (NOON + HOUR, SESSION, "time-too-soon", "/startAt"),
        (MONDAY + 61 * DAY + 9 * HOUR, SESSION, "time-too-far", "/startAt"),
        (TUESDAY_AT_NINE, SESSION - MINUTE, "wrong-length", "/endAt"),
        (TUESDAY_AT_NINE, SESSION + MINUTE, "wrong-length", "/endAt"),
        (TUESDAY_AT_NINE, -SESSION, "wrong-length", "/endAt"),
        (TUESDAY_AT_NINE, timedelta(), "wrong-length", "/endAt"),
        (TUESDAY_AT_NINE - 2 * HOUR, SESSION, "outside-hours", "/startAt"),
        (TUESDAY_AT_NINE + 8 * HOUR + 30 * MINUTE, SESSION, "outside-hours", "/startAt"),
        (TUESDAY_AT_NINE + 5 * MINUTE, SESSION, "time-misaligned", "/startAt"),
        (TUESDAY_AT_NINE + timedelta(microseconds=1), SESSION, "time-misaligned", "/startAt"),
    ],
)
def test_each_fault_of_a_time_is_told_for_what_it_is(
    patient: As, practice: Practice, start_at: datetime, length: timedelta, problem: str, pointer: str
) -> None:
    answer = book(patient, practice.therapist, start_at, times(start_at, length))
    assert told(answer) == (422, problem)
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]
    assert kept() == []


@pytest.mark.parametrize("start_at", [NOON + 2 * HOUR, MONDAY + 60 * DAY + 12 * HOUR])
def test_the_first_and_the_last_time_that_can_be_booked(patient: As, practice: Practice, start_at: datetime) -> None:
    assert told(book(patient, practice.therapist, start_at)) == BOOKED


@pytest.mark.parametrize("status", AppointmentStatus)
def test_a_time_is_taken_by_what_occupies_it_and_by_nothing_else(
    patient: As, practice: Practice, status: AppointmentStatus
) -> None:
    add_appointment(add_person(), practice.therapist, status=status)
    expected = (409, "slot-taken") if status in TAKES_TIME else BOOKED
    assert told(book(patient, practice.therapist)) == expected
    assert_nobody_is_double_booked()


@pytest.mark.parametrize(("minutes", "free"), [(-60, True), (-30, False), (0, False), (30, False), (60, True)])
def test_the_rest_between_sessions_is_not_booked(patient: As, practice: Practice, minutes: int, free: bool) -> None:
    add_appointment(add_person(), practice.therapist)
    answer = book(patient, practice.therapist, TUESDAY_AT_NINE + minutes * MINUTE)
    assert told(answer) == (BOOKED if free else (409, "slot-taken"))
    assert_nobody_is_double_booked()


def test_buffers_made_longer_later_hold_for_what_is_booked_from_then_on(patient: As, practice: Practice) -> None:
    add_appointment(add_person(), practice.therapist)
    change_terms(practice.therapist, buffer_before_minutes=30)
    assert told(book(patient, practice.therapist, TUESDAY_AT_NINE + HOUR)) == (409, "slot-taken")
    assert told(book(patient, practice.therapist, TUESDAY_AT_NINE + HOUR + 30 * MINUTE)) == BOOKED


@pytest.mark.parametrize(("minutes", "free"), [(-60, True), (-30, False), (0, False), (30, False), (60, True)])
def test_a_patient_is_in_one_place_at_a_time(patient: As, practice: Practice, minutes: int, free: bool) -> None:
    elsewhere = add_person(Role.THERAPIST)
    add_appointment(practice.patient, elsewhere)
    answer = book(patient, practice.therapist, TUESDAY_AT_NINE + minutes * MINUTE)
    assert told(answer) == (BOOKED if free else (409, "own-time-taken"))


def test_a_patient_needs_no_rest_between_two_therapists(patient: As, practice: Practice) -> None:
    elsewhere = add_person(Role.THERAPIST)
    add_appointment(practice.patient, elsewhere, TUESDAY_AT_NINE - SESSION)
    assert told(book(patient, practice.therapist)) == BOOKED


def test_a_day_that_is_full_is_full(patient: As, practice: Practice) -> None:
    change_terms(practice.therapist, daily_maximum=2)
    for hours in (2, 4):
        add_appointment(add_person(), practice.therapist, TUESDAY_AT_NINE + hours * HOUR)
    assert told(book(patient, practice.therapist)) == (409, "day-full")
    assert told(book(patient, practice.therapist, TUESDAY_AT_NINE + DAY)) == BOOKED


def test_days_are_the_therapists_own(appointments: FlaskClient) -> None:
    therapist, patient = add_person(Role.THERAPIST), add_person()
    keep_hours(therapist, 0, 1440, zone="Pacific/Auckland", accepts_new_patients=True, daily_maximum=1)
    add_appointment(add_person(), therapist, TUESDAY_AT_NINE)  # Tuesday, ten in the evening
    asking = As(appointments, patient)
    assert told(book(asking, therapist, TUESDAY_AT_NINE - 9 * HOUR)) == (409, "day-full")
    later = book(asking, therapist, TUESDAY_AT_NINE + 3 * HOUR)
    assert told(later) == BOOKED
    assert later.get_json()["appointment"]["timeZone"] == "Pacific/Auckland"


NOT_THERE = (404, "not-found")


@pytest.mark.parametrize("accepts", [True, False])
@pytest.mark.parametrize("care", [None, *CareStatus])
def test_ones_own_therapist_is_booked_and_whoever_takes_new_patients(
    appointments: FlaskClient, care: CareStatus | None, accepts: bool
) -> None:
    therapist, patient = add_person(Role.THERAPIST), add_person()
    keep_hours(therapist, accepts_new_patients=accepts)
    if care:
        add_care(patient, therapist, care)
    answer = book(As(appointments, patient), therapist)
    assert told(answer) == (BOOKED if accepts or care is CareStatus.ACCEPTED else NOT_THERE)


def test_care_that_ended_and_was_taken_up_again_is_care(appointments: FlaskClient) -> None:
    therapist, patient = add_person(Role.THERAPIST), add_person()
    keep_hours(therapist)
    for status in (CareStatus.ENDED, CareStatus.ACCEPTED):
        add_care(patient, therapist, status)
    assert told(book(As(appointments, patient), therapist)) == BOOKED


@pytest.mark.parametrize("licence", [*CredentialsStatus, "expired"])
def test_only_who_may_practise_is_booked(appointments: FlaskClient, licence: str) -> None:
    status = CredentialsStatus.VERIFIED if licence == "expired" else CredentialsStatus(licence)
    last_day = date(2026, 2, 20) if licence == "expired" else date(2099, 1, 1)
    therapist = add_person(Role.THERAPIST, licence=status, licence_expires_on=last_day)
    keep_hours(therapist, accepts_new_patients=True)
    patient = add_person()
    add_care(patient, therapist)
    answer = book(As(appointments, patient), therapist)
    assert told(answer) == (BOOKED if licence == CredentialsStatus.VERIFIED else NOT_THERE)


@pytest.mark.parametrize("status", UserStatus)
def test_only_an_account_that_is_in_use_is_booked(patient: As, practice: Practice, status: UserStatus) -> None:
    set_status(practice.therapist, status)
    assert told(book(patient, practice.therapist)) == (BOOKED if status is UserStatus.ACTIVE else NOT_THERE)


@transaction
def set_status(db: Database, person: Person, status: UserStatus) -> None:
    columns: dict[str, Any] = {"status": status}
    if status is UserStatus.ERASED:
        columns |= {"password_hash": None}
    if status is UserStatus.SUSPENDED:
        columns |= {"suspended_at": NOON}
    db.execute(update(User).where(User.id == person.id).values(columns))


def test_who_is_no_therapist_and_who_is_not_there_look_the_same(patient: As, practice: Practice) -> None:
    nobody = Person(uuid4(), Role.THERAPIST, "", "", "")
    others = (nobody, practice.patient, add_person(), add_person(Role.ADMINISTRATOR), add_person(Role.THERAPIST))
    answers = [book(patient, other).get_json() for other in others]
    assert {answer["status"] for answer in answers} == {404}
    assert len({str(answer | {"instance": ""}) for answer in answers}) == 1
    entries = rows(select(AuditEvent).where(AuditEvent.action == "appointment.book"))
    assert {(entry.outcome, entry.actor_id) for entry in entries} == {(AuditOutcome.DENIED, practice.patient.id)}
    assert len(entries) == len(others)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"therapistId": None}, "/therapistId"),
        ({"therapistId": "me"}, "/therapistId"),
        ({"startAt": None}, "/startAt"),
        ({"startAt": "tomorrow"}, "/startAt"),
        ({"startAt": "2026-03-03T09:00:00"}, "/startAt"),
        ({"startAt": "0001-01-01T00:00:00+14:00"}, "/startAt"),
        ({"startAt": "9999-12-31T23:59:59-12:00"}, "/startAt"),
        ({"endAt": None}, "/endAt"),
        ({"endAt": "2026-03-03T09:50:00"}, "/endAt"),
        ({"endAt": "9999-12-31T23:59:59-12:00"}, "/endAt"),
        ({"status": "booked"}, "/status"),
        ({"patientId": str(uuid4())}, "/patientId"),
    ],
)
def test_each_field_is_checked(patient: As, practice: Practice, change: dict[str, Any], pointer: str) -> None:
    answer = book(patient, practice.therapist, change=change)
    assert answer.status_code == 422
    assert pointer in [fault["pointer"] for fault in answer.get_json()["errors"]]
    assert kept() == []


@pytest.mark.parametrize("missing", ["therapistId", "startAt", "endAt"])
def test_each_field_is_needed(patient: As, practice: Practice, missing: str) -> None:
    body = {"therapistId": str(practice.therapist.id)} | times(TUESDAY_AT_NINE)
    del body[missing]
    answer = patient.post("/api/appointments", body)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, f"/{missing}")


@pytest.mark.parametrize(("role", "status"), [(Role.THERAPIST, 403), (Role.ADMINISTRATOR, 403), (None, 401)])
def test_only_patients_book(appointments: FlaskClient, practice: Practice, role: Role | None, status: int) -> None:
    asking = As(appointments, add_person(role) if role else None)
    assert book(asking, practice.therapist).status_code == status
    assert kept() == []


def test_a_key_repeats_a_booking_safely(patient: As, practice: Practice) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = (book(patient, practice.therapist, TUESDAY_AT_NINE, {}, **key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(kept()) == 1
    other = book(patient, practice.therapist, TUESDAY_AT_NINE + HOUR, {}, **key)
    assert told(other) == (422, "key-reused")


def test_a_key_is_one_patients_own(appointments: FlaskClient, practice: Practice) -> None:
    other = add_person()
    add_care(other, practice.therapist)
    key = {"Idempotency-Key": "once"}
    assert told(book(As(appointments, practice.patient), practice.therapist, TUESDAY_AT_NINE, {}, **key)) == BOOKED
    assert told(book(As(appointments, other), practice.therapist, TUESDAY_AT_NINE, {}, **key)) == (409, "slot-taken")


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "another"}])
def test_who_was_not_told_of_their_booking_and_asks_again_has_it(
    patient: As, practice: Practice, key: dict[str, str]
) -> None:
    first, again = book(patient, practice.therapist), book(patient, practice.therapist, TUESDAY_AT_NINE, {}, **key)
    assert (told(first), told(again)) == (BOOKED, BOOKED)
    assert first.get_json()["appointment"] == again.get_json()["appointment"]
    [made] = kept()
    assert made.version == 1
    entries = rows(select(AuditEvent.action).where(AuditEvent.resource_id == made.id))
    assert sorted(entry for entry in entries if entry.startswith("appointment.")) == [
        "appointment.book",
        "appointment.read",
    ]


def test_a_booking_can_be_asked_for_again_when_it_is_too_soon_to_be_made(
    environment: Callable[..., None], practice: Practice, patient: As
) -> None:
    environment(patient_idle_minutes="10000")
    book(patient, practice.therapist)
    with held_at(lambda: TUESDAY_AT_NINE - HOUR):
        assert told(book(patient, practice.therapist)) == BOOKED


@pytest.mark.parametrize("status", [one for one in AppointmentStatus if one is not AppointmentStatus.BOOKED])
def test_what_is_no_booking_any_more_is_not_answered_as_one(
    patient: As, practice: Practice, status: AppointmentStatus
) -> None:
    made = add_appointment(practice.patient, practice.therapist, status=status)
    answer = book(patient, practice.therapist)
    assert told(answer) == ((409, "slot-taken") if status in TAKES_TIME else BOOKED)
    assert str(made) not in answer.text


@pytest.mark.parametrize("minutes", [-30, 30])
def test_another_time_of_ones_own_is_taken(patient: As, practice: Practice, minutes: int) -> None:
    book(patient, practice.therapist)
    again = book(patient, practice.therapist, TUESDAY_AT_NINE + minutes * MINUTE)
    assert told(again) == (409, "slot-taken")


@pytest.mark.parametrize(("same", "problem"), [("therapist", SlotTaken), ("patient", OwnTimeTaken)])
def test_the_databases_own_net_says_the_same_as_the_check(
    practice: Practice, same: str, problem: type[Exception]
) -> None:
    others = {"therapist": Practice(add_person(), practice.therapist)}
    other = others.get(same) or Practice(practice.patient, add_person(Role.THERAPIST))
    add_appointment(practice.patient, practice.therapist)
    with pytest.raises(problem):
        insert_unchecked(other)
    assert len(kept()) == 1


@transaction
def insert_unchecked(db: Database, practice: Practice) -> None:
    with each_start_once(db):
        db.add(
            Appointment(
                patient_id=practice.patient.id,
                therapist_id=practice.therapist.id,
                status=AppointmentStatus.PENDING,
                start_at=TUESDAY_AT_NINE,
                end_at=TUESDAY_AT_NINE + SESSION,
                blocked_from=TUESDAY_AT_NINE,
                blocked_until=TUESDAY_AT_NINE + SESSION,
                time_zone="UTC",
            )
        )


@pytest.mark.parametrize(
    ("whose", "minutes", "status", "double"),
    [
        ("therapist", 55, AppointmentStatus.BOOKED, True),  # within the rest after the other
        ("therapist", 60, AppointmentStatus.BOOKED, False),
        ("therapist", 30, AppointmentStatus.PENDING, True),
        ("therapist", 0, AppointmentStatus.CANCELLED, False),
        ("patient", 49, AppointmentStatus.HELD, True),
        ("patient", 50, AppointmentStatus.BOOKED, False),
        ("patient", 0, AppointmentStatus.COMPLETED, False),
        ("nobody", 0, AppointmentStatus.BOOKED, False),
    ],
)
def test_the_invariant_finds_a_double_booking(
    practice: Practice, whose: str, minutes: int, status: AppointmentStatus, double: bool
) -> None:
    add_appointment(practice.patient, practice.therapist)
    patient = practice.patient if whose == "patient" else add_person()
    therapist = practice.therapist if whose == "therapist" else add_person(Role.THERAPIST)
    add_appointment(patient, therapist, TUESDAY_AT_NINE + minutes * MINUTE, status)
    with pytest.raises(AssertionError, match="1 double booking") if double else nullcontext():
        assert_nobody_is_double_booked()


def test_a_problem_names_nobody(patient: As, practice: Practice) -> None:
    add_appointment(add_person(name="Somebody Else"), practice.therapist)
    said = book(patient, practice.therapist).get_data(as_text=True)
    assert "Somebody" not in said
    assert practice.therapist.name not in said


def test_bookings_are_limited(product: object, environment: Callable[..., None], appointments: FlaskClient) -> None:
    practice = add_practice()
    environment(limits="book-appointment=1/60")
    answers = [book(As(appointments, practice.patient), practice.therapist).status_code for _ in range(2)]
    assert answers == [201, 429]
