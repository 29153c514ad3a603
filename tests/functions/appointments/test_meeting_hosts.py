"""An appointment is held in the name of its own therapist's user at Zoom, or without video, which they are told."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared import redis
from shared.clock import held_at
from shared.database.models.accounts import User
from shared.database.models.credentials import Account, Provider
from shared.database.models.scheduling import Appointment, AppointmentStatus, ZoomStatus
from shared.database.transaction import transaction
from shared.events import AppointmentChange, AppointmentChanged
from shared.outbox import open_event
from tests.functions.appointments.calendars import (
    NOON,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    book,
)
from tests.functions.appointments.zoom_cloud import CHANGE, CREATE, REGISTER, SHOW, USER, LocalZoom
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.people import As, Person, rows

HOUR = timedelta(hours=1)
EVENTS = "/api/internal/appointments/events"


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with held_at(lambda: NOON):
        yield


@pytest.fixture
def practice(zoom: LocalZoom) -> Practice:
    return add_practice()


@pytest.fixture
def patient(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.patient)


@transaction
def link(db: Database, person: Person, zoom_id: str) -> None:
    """They signed in with Zoom, or linked it."""
    db.add(
        Account(user_id=person.id, provider=Provider.ZOOM, provider_account_id=zoom_id, email=f"{zoom_id}@zoom.test")
    )


@transaction
def verify(db: Database, person: Person, *, verified: bool) -> None:
    db.execute(update(User).where(User.id == person.id).values(email_verified_at=NOON if verified else None))


def host_of(zoom: LocalZoom) -> str:
    [meeting] = zoom.meetings()
    return str(meeting["host_id"])


def kept() -> Appointment:
    return rows(select(Appointment).order_by(Appointment.start_at))[-1]


def told_of_no_video() -> list[AppointmentChanged]:
    changes = [open_event(row.id) for row in outbox_events("appointment-changed")]
    return [
        event
        for event in changes
        if isinstance(event, AppointmentChanged) and event.change is AppointmentChange.VIDEO_UNAVAILABLE
    ]


def assert_there_is_no_video(patient: As, practice: Practice) -> None:
    answer = book(patient, practice.therapist)
    assert answer.status_code == 201
    assert (answer.get_json()["appointment"]["video"], answer.get_json()["zoomJoinUrl"]) == ("unavailable", None)
    [event] = told_of_no_video()
    assert (event.appointment_id, event.version) == (kept().id, 1)


def test_the_linked_account_comes_before_the_address(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    linked = zoom.add_user("practice@elsewhere.test", user_id="aLinkedZoomUser")
    zoom.add_user(practice.therapist.email)
    link(practice.therapist, linked)
    book(patient, practice.therapist)
    assert host_of(zoom) == linked


def test_a_linked_account_outside_of_ours_is_passed_over(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    by_address = zoom.add_user(practice.therapist.email)
    link(practice.therapist, "somebodyOutside")
    book(patient, practice.therapist)
    assert host_of(zoom) == by_address


@pytest.mark.parametrize(
    "unlike", ["nobody", "unverified", "inactive", "pending", "linked by another", "holds another's meetings"]
)
def test_without_a_user_of_their_own_there_is_no_video_and_the_therapist_is_told(
    patient: As, practice: Practice, zoom: LocalZoom, unlike: str
) -> None:
    other = add_practice()
    if unlike != "nobody":
        status = unlike if unlike in ("inactive", "pending") else "active"
        host_id = zoom.add_user(practice.therapist.email, status=status)
    if unlike == "unverified":
        verify(practice.therapist, verified=False)
    if unlike == "linked by another":
        link(other.therapist, host_id)
    if unlike == "holds another's meetings":
        add_appointment(other.patient, other.therapist, zoom_host_id=host_id, zoom_meeting_id="1")
    answer = book(patient, practice.therapist)
    assert (answer.get_json()["appointment"]["video"], answer.get_json()["zoomJoinUrl"]) == ("unavailable", None)
    assert [event.appointment_id for event in told_of_no_video()] == [UUID(answer.get_json()["appointment"]["id"])]
    assert zoom.asked(CREATE) == []


@pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.COMPLETED])
def test_what_another_held_before_keeps_nobody_out(
    patient: As, practice: Practice, zoom: LocalZoom, status: AppointmentStatus
) -> None:
    other, host_id = add_practice(), zoom.add_user(practice.therapist.email)
    add_appointment(other.patient, other.therapist, status=status, zoom_host_id=host_id, zoom_meeting_id="1")
    assert book(patient, practice.therapist).get_json()["appointment"]["video"] == "ready"


def test_the_therapist_is_told_once_however_often_it_is_tried(
    patient: As, practice: Practice, internal: InternalCalls
) -> None:
    assert_there_is_no_video(patient, practice)
    for event in outbox_events("meeting-wanted") * 3:
        internal.push(EVENTS, event.id)
    assert len(told_of_no_video()) == 1
    assert kept().zoom_status is ZoomStatus.FAILED


def test_once_there_is_a_user_the_next_try_makes_the_room(
    patient: As, practice: Practice, zoom: LocalZoom, internal: InternalCalls
) -> None:
    assert_there_is_no_video(patient, practice)
    zoom.add_user(practice.therapist.email)
    for event in outbox_events("meeting-wanted"):
        internal.push(EVENTS, event.id)
    assert kept().zoom_status is ZoomStatus.CREATED
    assert len(zoom.meetings()) == 1


def test_a_room_that_went_with_its_host_is_told_of_once_more_never(
    patient: As, practice: Practice, zoom: LocalZoom, internal: InternalCalls
) -> None:
    assert_there_is_no_video(patient, practice)
    host_id = zoom.add_user(practice.therapist.email)
    [wanted] = outbox_events("meeting-wanted")
    internal.push(EVENTS, wanted.id)
    zoom.remove_user(host_id)
    for _ in range(2):
        internal.push(EVENTS, wanted.id)
    assert (kept().zoom_status, len(told_of_no_video())) == (ZoomStatus.FAILED, 1)


def test_a_host_who_left_our_account_holds_no_more(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    host_id = zoom.add_user(practice.therapist.email)
    assert book(patient, practice.therapist).get_json()["appointment"]["video"] == "ready"
    zoom.remove_user(host_id)  # and is still remembered here
    answer = book(patient, practice.therapist, TUESDAY_AT_NINE + HOUR)
    assert answer.get_json()["appointment"]["video"] == "unavailable"
    assert len(told_of_no_video()) == 1


def test_who_a_therapist_is_at_zoom_is_remembered_without_their_address(
    patient: As, practice: Practice, zoom: LocalZoom, product: LocalCloud
) -> None:
    host_id = zoom.add_user(practice.therapist.email)
    book(patient, practice.therapist)
    keys = redis.ask(lambda client: client.keys("zoom:host:*"))
    assert [redis.ask(lambda client, key=key: client.get(key)) for key in keys] == [host_id]  # type: ignore[misc]
    assert practice.therapist.email not in str(keys)


@pytest.mark.parametrize("code", [300, 3161, 200])
def test_a_host_whom_zoom_lets_hold_no_meetings_is_none(
    patient: As, practice: Practice, zoom: LocalZoom, code: int
) -> None:
    zoom.add_user(practice.therapist.email)
    zoom.trouble(CREATE, status="400 Bad Request", code=code)
    assert_there_is_no_video(patient, practice)


def test_an_unlicensed_hosts_meeting_is_joined_by_its_link(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    zoom.add_user(practice.therapist.email, type=1)
    answer = book(patient, practice.therapist)
    [meeting] = zoom.meetings()
    assert answer.get_json()["appointment"]["video"] == "ready"
    assert answer.get_json()["zoomJoinUrl"] == f"{zoom.url}/j/{meeting['id']}?pwd={meeting['password']}"
    assert (kept().zoom_registrant_id, meeting["settings"]["waiting_room"]) == (None, True)


@pytest.mark.parametrize(
    ("status", "code"), [("400 Bad Request", 200), ("400 Bad Request", 3000), ("400 Bad Request", 300)]
)
def test_where_registration_is_refused_the_link_opens_the_meeting(
    patient: As, practice: Practice, zoom: LocalZoom, status: str, code: int
) -> None:
    zoom.add_user(practice.therapist.email)
    zoom.trouble(REGISTER, status="400 Bad Request", code=code)
    answer = book(patient, practice.therapist)
    [meeting] = zoom.meetings()
    assert answer.get_json()["zoomJoinUrl"] == f"{zoom.url}/j/{meeting['id']}?pwd={meeting['password']}"
    assert meeting["settings"]["approval_type"] == 2
    assert len(zoom.asked(CHANGE)) == len(zoom.asked(SHOW)) == 1


def test_a_meeting_that_goes_before_the_patient_is_let_in_is_made_anew(
    patient: As, practice: Practice, zoom: LocalZoom
) -> None:
    zoom.add_user(practice.therapist.email)
    zoom.trouble(REGISTER, status="404 Not Found", code=3001, times=1)
    assert book(patient, practice.therapist).get_json()["appointment"]["video"] == "ready"
    assert len(zoom.asked(CREATE)) + len(zoom.asked(REGISTER)) >= 3


def test_nobody_is_looked_for_twice(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    zoom.add_user(practice.therapist.email)
    answers = [book(patient, practice.therapist, TUESDAY_AT_NINE + hours * HOUR) for hours in range(2)]
    assert [answer.get_json()["appointment"]["video"] for answer in answers] == ["ready", "ready"]
    assert len(zoom.asked(USER)) == 1
