"""A series takes all of its times or none, by the therapist's clock, and what is ahead of it is called off as one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from shared.clock import held_at
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import Appointment, AppointmentSeries, AppointmentStatus, SeriesStatus
from shared.roles import Role
from tests.functions.appointments.calendars import (
    NOON,
    SESSION,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    change_appointment,
    change_terms,
    keep_hours,
    times,
    told,
)
from tests.functions.internal_calls import outbox_events
from tests.invariants import assert_nobody_is_double_booked
from tests.people import As, Person, add_care, add_person, rows

WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with held_at(lambda: NOON):
        yield


@pytest.fixture
def practice(appointments: FlaskClient) -> Practice:
    return add_practice(booking_horizon_days=120)


@pytest.fixture
def patient(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.patient)


def book_series(
    asking: As,
    therapist: Person,
    start_at: datetime = TUESDAY_AT_NINE,
    change: dict[str, Any] | None = None,
    **headers: str,
) -> TestResponse:
    body = {"therapistId": str(therapist.id), **times(start_at), "occurrences": 4, **(change or {})}
    return asking.post("/api/appointments/series", body, **headers)


def cancel(asking: As, series_id: object, reason: str = "other") -> TestResponse:
    return asking.post(f"/api/appointments/series/{series_id}/cancel", {"reason": reason})


def kept() -> list[Appointment]:
    return list(rows(select(Appointment).order_by(Appointment.start_at)))


def test_a_series_is_answered_with_its_appointments(patient: As, practice: Practice) -> None:
    answer = book_series(patient, practice.therapist)
    assert answer.status_code == 201
    body = answer.get_json()
    [series] = rows(select(AppointmentSeries))
    assert body["series"] == {
        "id": str(series.id),
        "patientId": str(practice.patient.id),
        "therapistId": str(practice.therapist.id),
        "status": "active",
        "firstStartAt": "2026-03-03T09:00:00Z",
        "minutes": 50,
        "occurrences": 4,
        "intervalWeeks": 1,
        "timeZone": "UTC",
        "createdAt": "2026-03-02T12:00:00Z",
    }
    assert [one["startAt"] for one in body["appointments"]] == [
        "2026-03-03T09:00:00Z",
        "2026-03-10T09:00:00Z",
        "2026-03-17T09:00:00Z",
        "2026-03-24T09:00:00Z",
    ]
    assert {one["seriesId"] for one in body["appointments"]} == {str(series.id)}
    assert {one["status"] for one in body["appointments"]} == {"booked"}


def test_its_people_are_told_once_and_each_has_a_meeting_and_an_audit_entry(patient: As, practice: Practice) -> None:
    book_series(patient, practice.therapist)
    assert [event.aggregate_id for event in outbox_events("series-booked")] == list(rows(select(AppointmentSeries.id)))
    assert {event.aggregate_id for event in outbox_events("meeting-wanted")} == {one.id for one in kept()}
    assert outbox_events("appointment-changed") == []
    entries = rows(select(AuditEvent).where(AuditEvent.action == "appointment.book"))
    assert {entry.resource_id for entry in entries} == {one.id for one in kept()}
    assert list(rows(select(TherapistProfile.schedule_version))) == [2]


def test_its_appointments_are_listed_by_the_series(patient: As, practice: Practice) -> None:
    add_appointment(practice.patient, practice.therapist, TUESDAY_AT_NINE + timedelta(hours=3))
    series_id = book_series(patient, practice.therapist).get_json()["series"]["id"]
    listed = patient.get("/api/appointments", seriesId=series_id).get_json()["items"]
    assert [one["id"] for one in listed] == [str(one.id) for one in kept() if one.series_id == UUID(series_id)]
    assert len(patient.get("/api/appointments").get_json()["items"]) == 5
    assert patient.get("/api/appointments", seriesId=str(uuid4())).get_json()["items"] == []


@pytest.mark.parametrize(
    ("zone", "start_at", "weeks", "expected"),
    [
        # Clocks go forward on 29 March 2026 in Berlin, on 8 March in New York; back on 5 April in Auckland.
        ("Europe/Berlin", datetime(2026, 3, 24, 9, tzinfo=UTC), 1, ["24T09", "31T08", "07T08"]),
        ("Europe/Berlin", datetime(2026, 3, 17, 9, tzinfo=UTC), 2, ["17T09", "31T08", "14T08"]),
        ("America/New_York", datetime(2026, 3, 4, 15, tzinfo=UTC), 1, ["04T15", "11T14", "18T14"]),
        ("Pacific/Auckland", datetime(2026, 3, 31, 20, tzinfo=UTC), 1, ["31T20", "07T21", "14T21"]),
        ("Asia/Kathmandu", datetime(2026, 3, 24, 4, 15, tzinfo=UTC), 4, ["24T04", "21T04", "19T04"]),
    ],
)
def test_a_series_keeps_to_the_therapists_clock_where_clocks_are_set(
    appointments: FlaskClient, zone: str, start_at: datetime, weeks: int, expected: list[str]
) -> None:
    therapist, patient = add_person(Role.THERAPIST), add_person()
    keep_hours(therapist, 9 * 60, 18 * 60, zone=zone, accepts_new_patients=True, booking_horizon_days=120)
    answer = book_series(As(appointments, patient), therapist, start_at, {"occurrences": 3, "intervalWeeks": weeks})
    assert answer.status_code == 201, answer.get_json()
    assert [one["startAt"][8:13] for one in answer.get_json()["appointments"]] == expected
    assert [one["endAt"] for one in answer.get_json()["appointments"]] == [
        (one.start_at + SESSION).strftime("%Y-%m-%dT%H:%M:%SZ") for one in kept()
    ]


def test_one_time_that_is_taken_refuses_the_whole_and_is_named(patient: As, practice: Practice) -> None:
    add_appointment(add_person(), practice.therapist, TUESDAY_AT_NINE + 2 * WEEK + timedelta(minutes=30))
    add_appointment(practice.patient, add_person(Role.THERAPIST), TUESDAY_AT_NINE + WEEK)
    answer = book_series(patient, practice.therapist)
    assert told(answer) == (409, "series-not-free")
    assert answer.get_json()["errors"] == [
        {
            "pointer": "/occurrences/1",
            "detail": "2026-03-10T09:00:00Z: There is another appointment of yours at this time",
        },
        {
            "pointer": "/occurrences/2",
            "detail": "2026-03-17T09:00:00Z: This time has just been taken; please choose another",
        },
    ]
    assert rows(select(AppointmentSeries)) == []
    assert len(kept()) == 2


def test_a_day_that_is_closed_or_full_is_named(appointments: FlaskClient, patient: As, practice: Practice) -> None:
    therapist = As(appointments, practice.therapist)
    given = therapist.get("/api/appointments/availability").get_json()
    del given["version"]
    given["exceptions"] = [{"date": "2026-03-10", "available": False}]
    assert therapist.put("/api/appointments/availability", given | {"dailyMaximum": 1}).status_code == 200
    add_appointment(add_person(), practice.therapist, TUESDAY_AT_NINE + 3 * WEEK + timedelta(hours=4))
    answer = book_series(patient, practice.therapist)
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == ["/occurrences/1", "/occurrences/3"]
    assert len(kept()) == 1


def test_the_last_time_has_to_be_within_the_horizon(patient: As, practice: Practice) -> None:
    change_terms(practice.therapist, booking_horizon_days=15)
    answer = book_series(patient, practice.therapist)
    assert told(answer) == (409, "series-not-free")
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == ["/occurrences/3"]
    change_terms(practice.therapist, booking_horizon_days=22)
    assert told(book_series(patient, practice.therapist)) == (201, "")


@pytest.mark.parametrize(
    ("start_at", "length", "problem"),
    [
        (NOON + timedelta(hours=1), SESSION, "time-too-soon"),
        (TUESDAY_AT_NINE, SESSION * 2, "wrong-length"),
        (TUESDAY_AT_NINE + timedelta(minutes=5), SESSION, "time-misaligned"),
        (TUESDAY_AT_NINE + timedelta(seconds=1), SESSION, "time-misaligned"),
    ],
)
def test_what_is_wrong_with_the_first_is_told_as_of_a_booking(
    patient: As, practice: Practice, start_at: datetime, length: timedelta, problem: str
) -> None:
    assert told(book_series(patient, practice.therapist, start_at, times(start_at, length))) == (422, problem)
    assert kept() == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"occurrences": 1}, "/occurrences"),
        ({"occurrences": 13}, "/occurrences"),
        ({"intervalWeeks": 0}, "/intervalWeeks"),
        ({"intervalWeeks": 5}, "/intervalWeeks"),
        ({"startAt": "tomorrow"}, "/startAt"),
        ({"seriesId": str(uuid4())}, "/seriesId"),
    ],
)
def test_each_field_is_checked(patient: As, practice: Practice, change: dict[str, Any], pointer: str) -> None:
    answer = book_series(patient, practice.therapist, change=change)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_twelve_times_are_booked_at_most_and_a_key_repeats_them_safely(patient: As, practice: Practice) -> None:
    given = {"occurrences": 12}
    first, again = (
        book_series(patient, practice.therapist, TUESDAY_AT_NINE, given, **{"Idempotency-Key": "k"}) for _ in range(2)
    )
    assert first.get_json() == again.get_json()
    assert len(kept()) == 12
    assert_nobody_is_double_booked()


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "another"}])
def test_who_was_not_told_of_their_series_and_asks_again_has_it(
    patient: As, practice: Practice, key: dict[str, str]
) -> None:
    first = book_series(patient, practice.therapist)
    again = book_series(patient, practice.therapist, TUESDAY_AT_NINE, {}, **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json()["series"] == again.get_json()["series"]
    shown = [[one["id"] for one in answer.get_json()["appointments"]] for answer in (first, again)]
    assert shown[0] == shown[1]
    assert len(kept()) == 4
    assert len(outbox_events("series-booked")) == 1


@pytest.mark.parametrize("change", [{"occurrences": 3}, {"intervalWeeks": 2}])
def test_another_series_at_the_same_time_is_not_the_same(
    patient: As, practice: Practice, change: dict[str, Any]
) -> None:
    book_series(patient, practice.therapist)
    assert told(book_series(patient, practice.therapist, TUESDAY_AT_NINE, change)) == (409, "series-not-free")


def test_a_series_of_somebody_else_or_called_off_is_not_answered_again(
    appointments: FlaskClient, patient: As, practice: Practice
) -> None:
    series_id = book_series(patient, practice.therapist).get_json()["series"]["id"]
    other = add_person()
    add_care(other, practice.therapist)
    assert told(book_series(As(appointments, other), practice.therapist)) == (409, "series-not-free")
    cancel(patient, series_id)
    assert book_series(patient, practice.therapist).get_json()["series"]["id"] != series_id


def test_the_meetings_of_a_series_that_was_called_off_are_removed_at_once(patient: As, practice: Practice) -> None:
    series_id = book_series(patient, practice.therapist).get_json()["series"]["id"]
    before = {event.id for event in outbox_events("meeting-wanted")}
    cancel(patient, series_id)
    handed_over = [
        event.delivered_at is not None for event in outbox_events("meeting-wanted") if event.id not in before
    ]
    assert handed_over == [True] * 4


def test_only_ones_own_therapist_or_one_who_takes_new_patients(appointments: FlaskClient, practice: Practice) -> None:
    assert told(book_series(As(appointments, add_person()), practice.therapist)) == (404, "not-found")
    assert {entry.outcome for entry in rows(select(AuditEvent).where(AuditEvent.action == "appointment.book"))} == {
        AuditOutcome.DENIED
    }


@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
def test_what_is_ahead_of_a_series_is_called_off(appointments: FlaskClient, practice: Practice, role: Role) -> None:
    who = practice.patient if role is Role.PATIENT else practice.therapist
    series_id = book_series(As(appointments, practice.patient), practice.therapist).get_json()["series"]["id"]
    apart = add_appointment(practice.patient, practice.therapist, TUESDAY_AT_NINE + timedelta(hours=3))
    past = NOON - timedelta(minutes=10)
    change_appointment(kept()[0].id, start_at=past, end_at=past + SESSION, blocked_from=past)
    answer = cancel(As(appointments, who), series_id)
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json()["series"]["status"] == "cancelled"
    begun, *ahead = [one for one in kept() if one.id != apart]
    assert begun.status is AppointmentStatus.BOOKED
    assert {one.status for one in ahead} == {AppointmentStatus.CANCELLED}
    assert {one.cancelled_by for one in ahead} == {who.id}
    assert sorted(answer.get_json()["cancelled"]) == sorted(str(one.id) for one in ahead)
    assert [one.status for one in kept() if one.id == apart] == [AppointmentStatus.BOOKED]
    assert {event.aggregate_id for event in outbox_events("appointment-changed")} == {one.id for one in ahead}


def test_a_series_that_was_called_off_is_answered_as_it_is(patient: As, practice: Practice) -> None:
    series_id = book_series(patient, practice.therapist).get_json()["series"]["id"]
    first, again = cancel(patient, series_id), cancel(patient, series_id)
    assert (len(first.get_json()["cancelled"]), again.get_json()["cancelled"]) == (4, [])
    assert again.get_json()["series"] == first.get_json()["series"]
    assert len(outbox_events("appointment-changed")) == 4
    assert told(book_series(patient, practice.therapist)) == (201, "")
    entries = rows(select(AuditEvent).where(AuditEvent.action == "series.cancel"))
    assert {(entry.resource_id, entry.subject_id) for entry in entries} == {(UUID(series_id), practice.patient.id)}


def test_another_persons_series_and_none_look_the_same(appointments: FlaskClient, practice: Practice) -> None:
    series_id = book_series(As(appointments, practice.patient), practice.therapist).get_json()["series"]["id"]
    for role in (Role.PATIENT, Role.THERAPIST):
        other = As(appointments, add_person(role))
        answers = [cancel(other, which).get_json() | {"instance": ""} for which in (series_id, uuid4())]
        assert answers[0] == answers[1]
        assert answers[0]["status"] == 404
    entries = rows(select(AuditEvent).where(AuditEvent.action == "series.cancel"))
    assert {entry.outcome for entry in entries} == {AuditOutcome.DENIED}
    assert {one.status for one in kept()} == {AppointmentStatus.BOOKED}


def test_a_reason_has_to_be_ones_own_to_give(patient: As, practice: Practice) -> None:
    series_id = book_series(patient, practice.therapist).get_json()["series"]["id"]
    answer = cancel(patient, series_id, "therapist_unavailable")
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/reason")


def test_a_series_ends_with_care(appointments: FlaskClient) -> None:
    patient, therapist = add_person(), add_person(Role.THERAPIST)
    keep_hours(therapist, booking_horizon_days=120)
    add_care(patient, therapist)
    book_series(As(appointments, patient), therapist)
    care = As(appointments, patient).get("/api/care-relationships").get_json()["items"][0]["id"]
    As(appointments, patient).patch(f"/api/care-relationships/{care}", {"status": "ended"})
    assert list(rows(select(AppointmentSeries.status))) == [SeriesStatus.CANCELLED]
    assert {one.status for one in kept()} == {AppointmentStatus.CANCELLED}
