"""Meetings are made with the booking or soon after, never twice, and nobody is told more than they must be."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from functions.appointments import meeting_references
from functions.appointments.zoom import Plan
from functions.appointments.zoom import zoom as zoom_of_settings
from functions.appointments.zoom_calls import Budget
from shared.clock import held_at
from shared.database.encryption import KeyRing, unseal
from shared.database.models.scheduling import ZoomStatus
from tests.functions.appointments.calendars import (
    NOON,
    SESSION,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    book,
    told,
)
from tests.functions.appointments.following import (
    HOUR,
    PENDING,
    READY,
    Outbox,
    kept,
    meeting_event,
    seen_by,
    video,
    want_meeting,
)
from tests.functions.appointments.zoom_cloud import (
    ANYTHING,
    CREATE,
    LIST,
    REGISTER,
    SHOW,
    TOKEN,
    USER,
    LocalZoom,
)
from tests.people import As, add_person
from tests.waiting import until


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with held_at(lambda: NOON):
        yield


@pytest.fixture
def practice(zoom: LocalZoom) -> Practice:
    """Its therapist has a user in our Zoom account, by address."""
    made = add_practice()
    zoom.add_user(made.therapist.email)
    return made


@pytest.fixture
def patient(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.patient)


@pytest.fixture
def outbox(appointments: FlaskClient, product: LocalCloud) -> Outbox:
    return Outbox(appointments, product)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


# With the booking.


def test_a_booking_is_answered_with_the_patients_own_way_in(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    answer = book(patient, practice.therapist)
    [meeting] = zoom.meetings()
    [registrant] = meeting["registrants"].values()
    way_in = f"{zoom.url}/w/{meeting['id']}?tk={registrant['token']}&pwd={meeting['password']}"
    assert video(answer) == READY
    assert answer.get_json()["zoomJoinUrl"] == way_in
    assert (meeting["start_time"], meeting["duration"], meeting["timezone"]) == ("2026-03-03T09:00:00Z", 50, "UTC")
    found = kept()
    assert found.zoom_join_url is not None
    opened = unseal(KeyRing.CREDENTIAL, found.zoom_join_url, "appointment", "zoom_join_url", found.id)
    assert opened == way_in
    assert (found.zoom_meeting_id, found.zoom_meeting_uuid, found.zoom_host_id, found.zoom_registrant_id) == (
        str(meeting["id"]),
        meeting["uuid"],
        meeting["host_id"],
        registrant["registrant_id"],
    )
    assert meeting_event().delivered_at is not None
    assert found.version == 1


def test_zoom_is_told_nothing_of_anybody(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    book(patient, practice.therapist)
    [meeting] = zoom.meetings()
    assert meeting["topic"] == "Appointment"
    assert meeting["agenda"] == meeting_references.reference_of(kept().id)
    assert meeting_references.appointment_of(meeting["agenda"]) == kept().id
    [registrant] = meeting["registrants"].values()
    assert (registrant["first_name"], registrant["email"]) == (
        "Guest",
        f"{kept().id.hex}@participants.bloomhealth.us",
    )
    said = zoom.bodies().lower()
    for word in (practice.patient.name, practice.patient.email, practice.therapist.name, "therap", "bloom health"):
        assert word.lower() not in said


def test_nobody_gets_in_before_the_host_lets_them(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    book(patient, practice.therapist)
    [meeting] = zoom.meetings()
    expected = {
        "waiting_room": True,
        "join_before_host": False,
        "approval_type": 0,
        "registrants_email_notification": False,
        "registrants_confirmation_email": False,
        "email_notification": False,
        "auto_recording": "none",
        "auto_start_meeting_summary": False,
        "use_pmi": False,
    }
    assert {name: meeting["settings"][name] for name in expected} == expected


def test_a_booking_asks_zoom_no_more_than_it_must(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    book(patient, practice.therapist)
    assert len(zoom.asked()) == 4  # token, user, meeting, registrant
    zoom.forget_requests()
    book(patient, practice.therapist, TUESDAY_AT_NINE + HOUR)
    assert [bool(zoom.asked(one)) for one in (TOKEN, USER, CREATE, REGISTER)] == [False, False, True, True]
    assert len(zoom.asked()) == 2


def test_a_time_that_is_taken_asks_zoom_nothing(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    add_appointment(add_person(), practice.therapist)
    assert told(book(patient, practice.therapist)) == (409, "slot-taken")
    assert (zoom.asked(), zoom.meetings()) == ([], [])


def test_a_key_repeats_the_answer_and_makes_no_second_meeting(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = (book(patient, practice.therapist, TUESDAY_AT_NINE, {}, **key) for _ in range(2))
    assert first.get_json() == again.get_json()
    assert len(zoom.meetings()) == 1


@pytest.mark.parametrize("status", ["503 Service Unavailable", "500 Internal Server Error", "429 Too Many Requests"])
@pytest.mark.parametrize("where", [TOKEN, USER, CREATE, REGISTER, ANYTHING])
def test_where_zoom_is_down_the_booking_stands_and_its_meeting_comes_later(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox, status: str, where: str
) -> None:
    zoom.trouble(where, status=status, code=int(status[:3]))
    assert video(book(patient, practice.therapist)) == PENDING
    assert seen_by(patient) == "pending"
    assert meeting_event().delivered_at is None
    zoom.calm()
    with held_at(lambda: NOON + HOUR):  # what a 429 asked for is over
        outbox.push()
    assert seen_by(patient) == "ready"
    assert len(zoom.meetings()) == 1


def test_a_zoom_that_does_not_listen_holds_up_no_booking(
    patient: As, practice: Practice, environment: Callable[..., None], outbox: Outbox, zoom: LocalZoom
) -> None:
    environment(zoom_api_url="http://127.0.0.1:9", zoom_sign_in_url="http://127.0.0.1:9")
    assert video(book(patient, practice.therapist)) == PENDING
    environment(zoom_api_url=zoom.url, zoom_sign_in_url=zoom.url)
    outbox.push()
    assert seen_by(patient) == "ready"


@pytest.mark.parametrize("where", [TOKEN, USER, CREATE, REGISTER])
def test_a_booking_waits_no_longer_than_its_budget_wherever_zoom_is_slow(
    patient: As,
    practice: Practice,
    zoom: LocalZoom,
    outbox: Outbox,
    environment: Callable[..., None],
    where: str,
) -> None:
    environment(zoom_timeout_ms="400")
    zoom.trouble(where, held=True)
    began = time.monotonic()
    assert video(book(patient, practice.therapist)) == PENDING
    assert time.monotonic() - began < 2.0  # the machine of the tests is slow itself
    zoom.calm()
    until(lambda: where != CREATE or zoom.meetings())
    outbox.push()
    assert seen_by(patient) == "ready"
    assert len(zoom.meetings()) == 1


# What was left behind half done.


@pytest.mark.parametrize("status", ["502 Bad Gateway", "504 Gateway Timeout"])
def test_a_meeting_whose_answer_was_lost_is_found_again(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox, status: str
) -> None:
    zoom.trouble(CREATE, status=status, done=True, times=1)
    assert video(book(patient, practice.therapist)) == PENDING
    assert len(zoom.meetings()) == 1
    outbox.push()
    assert [str(meeting["id"]) for meeting in zoom.meetings()] == [kept().zoom_meeting_id]
    assert seen_by(patient) == "ready"


def test_a_process_that_died_between_making_and_keeping_leaves_no_second_meeting(
    practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    appointment_id = add_appointment(practice.patient, practice.therapist)
    want_meeting(appointment_id)
    host_id = zoom.add_user(practice.therapist.email)
    at, reference = zoom_of_settings(), meeting_references.reference_of(appointment_id)
    assert at is not None
    made = at.create(host_id, Plan(TUESDAY_AT_NINE, TUESDAY_AT_NINE + SESSION, reference), Budget(10))
    outbox.push()
    assert kept().zoom_meeting_id == str(made.id)
    assert (kept().zoom_status, len(zoom.meetings())) == (ZoomStatus.CREATED, 1)


def test_a_found_meeting_at_another_time_is_moved(practice: Practice, zoom: LocalZoom, outbox: Outbox) -> None:
    appointment_id = add_appointment(practice.patient, practice.therapist)
    want_meeting(appointment_id)
    host_id = zoom.add_user(practice.therapist.email)
    at, reference = zoom_of_settings(), meeting_references.reference_of(appointment_id)
    assert at is not None
    at.create(host_id, Plan(TUESDAY_AT_NINE - HOUR, TUESDAY_AT_NINE, reference), Budget(10))
    outbox.push()
    [meeting] = zoom.meetings()
    assert (meeting["start_time"], meeting["duration"]) == ("2026-03-03T09:00:00Z", 50)


def test_a_process_that_died_before_the_patient_was_let_in_is_taken_up_there(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    zoom.trouble(REGISTER, status="503 Service Unavailable")
    assert video(book(patient, practice.therapist)) == PENDING
    half_done = kept().zoom_meeting_id
    assert half_done is not None
    zoom.calm()
    outbox.push()
    assert (kept().zoom_meeting_id, seen_by(patient)) == (half_done, "ready")
    assert len(zoom.meetings()) == 1


def test_an_event_that_comes_again_changes_nothing(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    book(patient, practice.therapist)
    before = zoom.meetings()
    zoom.forget_requests()
    for _ in range(3):
        outbox.push(again=True)
    assert zoom.meetings() == before
    assert len(zoom.asked(SHOW)) == len(zoom.asked()) == 3


def test_two_who_follow_at_once_keep_one_meeting(
    practice: Practice, zoom: LocalZoom, outbox: Outbox, pool: ThreadPoolExecutor
) -> None:
    want_meeting(add_appointment(practice.patient, practice.therapist))
    zoom.trouble(LIST, held=True)
    both = [outbox.push_aside(pool, meeting_event().id) for _ in range(2)]
    until(lambda: len(zoom.asked(LIST)) == 2)  # neither has found anything
    zoom.calm()
    assert {one.result().status_code for one in both} == {204}
    assert len(zoom.asked(CREATE)) == 2
    assert [str(meeting["id"]) for meeting in zoom.meetings()] == [kept().zoom_meeting_id]
    assert kept().zoom_status is ZoomStatus.CREATED
    assert meeting_event().attempts == 0


def test_many_who_follow_at_once_keep_one_meeting(
    practice: Practice, zoom: LocalZoom, outbox: Outbox, pool: ThreadPoolExecutor
) -> None:
    want_meeting(add_appointment(practice.patient, practice.therapist))
    for one in [outbox.push_aside(pool, meeting_event().id) for _ in range(8)]:
        assert one.result().status_code == 204
    outbox.push()
    assert [str(meeting["id"]) for meeting in zoom.meetings()] == [kept().zoom_meeting_id]
    assert kept().zoom_status is ZoomStatus.CREATED
