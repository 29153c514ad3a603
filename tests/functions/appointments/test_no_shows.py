"""Who did not come is marked once the therapist has waited, never where that is not sure; what is over becomes so."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from shared.clock import now
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.delivery import WebhookReceipt
from shared.database.models.scheduling import Appointment, AppointmentStatus, Attendance, ZoomStatus
from shared.database.transaction import transaction
from tests.functions.appointments.calendars import Practice, add_appointment, add_practice, change_appointment
from tests.functions.appointments.zoom_telling import (
    PATIENT,
    STRANGER,
    THERAPIST,
    Telling,
    add_meeting,
    appointment,
    at,
    attendee,
)
from tests.people import As, rows

BOOKED, IN_SESSION = AppointmentStatus.BOOKED, AppointmentStatus.IN_SESSION
COMPLETED, NO_SHOW = AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW


@pytest.fixture
def practice(telling: Telling) -> Practice:
    return add_practice()


@pytest.fixture
def meeting(practice: Practice) -> UUID:
    return add_meeting(practice)


def open_room(telling: Telling, minute: float = -3) -> None:
    telling.tell("started", at(minute))
    telling.tell("participant_joined", at(minute), THERAPIST)
    telling.follow()


def seen(practice: Practice) -> tuple[AppointmentStatus, Attendance]:
    return appointment().status, attendee(practice.patient.id).attendance


def test_who_does_not_come_is_marked_after_a_quarter_of_an_hour(
    telling: Telling, practice: Practice, meeting: UUID
) -> None:
    open_room(telling)
    telling.tick(at(14, 59))
    assert seen(practice) == (IN_SESSION, Attendance.UNKNOWN)
    telling.tick(at(15))
    assert seen(practice) == (NO_SHOW, Attendance.NO_SHOW)
    row = attendee(practice.patient.id)
    assert (row.marked_by, row.marked_at) == (None, None)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "attendance.no-show"))
    assert (entry.actor_id, entry.subject_id, entry.resource_id) == (None, practice.patient.id, meeting)


def test_it_is_marked_once(telling: Telling, practice: Practice, meeting: UUID) -> None:
    open_room(telling)
    for minute in (15, 16, 17):
        telling.tick(at(minute))
    telling.tell("participant_left", at(18), THERAPIST)
    telling.tell("ended", at(18))
    telling.follow()
    assert seen(practice) == (NO_SHOW, Attendance.NO_SHOW)
    assert len(rows(select(AuditEvent).where(AuditEvent.action == "attendance.no-show"))) == 1


def test_how_long_is_a_setting(
    telling: Telling, practice: Practice, meeting: UUID, environment: Callable[..., None]
) -> None:
    environment(no_show_minutes="5")
    open_room(telling)
    telling.tick(at(5))
    assert seen(practice)[0] is NO_SHOW


def test_who_comes_later_was_no_no_show(telling: Telling, practice: Practice, meeting: UUID) -> None:
    open_room(telling)
    telling.tick(at(15))
    telling.tell("participant_joined", at(19), PATIENT)
    telling.follow()
    assert seen(practice) == (IN_SESSION, Attendance.ATTENDED)
    telling.tell("participant_left", at(50), PATIENT)
    telling.tell("ended", at(50))
    telling.follow()
    telling.tick(at(51))
    assert seen(practice) == (COMPLETED, Attendance.ATTENDED)


def test_a_joining_that_is_told_late_undoes_it(telling: Telling, practice: Practice, meeting: UUID) -> None:
    joined = telling.body("participant_joined", at(3), PATIENT)
    open_room(telling)
    telling.tick(at(20))
    assert seen(practice)[0] is NO_SHOW
    telling.clock.moment = at(85)  # Zoom's third try
    telling.zoom.deliver(json.dumps(joined).encode())
    telling.follow()
    assert seen(practice)[1] is Attendance.ATTENDED


@pytest.mark.parametrize("event", ["participant_joined", "participant_joined_waiting_room", "participant_jbh_waiting"])
@pytest.mark.parametrize("who", [STRANGER, PATIENT], ids=["somebody", "patient"])
def test_nobody_is_marked_where_somebody_came_who_may_be_the_patient(
    telling: Telling, practice: Practice, meeting: UUID, who: dict[str, str], event: str
) -> None:
    open_room(telling)
    telling.tell(event, at(3), who)
    telling.follow()
    telling.tick(at(40))
    assert seen(practice)[0] is IN_SESSION


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({}, []),
        ({}, [("started", None)]),
        ({}, [("started", None), ("participant_joined", PATIENT)]),
        ({"zoom_status": ZoomStatus.WANTED}, [("started", None), ("participant_joined", THERAPIST)]),
        ({"zoom_status": ZoomStatus.FAILED}, [("started", None), ("participant_joined", THERAPIST)]),
    ],
    ids=["nothing was told", "the therapist did not come", "the patient came", "no room yet", "no room at all"],
)
def test_nobody_is_marked_where_they_may_have_found_nobody_or_no_way_in(
    telling: Telling, practice: Practice, meeting: UUID, columns: dict[str, Any], told: list[tuple[str, Any]]
) -> None:
    for event, who in told:
        telling.tell(event, at(-1), who)
    telling.follow()
    if columns:
        change_appointment(meeting, **columns)
    for minute in (15, 40, 49):
        telling.tick(at(minute))
        assert attendee(practice.patient.id).attendance is not Attendance.NO_SHOW
        assert appointment().status is not NO_SHOW


def test_the_time_that_the_therapist_was_late_is_not_held_against_the_patient(
    telling: Telling, practice: Practice, meeting: UUID
) -> None:
    open_room(telling, 10)
    telling.tick(at(20))
    assert seen(practice)[0] is IN_SESSION
    telling.tick(at(25))
    assert seen(practice)[0] is NO_SHOW


def test_a_room_that_was_opened_early_is_a_session_once_it_can_be_joined(
    telling: Telling, practice: Practice, meeting: UUID
) -> None:
    open_room(telling, -25)
    telling.tick(at(-11))
    assert seen(practice)[0] is BOOKED
    telling.tick(at(-10))
    assert seen(practice)[0] is IN_SESSION


def test_what_nobody_told_of_is_over_an_hour_after_its_end(telling: Telling, practice: Practice) -> None:
    add_appointment(practice.patient, practice.therapist)
    telling.tick(at(50 + 59))
    assert seen(practice) == (BOOKED, Attendance.UNKNOWN)
    telling.tick(at(50 + 60))
    assert seen(practice) == (COMPLETED, Attendance.UNKNOWN)
    shown = As(telling.client, practice.patient).get(f"/api/appointments/{appointment().id}").get_json()
    assert shown["attendance"]["patient"] == {"attendance": "unknown", "minutes": None}


def test_a_session_whose_end_was_never_told_is_over_too(telling: Telling, practice: Practice, meeting: UUID) -> None:
    open_room(telling)
    telling.tell("participant_joined", at(2), PATIENT)
    telling.follow()
    telling.tick(at(110))
    assert seen(practice) == (COMPLETED, Attendance.ATTENDED)
    row = attendee(practice.patient.id)
    assert (row.present_since, row.attended_seconds) == (None, 48 * 60)


@pytest.mark.parametrize("status", AppointmentStatus)
def test_only_what_takes_place_is_settled(telling: Telling, practice: Practice, status: AppointmentStatus) -> None:
    held = {"held_until": now() + timedelta(days=30)} if status is AppointmentStatus.HELD else {}
    add_appointment(practice.patient, practice.therapist, status=status, **held)
    telling.tick(at(200))
    assert appointment().status is (COMPLETED if status in (BOOKED, IN_SESSION) else status)


def test_one_that_cannot_be_settled_holds_up_no_other(telling: Telling, practice: Practice, meeting: UUID) -> None:
    open_room(telling)
    add_appointment(practice.patient, practice.therapist, at(60))
    _spoil_receipts()
    telling.clock.moment = at(200)
    assert telling.internal.tick("/api/internal/appointments/tick").status_code == 503
    statuses = {found.start_at: found.status for found in rows(select(Appointment))}
    assert statuses == {at(0): IN_SESSION, at(60): COMPLETED}


def _spoil_receipts() -> None:
    transaction(lambda db: db.execute(update(WebhookReceipt).values(payload=b"not sealed")))()
