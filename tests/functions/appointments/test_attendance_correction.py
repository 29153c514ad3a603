"""The therapist says whether the patient came; no later notice changes that, and every mark leaves an audit entry."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared import session
from shared.clock import held_at
from shared.database.models.accounts import Transport, User
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.delivery import WebhookReceipt
from shared.database.models.scheduling import AppointmentStatus, Attendance
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.appointments.calendars import Practice, add_practice, change_appointment, told
from tests.functions.appointments.zoom_telling import (
    PATIENT,
    THERAPIST,
    Telling,
    add_meeting,
    appointment,
    at,
    attendee,
)
from tests.people import As, Person, add_person, rows

BOOKED, IN_SESSION = AppointmentStatus.BOOKED, AppointmentStatus.IN_SESSION
COMPLETED, NO_SHOW = AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW
DONE = (200, "")


@pytest.fixture
def practice(telling: Telling) -> Practice:
    return add_practice()


@pytest.fixture
def meeting(practice: Practice) -> UUID:
    return add_meeting(practice)


@pytest.fixture
def therapist(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.therapist)


def mark(asking: As, meeting: UUID, patient: object) -> TestResponse:
    return asking.post(f"/api/appointments/{meeting}/attendance", {"patient": patient})


def whole_session(telling: Telling) -> None:
    telling.tell("started", at(-1))
    telling.tell("participant_joined", at(-1), THERAPIST)
    telling.tell("participant_joined", at(1), PATIENT)
    telling.tell("ended", at(49))
    telling.follow()


def test_a_no_show_is_corrected(telling: Telling, practice: Practice, therapist: As, meeting: UUID) -> None:
    telling.tell("started", at(-1))
    telling.tell("participant_joined", at(-1), THERAPIST)
    telling.follow()
    telling.tick(at(15))
    assert appointment().status is NO_SHOW
    answer = mark(therapist, meeting, "attended")
    assert told(answer) == DONE
    shown = answer.get_json()
    assert (shown["status"], shown["attendance"]["patient"]["attendance"]) == ("in_session", "attended")
    assert shown["attendance"]["corrected"] is True
    row = attendee(practice.patient.id)
    assert (row.marked_by, row.marked_at) == (practice.therapist.id, at(15))
    telling.tell("ended", at(30))
    telling.follow()
    assert (appointment().status, attendee(practice.patient.id).attendance) == (COMPLETED, Attendance.ATTENDED)


@pytest.mark.parametrize("marked", Attendance)
def test_what_a_person_said_wins_over_all_that_is_told_later(
    telling: Telling, practice: Practice, therapist: As, meeting: UUID, marked: Attendance
) -> None:
    telling.clock.moment = at(2)
    mark(therapist, meeting, marked)
    whole_session(telling)
    telling.tick(at(200))
    expected = NO_SHOW if marked is Attendance.NO_SHOW else COMPLETED
    assert (appointment().status, attendee(practice.patient.id).attendance) == (expected, marked)
    assert attendee(practice.patient.id).attended_seconds == 48 * 60  # what happened is kept all the same


@pytest.mark.parametrize("marked", Attendance)
def test_a_later_mark_replaces_an_earlier_one(
    telling: Telling, practice: Practice, therapist: As, meeting: UUID, marked: Attendance
) -> None:
    whole_session(telling)
    statuses = [mark(therapist, meeting, one).get_json()["status"] for one in (*Attendance, marked)]
    assert statuses[:3] == ["completed", "completed", "no_show"]
    assert attendee(practice.patient.id).attendance is marked


@pytest.mark.parametrize(
    ("minute", "marked", "status"),
    [
        (0, "attended", "in_session"),
        (49, "attended", "in_session"),
        (50, "attended", "completed"),
        (0, "no_show", "no_show"),
        (0, "unknown", "booked"),
        (50, "unknown", "booked"),
        (110, "unknown", "completed"),
        (600, "no_show", "no_show"),
    ],
)
def test_where_zoom_told_nothing_the_therapist_does(
    telling: Telling, therapist: As, meeting: UUID, minute: int, marked: str, status: str
) -> None:
    telling.clock.moment = at(minute)
    assert mark(therapist, meeting, marked).get_json()["status"] == status


def test_an_appointment_that_was_marked_while_it_ran_is_over_in_time(
    telling: Telling, practice: Practice, therapist: As, meeting: UUID
) -> None:
    mark(therapist, meeting, "attended")
    telling.tick(at(110))
    assert (appointment().status, attendee(practice.patient.id).attendance) == (COMPLETED, Attendance.ATTENDED)


@transaction
def signed_in_again(db: Database, person: Person) -> Person:
    user = db.get_one(User, person.id)
    opened = session.open_session(db, user, transport=Transport.BEARER, address="192.0.2.1", user_agent="a test")
    return replace(person, token=opened.token)


@pytest.mark.parametrize(
    ("gone", "later"),
    [(("meeting.started", "meeting.participant_joined", "meeting.ended"), 600), (("meeting.ended",), 8 * 24 * 60)],
    ids=["all of them", "some of them, when none is looked at any more"],
)
def test_what_was_known_stays_when_notices_are_gone(
    telling: Telling,
    practice: Practice,
    meeting: UUID,
    gone: tuple[str, ...],
    later: float,
) -> None:
    whole_session(telling)
    transaction(lambda db: db.execute(delete(WebhookReceipt).where(WebhookReceipt.type.in_(gone))))()
    telling.clock.moment = at(later)
    shown = mark(As(telling.client, signed_in_again(practice.therapist)), meeting, "attended").get_json()
    assert shown["attendance"]["patient"] == {"attendance": "attended", "minutes": 48}
    assert (appointment().started_at, appointment().ended_at) == (at(-1), at(49))


@pytest.mark.parametrize("minute", [-60, -10, -0.02])
def test_nobody_is_marked_before_it_begins(
    telling: Telling, practice: Practice, therapist: As, meeting: UUID, minute: float
) -> None:
    telling.clock.moment = at(minute)
    assert told(mark(therapist, meeting, "no_show")) == (409, "not-begun")
    assert attendee(practice.patient.id).marked_at is None


@pytest.mark.parametrize("status", AppointmentStatus)
def test_only_what_takes_place_is_marked(
    telling: Telling, therapist: As, meeting: UUID, status: AppointmentStatus
) -> None:
    change_appointment(meeting, status=status, cancelled_at=at(-60), held_until=at(60))
    possible = status in (BOOKED, IN_SESSION, COMPLETED, NO_SHOW)
    assert told(mark(therapist, meeting, "attended")) == (DONE if possible else (409, "does-not-take-place"))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/patient"),
        ({"patient": None}, "/patient"),
        ({"patient": "late"}, "/patient"),
        ({"patient": ["attended"]}, "/patient"),
        ({"patient": "attended", "therapist": "no_show"}, "/therapist"),
    ],
)
def test_each_field_is_checked(
    telling: Telling, practice: Practice, therapist: As, meeting: UUID, body: dict[str, Any], pointer: str
) -> None:
    answer = therapist.post(f"/api/appointments/{meeting}/attendance", body)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, pointer)
    assert attendee(practice.patient.id).marked_at is None


def test_every_mark_leaves_an_audit_entry(telling: Telling, practice: Practice, therapist: As, meeting: UUID) -> None:
    mark(therapist, meeting, "no_show")
    telling.clock.moment = at(1)
    mark(therapist, meeting, "attended")
    query = select(AuditEvent).where(AuditEvent.action == "attendance.mark").order_by(AuditEvent.occurred_at)
    entries = rows(query)
    assert [entry.details for entry in entries] == [
        {"before": "unknown", "after": "no_show"},
        {"before": "no_show", "after": "attended"},
    ]
    assert {(entry.actor_id, entry.subject_id, entry.resource_id) for entry in entries} == {
        (practice.therapist.id, practice.patient.id, meeting)
    }


def test_a_refusal_leaves_one_too(telling: Telling, practice: Practice, meeting: UUID) -> None:
    other = add_person(Role.THERAPIST)
    assert told(mark(As(telling.client, other), meeting, "no_show")) == (404, "not-found")
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "attendance.mark"))
    assert (entry.actor_id, entry.resource_id, entry.outcome) == (other.id, meeting, "denied")
    assert attendee(practice.patient.id).attendance is Attendance.UNKNOWN


def test_two_marks_at_once_are_one_after_the_other(
    telling: Telling, practice: Practice, therapist: As, meeting: UUID
) -> None:
    whole_session(telling)
    late = json.dumps(telling.body("participant_left", at(40), PATIENT)).encode()

    def act(what: object) -> int:
        with held_at(telling.clock):
            if what is None:
                return telling.zoom.deliver(late).status_code
            return mark(As(telling.client.application.test_client(), practice.therapist), meeting, what).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(act, ["attended", "no_show", None, "attended", "no_show", "unknown"]))
    assert statuses == [200, 200, 204, 200, 200, 200]
    row = attendee(practice.patient.id)
    assert (row.attendance is Attendance.NO_SHOW) == (appointment().status is NO_SHOW)
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "attendance.mark"))) == 5


def test_marks_are_limited(environment: Callable[..., None], telling: Telling, therapist: As, meeting: UUID) -> None:
    environment(limits="mark-attendance=1/60")
    assert [mark(therapist, meeting, "attended").status_code for _ in range(2)] == [200, 429]
