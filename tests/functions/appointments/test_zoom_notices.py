"""What Zoom's notices make of an appointment: the same end in whatever order and however often they arrive."""

import itertools
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from functions.appointments.sdk_signature import customer_key
from shared.clock import held_at
from shared.database.models.delivery import WebhookReceipt
from shared.database.models.scheduling import Appointment, AppointmentAttendee, AppointmentStatus, Attendance
from shared.database.transaction import transaction
from tests.functions.appointments.calendars import Practice, add_appointment, add_practice, change_appointment
from tests.functions.appointments.zoom_telling import (
    END,
    EVENTS,
    PATIENT,
    START,
    STRANGER,
    THERAPIST,
    Telling,
    add_meeting,
    appointment,
    at,
    attendee,
)
from tests.functions.internal_calls import outbox_events
from tests.inside import LONG
from tests.people import As, add_care, add_person, rows

BOOKED, IN_SESSION = AppointmentStatus.BOOKED, AppointmentStatus.IN_SESSION
COMPLETED, NO_SHOW = AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW
Happening = tuple[str, datetime, dict[str, str] | None]
SESSION: list[Happening] = [
    ("started", at(-4), None),
    ("participant_joined", at(-4), THERAPIST),
    ("participant_joined", at(2), PATIENT),
    ("participant_left", at(20), PATIENT),
    ("participant_joined", at(22), PATIENT),
    ("participant_left", at(47), PATIENT),
    ("participant_left", at(48), THERAPIST),
    ("ended", at(48), None),
]


@pytest.fixture
def practice(telling: Telling) -> Practice:
    return add_practice()


@pytest.fixture
def meeting(practice: Practice) -> UUID:
    return add_meeting(practice)


def known(practice: Practice) -> dict[str, Any]:
    """Everything that notices decide."""
    found = appointment()
    columns = ("attendance", "first_joined_at", "present_since", "last_left_at", "attended_seconds")
    return {
        "appointment": (found.status, found.started_at, found.ended_at),
        **{
            side: tuple(getattr(attendee(person.id), column) for column in columns)
            for side, person in (("patient", practice.patient), ("therapist", practice.therapist))
        },
    }


def test_a_session_is_followed_step_by_step(telling: Telling, practice: Practice, meeting: UUID) -> None:
    statuses = []
    for event, moment, who in SESSION:
        telling.tell(event, moment, who)
        telling.follow()
        statuses.append(appointment().status)
    assert statuses == [IN_SESSION] * 7 + [COMPLETED]
    assert known(practice) == {
        "appointment": (COMPLETED, at(-4), at(48)),
        "patient": (Attendance.ATTENDED, at(2), None, at(47), 43 * 60),
        "therapist": (Attendance.ATTENDED, at(-4), None, at(48), 52 * 60),
    }


def test_who_is_there_is_seen_while_they_are(telling: Telling, practice: Practice, meeting: UUID) -> None:
    for event, moment, who in SESSION[:5]:
        telling.tell(event, moment, who)
    telling.follow()
    patient = attendee(practice.patient.id)
    assert (patient.present_since, patient.attended_seconds) == (at(22), 18 * 60)
    assert (appointment().started_at, appointment().ended_at) == (at(-4), None)


@pytest.mark.parametrize("seed", range(12 if LONG else 3))
def test_any_order_with_repetitions_ends_in_the_same_state(
    telling: Telling, practice: Practice, meeting: UUID, seed: int
) -> None:
    chance = random.Random(seed)
    bodies = [json.dumps(telling.body(event, moment, who)).encode() for event, moment, who in SESSION]
    told = bodies + chance.choices(bodies, k=5)
    chance.shuffle(told)
    telling.clock.moment = at(60)
    pushed: list[UUID] = []
    for body in told:  # some are followed between, some later, some twice
        assert telling.zoom.deliver(body).status_code == 204
        waiting = [event.id for event in outbox_events("zoom-noticed")]
        some = chance.sample(waiting, k=chance.randint(0, len(waiting)))
        telling.push(some)
        pushed += some
    everything = [event.id for event in outbox_events("zoom-noticed")]
    rest = [event_id for event_id in everything if event_id not in pushed] + chance.choices(everything, k=3)
    chance.shuffle(rest)
    telling.push(rest)
    assert known(practice) == {
        "appointment": (COMPLETED, at(-4), at(48)),
        "patient": (Attendance.ATTENDED, at(2), None, at(47), 43 * 60),
        "therapist": (Attendance.ATTENDED, at(-4), None, at(48), 52 * 60),
    }


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_each_order_of_a_short_session_says_the_same(
    telling: Telling, practice: Practice, meeting: UUID, order: tuple[int, ...]
) -> None:
    short = [SESSION[0], SESSION[1], SESSION[2], ("ended", at(30), None)]
    bodies = [json.dumps(telling.body(event, moment, who)).encode() for event, moment, who in short]
    telling.clock.moment = at(31)
    for place in order:
        telling.zoom.deliver(bodies[place])
        telling.follow()
    assert known(practice)["appointment"] == (COMPLETED, at(-4), at(30))
    assert (attendee(practice.patient.id).attended_seconds, attendee(practice.therapist.id).attended_seconds) == (
        28 * 60,
        34 * 60,
    )


def test_notices_that_are_followed_at_once_end_in_the_same_state(
    telling: Telling, practice: Practice, meeting: UUID, environment: Callable[..., None]
) -> None:
    for event, moment, who in SESSION:
        telling.tell(event, moment, who)
    events = [event.id for event in outbox_events("zoom-noticed")]

    def push(event_id: UUID) -> int:
        with held_at(telling.clock):
            return telling.internal.push(EVENTS, event_id).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(push, events * 2)) == {204}
    telling.push(events)  # one may have been put back
    assert known(practice)["appointment"] == (COMPLETED, at(-4), at(48))
    assert attendee(practice.patient.id).attended_seconds == 43 * 60


def test_one_step_looks_at_all_that_has_come(telling: Telling, practice: Practice, meeting: UUID) -> None:
    for event, moment, who in SESSION:
        telling.tell(event, moment, who)
    [first, *_] = outbox_events("zoom-noticed")
    telling.push([first.id])
    assert appointment().status is COMPLETED
    assert {receipt.processed_at for receipt in rows(select(WebhookReceipt))} == {telling.clock.moment}


def test_two_devices_count_once(telling: Telling, practice: Practice, meeting: UUID) -> None:
    telling.tell("participant_joined", at(0), PATIENT, device="laptop")
    telling.tell("participant_joined", at(10), PATIENT, device="phone")
    telling.tell("participant_left", at(30), PATIENT, device="laptop")
    telling.tell("participant_left", at(40), PATIENT, device="phone")
    telling.follow()
    assert attendee(practice.patient.id).attended_seconds == 40 * 60


def test_a_meeting_that_is_opened_again_goes_on(telling: Telling, practice: Practice, meeting: UUID) -> None:
    telling.tell("started", at(0))
    telling.tell("participant_joined", at(0), PATIENT)
    telling.tell("ended", at(5))
    telling.follow()
    assert appointment().status is COMPLETED
    telling.tell("started", at(8), uuid="instance==2")
    telling.tell("participant_joined", at(9), PATIENT, uuid="instance==2")
    telling.follow()
    assert (appointment().status, appointment().ended_at) == (IN_SESSION, None)
    telling.tell("ended", at(49), uuid="instance==2")
    telling.follow()
    assert (appointment().status, attendee(practice.patient.id).attended_seconds) == (COMPLETED, 45 * 60)


def test_time_that_others_booked_meanwhile_is_not_taken_again(
    telling: Telling, practice: Practice, meeting: UUID
) -> None:
    telling.tell("started", at(0))
    telling.tell("ended", at(5))
    telling.follow()
    add_appointment(add_person(), practice.therapist, at(30))
    telling.tell("started", at(8), uuid="instance==2")
    telling.tell("participant_joined", at(9), PATIENT, uuid="instance==2")
    telling.follow()
    statuses = {found.id: found.status for found in rows(select(Appointment))}
    assert statuses.pop(meeting) is COMPLETED
    assert set(statuses.values()) == {BOOKED}
    assert attendee(practice.patient.id).attendance is Attendance.ATTENDED


def test_by_the_sdk_people_are_known_by_their_keys(
    telling: Telling, practice: Practice, meeting: UUID, environment: Callable[..., None]
) -> None:
    environment(zoom_sdk_key="sdk-key", zoom_sdk_secret="the secret of the sdk app")
    for person, minute in ((practice.patient, 1), (practice.therapist, 0)):
        key = customer_key(meeting, person.id)
        telling.tell("participant_joined", at(minute), {"user_name": "Guest", "customer_key": key})
    telling.follow()
    assert (attendee(practice.patient.id).first_joined_at, attendee(practice.therapist.id).first_joined_at) == (
        at(1),
        at(0),
    )


@pytest.mark.parametrize("claimed", ["customer_key", "registrant_id"])
def test_another_meetings_key_is_nobodys_here(
    telling: Telling, practice: Practice, meeting: UUID, environment: Callable[..., None], claimed: str
) -> None:
    environment(zoom_sdk_key="sdk-key", zoom_sdk_secret="the secret of the sdk app")
    key = customer_key(practice.therapist.id, practice.patient.id)
    telling.tell("participant_joined", at(1), {"user_name": "Guest", claimed: key})
    telling.follow()
    assert not attendee(practice.patient.id).first_joined_at


@pytest.mark.parametrize(
    "who", [STRANGER, STRANGER | {"user_name": "Quillon Zabriskie"}, STRANGER | {"email": "quillon@people.test"}]
)
def test_nobody_is_known_by_name_or_address(
    telling: Telling, practice: Practice, meeting: UUID, who: dict[str, str]
) -> None:
    telling.tell("participant_joined", at(1), {**who, "email": practice.patient.email, "user_name": "Person"})
    telling.tell("participant_joined", at(1), who, device="2")
    telling.follow()
    assert [attendee(person.id).attendance for person in (practice.patient, practice.therapist)] == ["unknown"] * 2


def test_an_empty_registrant_is_nobody(telling: Telling, practice: Practice, meeting: UUID) -> None:
    change_appointment(meeting, zoom_registrant_id=None)
    telling.tell("participant_joined", at(1), {**STRANGER, "registrant_id": "", "customer_key": ""})
    telling.follow()
    assert attendee(practice.patient.id).first_joined_at is None


@pytest.mark.parametrize(
    "status",
    [AppointmentStatus.CANCELLED, AppointmentStatus.HELD, AppointmentStatus.PENDING, AppointmentStatus.EXPIRED],
)
def test_what_does_not_take_place_is_left_as_it_is(
    telling: Telling, practice: Practice, meeting: UUID, status: AppointmentStatus
) -> None:
    change_appointment(meeting, status=status, cancelled_at=START, held_until=START)
    telling.tell("started", at(0))
    telling.tell("participant_joined", at(0), PATIENT)
    telling.follow()
    assert (appointment().status, attendee(practice.patient.id).attendance) == (status, Attendance.UNKNOWN)


def test_a_room_that_is_tried_the_day_before_is_no_session(telling: Telling, practice: Practice, meeting: UUID) -> None:
    telling.tell("started", at(-24 * 60))
    telling.tell("participant_joined", at(-24 * 60), THERAPIST)
    telling.follow()
    assert known(practice)["appointment"] == (BOOKED, None, None)


def test_an_appointment_that_was_moved_is_followed_at_its_new_time(
    telling: Telling, practice: Practice, meeting: UUID
) -> None:
    day = timedelta(days=1)
    moved = {"start_at": START + day, "end_at": END + day, "blocked_from": START + day, "blocked_until": END + day}
    change_appointment(meeting, **moved)
    telling.tell("started", at(0))
    telling.tell("ended", at(30))
    telling.follow()
    assert appointment().status is BOOKED
    telling.tell("started", at(24 * 60), uuid="instance==2")
    telling.follow()
    assert (appointment().status, appointment().started_at) == (IN_SESSION, at(24 * 60))


def test_both_see_who_came_and_for_how_long(telling: Telling, practice: Practice, meeting: UUID) -> None:
    for person in (practice.patient, practice.therapist):
        assert As(telling.client, person).get(f"/api/appointments/{meeting}").get_json()["attendance"] is None
    for event, moment, who in SESSION:
        telling.tell(event, moment, who)
    telling.follow()
    expected = {
        "patient": {"attendance": "attended", "minutes": 43},
        "therapist": {"attendance": "attended", "minutes": 52},
        "corrected": False,
    }
    for person in (practice.patient, practice.therapist):
        shown = As(telling.client, person).get(f"/api/appointments/{meeting}").get_json()
        assert (shown["status"], shown["attendance"], shown["version"]) == ("completed", expected, 1)
        [listed] = As(telling.client, person).get("/api/appointments").get_json()["items"]
        assert listed == shown


def test_other_appointments_stay_as_they_are(telling: Telling, practice: Practice, meeting: UUID) -> None:
    other = add_person()
    add_care(other, practice.therapist)
    another = add_meeting(Practice(other, practice.therapist), at(120), number="80000000002")
    for event, moment, who in SESSION:
        telling.tell(event, moment, who)
    telling.follow()
    assert {found.id: found.status for found in rows(select(Appointment))} == {meeting: COMPLETED, another: BOOKED}
    seen = rows(select(AppointmentAttendee).where(AppointmentAttendee.appointment_id == another))
    assert {row.attendance for row in seen} == {Attendance.UNKNOWN}


def test_an_event_whose_receipt_is_gone_is_over(telling: Telling, meeting: UUID) -> None:
    telling.tell("started", at(0))
    transaction(lambda db: db.execute(delete(WebhookReceipt)))()
    telling.follow()
    assert appointment().status is BOOKED
