"""Meetings follow appointments: made with the booking or soon after, moved, removed, and never made twice."""

import contextvars
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from functions.appointments import meeting_references
from functions.appointments.zoom import Plan
from functions.appointments.zoom import zoom as zoom_of_settings
from functions.appointments.zoom_calls import Budget
from shared.appointments import note_change
from shared.clock import held_at
from shared.database.encryption import KeyRing, unseal
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.outbox_events import OutboxEvent
from shared.database.models.scheduling import Appointment, AppointmentStatus, CancelReason, ZoomStatus
from shared.database.transaction import transaction
from shared.events import AppointmentChange, AppointmentChanged
from shared.outbox import open_event
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
    times,
    told,
)
from tests.functions.appointments.zoom_cloud import (
    ANYTHING,
    CHANGE,
    CREATE,
    DELETE,
    LIST,
    REGISTER,
    SHOW,
    TOKEN,
    USER,
    LocalZoom,
)
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.people import As, add_person, rows
from tests.waiting import until

HOUR = timedelta(hours=1)
EVENTS = "/api/internal/appointments/events"


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


class Outbox:
    """What still has to be done about meetings, pushed as Pub/Sub does."""

    def __init__(self, client: FlaskClient, cloud: LocalCloud) -> None:
        self._client, self._cloud = client, cloud

    def push(self, *, again: bool = False, latest_first: bool = False) -> None:
        """Every event about a meeting that nobody has seen to; with `again` all there ever were."""
        waiting = [row for row in outbox_events("meeting-wanted") if again or row.delivered_at is None]
        for row in reversed(waiting) if latest_first else waiting:
            assert self.push_one(row.id).status_code in (200, 204)

    def push_one(self, event_id: UUID) -> TestResponse:
        """One event, by a client of its own."""
        return InternalCalls(self._client.application.test_client(), self._cloud).push(EVENTS, event_id)

    def push_aside(self, pool: ThreadPoolExecutor, event_id: UUID) -> "Future[TestResponse]":
        """One event, at the same time as what the test does next."""
        return pool.submit(contextvars.copy_context().run, self.push_one, event_id)


@pytest.fixture
def outbox(appointments: FlaskClient, product: LocalCloud) -> Outbox:
    return Outbox(appointments, product)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


@transaction
def want_meeting(db: Database, appointment_id: UUID) -> None:
    """As a booking leaves it behind whose process died at once."""
    note_change(db, appointment_id, 1, AppointmentChange.BOOKED)


def kept() -> Appointment:
    [found] = rows(select(Appointment))
    return found


def meeting_event() -> OutboxEvent:
    return outbox_events("meeting-wanted")[-1]


def unavailable_told() -> int:
    """How often a therapist is told that there is no video."""
    changes = [open_event(row.id) for row in outbox_events("appointment-changed")]
    return sum(
        isinstance(event, AppointmentChanged) and event.change is AppointmentChange.VIDEO_UNAVAILABLE
        for event in changes
    )


def video(answer: TestResponse) -> tuple[str, bool]:
    """What a booking's answer says of video, and whether it has a way in."""
    assert answer.status_code == 201, answer.get_json()
    return answer.get_json()["appointment"]["video"], answer.get_json()["zoomJoinUrl"] is not None


READY, PENDING, UNAVAILABLE = ("ready", True), ("pending", False), ("unavailable", False)


def seen_by(patient: As) -> str:
    """What the appointment itself says of video, later."""
    said: str = patient.get(f"/api/appointments/{kept().id}").get_json()["video"]
    return said


def move(patient: As, hours: int = 1) -> TestResponse:
    found = kept()
    body = {**times(TUESDAY_AT_NINE + hours * HOUR), "version": found.version}
    return patient.patch(f"/api/appointments/{found.id}", body)


def cancel(patient: As) -> TestResponse:
    return patient.post(f"/api/appointments/{kept().id}/cancel", {"reason": "patient_request"})


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


# What changes.


def test_a_reschedule_asks_zoom_nothing_and_its_meeting_is_moved_next(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    way_in = book(patient, practice.therapist).get_json()["zoomJoinUrl"]
    zoom.forget_requests()
    moved = move(patient)
    assert (moved.status_code, moved.get_json()["video"], zoom.asked()) == (200, "ready", [])
    event = meeting_event()
    assert event.delivered_at is not None  # handed to Pub/Sub with the answer
    outbox.push_one(event.id)
    [meeting] = zoom.meetings()
    assert (meeting["start_time"], meeting["duration"]) == ("2026-03-03T10:00:00Z", 50)
    assert way_in.startswith(f"{zoom.url}/w/{meeting['id']}?tk=")
    outbox.push(again=True)
    assert len(zoom.asked(CHANGE)) == 1


@pytest.mark.parametrize("latest_first", [False, True])
def test_a_reschedule_while_video_is_pending_ends_in_one_meeting_at_the_new_time(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox, latest_first: bool
) -> None:
    zoom.trouble(ANYTHING, status="503 Service Unavailable")
    book(patient, practice.therapist)
    move(patient)
    zoom.calm()
    outbox.push(again=True, latest_first=latest_first)
    assert [meeting["start_time"] for meeting in zoom.meetings()] == ["2026-03-03T10:00:00Z"]
    assert seen_by(patient) == "ready"


def test_a_reschedule_that_zoom_cannot_follow_yet_keeps_the_room(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    book(patient, practice.therapist)
    zoom.trouble(CHANGE, status="503 Service Unavailable", times=1)
    move(patient)
    outbox.push(again=True)
    assert seen_by(patient) == "ready"
    outbox.push()
    assert [meeting["start_time"] for meeting in zoom.meetings()] == ["2026-03-03T10:00:00Z"]


@pytest.mark.parametrize("where", [CREATE, REGISTER])
def test_a_reschedule_while_the_meeting_is_being_made_moves_it(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox, pool: ThreadPoolExecutor, where: str
) -> None:
    want_meeting(add_appointment(practice.patient, practice.therapist))
    zoom.trouble(where, held=True)
    making = outbox.push_aside(pool, meeting_event().id)
    until(lambda: zoom.asked(where))
    assert move(patient).status_code == 200
    zoom.calm()
    assert making.result().status_code == 204
    assert [meeting["start_time"] for meeting in zoom.meetings()] == ["2026-03-03T10:00:00Z"]


def test_two_moves_at_once_end_at_the_later_one(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox, pool: ThreadPoolExecutor
) -> None:
    book(patient, practice.therapist)
    move(patient, hours=1)
    zoom.trouble(CHANGE, held=True, times=1)
    first = outbox.push_aside(pool, meeting_event().id)
    until(lambda: zoom.asked(CHANGE))
    move(patient, hours=3)
    outbox.push_one(meeting_event().id)
    zoom.calm()
    assert first.result().status_code == 204
    assert [meeting["start_time"] for meeting in zoom.meetings()] == ["2026-03-03T12:00:00Z"]


def test_a_cancelled_appointments_meeting_is_removed(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    book(patient, practice.therapist)
    zoom.forget_requests()
    assert (cancel(patient).status_code, zoom.asked()) == (200, [])
    outbox.push(again=True)
    outbox.push(again=True)
    assert zoom.meetings() == []
    assert len(zoom.asked(DELETE)) == 1
    found = kept()
    assert (found.zoom_status, found.zoom_join_url, seen_by(patient)) == (ZoomStatus.DELETED, None, "unavailable")


def test_a_meeting_that_is_gone_already_is_removed(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    book(patient, practice.therapist)
    zoom.change_meeting(kept().zoom_meeting_id)
    cancel(patient)
    outbox.push(again=True)
    assert (kept().zoom_status, meeting_event().attempts) == (ZoomStatus.DELETED, 0)


@pytest.mark.parametrize(
    ("code", "status"), [(3001, "404 Not Found"), (3007, "400 Bad Request"), (1001, "404 Not Found")]
)
def test_what_zoom_says_of_a_meeting_that_is_over_is_as_good(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox, code: int, status: str
) -> None:
    book(patient, practice.therapist)
    cancel(patient)
    zoom.trouble(DELETE, status=status, code=code)
    outbox.push(again=True)
    assert kept().zoom_status is ZoomStatus.DELETED


def test_a_meeting_that_is_being_held_is_removed_later(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    book(patient, practice.therapist)
    zoom.change_meeting(kept().zoom_meeting_id, status="started")
    cancel(patient)
    outbox.push_one(meeting_event().id)
    assert (meeting_event().attempts, meeting_event().delivered_at) == (1, None)
    zoom.change_meeting(kept().zoom_meeting_id, status="waiting")
    outbox.push()
    assert (zoom.meetings(), kept().zoom_status) == ([], ZoomStatus.DELETED)


@pytest.mark.parametrize("latest_first", [False, True])
def test_an_appointment_that_was_cancelled_while_video_was_pending_gets_no_meeting(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox, latest_first: bool
) -> None:
    zoom.trouble(ANYTHING, status="503 Service Unavailable")
    book(patient, practice.therapist)
    cancel(patient)
    zoom.calm()
    outbox.push(again=True, latest_first=latest_first)
    assert (zoom.meetings(), kept().zoom_status) == ([], ZoomStatus.DELETED)


@pytest.mark.parametrize("where", [CREATE, REGISTER])
def test_a_meeting_of_an_appointment_that_was_cancelled_meanwhile_is_removed_again(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox, pool: ThreadPoolExecutor, where: str
) -> None:
    want_meeting(add_appointment(practice.patient, practice.therapist))
    zoom.trouble(where, held=True)
    making = outbox.push_aside(pool, meeting_event().id)
    until(lambda: zoom.asked(where))
    cancel(patient)
    zoom.calm()
    assert making.result().status_code == 204
    assert (zoom.meetings(), kept().zoom_status, kept().zoom_join_url) == ([], ZoomStatus.DELETED, None)


def test_a_meeting_that_somebody_deleted_at_zoom_is_made_anew(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    before = book(patient, practice.therapist).get_json()["zoomJoinUrl"]
    zoom.change_meeting(kept().zoom_meeting_id)
    outbox.push(again=True)
    [meeting] = zoom.meetings()
    assert kept().zoom_meeting_id == str(meeting["id"])
    assert seen_by(patient) == "ready"
    sealed = kept().zoom_join_url
    assert sealed is not None
    assert unseal(KeyRing.CREDENTIAL, sealed, "appointment", "zoom_join_url", kept().id) != before


def test_what_a_person_leaves_behind_is_removed_with_their_appointments(
    appointments: FlaskClient, patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    book(patient, practice.therapist)
    call_off_all(practice)
    outbox.push(again=True)
    assert (zoom.meetings(), kept().status) == ([], AppointmentStatus.CANCELLED)


@transaction
def call_off_all(db: Database, practice: Practice) -> None:
    """As the erasure of an account does."""
    from shared.appointments import call_off

    concerning = Appointment.patient_id == practice.patient.id
    call_off(db, concerning, actor_id=practice.patient.id, reason=CancelReason.ACCOUNT_CLOSED, after=NOON)


@pytest.mark.parametrize(
    "status",
    [AppointmentStatus.HELD, AppointmentStatus.PENDING, AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW],
)
def test_only_what_is_booked_has_a_meeting(
    practice: Practice, zoom: LocalZoom, outbox: Outbox, status: AppointmentStatus
) -> None:
    want_meeting(add_appointment(practice.patient, practice.therapist, status=status))
    outbox.push()
    assert (zoom.asked(), kept().zoom_status) == ([], ZoomStatus.WANTED)


def test_what_is_over_gets_no_meeting_any_more(practice: Practice, zoom: LocalZoom, outbox: Outbox) -> None:
    want_meeting(add_appointment(practice.patient, practice.therapist, NOON - HOUR))
    outbox.push()
    assert (zoom.asked(), kept().zoom_status, unavailable_told()) == ([], ZoomStatus.FAILED, 0)
    assert meeting_event().attempts == 0


def test_a_meeting_that_runs_is_left_alone(patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox) -> None:
    book(patient, practice.therapist)
    change_appointment(kept().id, status=AppointmentStatus.IN_SESSION)
    zoom.forget_requests()
    outbox.push(again=True)
    assert zoom.asked() == []


def test_without_an_app_at_zoom_there_is_no_video_and_nobody_is_told(
    patient: As, practice: Practice, zoom: LocalZoom, environment: Callable[..., None]
) -> None:
    environment(zoom_account_id="")
    assert video(book(patient, practice.therapist)) == UNAVAILABLE
    assert (zoom.asked(), unavailable_told()) == ([], 0)


# Who may be told what.


def test_a_join_url_is_in_no_outbox_and_no_column_in_plain(
    patient: As, practice: Practice, zoom: LocalZoom, product: LocalCloud
) -> None:
    url = book(patient, practice.therapist).get_json()["zoomJoinUrl"]
    token = url.partition("tk=")[2].partition("&")[0]
    everything = repr([dict(vars(row)) for row in [*rows(select(Appointment)), *rows(select(OutboxEvent))]])
    assert kept().zoom_registrant_id is not None
    assert token not in everything


def test_therapists_see_no_way_in_that_is_the_patients(
    appointments: FlaskClient, patient: As, practice: Practice
) -> None:
    url = book(patient, practice.therapist).get_json()["zoomJoinUrl"]
    said = As(appointments, practice.therapist).get(f"/api/appointments/{kept().id}").get_data(as_text=True)
    assert url not in said
    assert As(appointments, add_person(Role.PATIENT)).get(f"/api/appointments/{kept().id}").status_code == 404


def test_what_was_held_gets_its_room_when_it_is_confirmed(patient: As, practice: Practice, zoom: LocalZoom) -> None:
    body = {"therapistId": str(practice.therapist.id), **times(TUESDAY_AT_NINE)}
    held = patient.post("/api/appointments/holds", body).get_json()["appointment"]
    assert zoom.asked() == []
    answers = [patient.post(f"/api/appointments/{held['id']}/confirm") for _ in range(2)]
    assert [answer.get_json()["appointment"]["video"] for answer in answers] == ["ready", "ready"]
    assert answers[0].get_json()["zoomJoinUrl"] == answers[1].get_json()["zoomJoinUrl"] is not None
    assert len(zoom.meetings()) == 1


def test_what_becomes_of_a_meeting_is_in_the_audit_trail(
    appointments: FlaskClient, patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    book(patient, practice.therapist)
    outbox.push(again=True)
    cancel(patient)
    for _ in range(2):
        outbox.push(again=True)
    first = [("meeting.made", practice.patient.id), ("meeting.removed", None)]
    assert deeds() == first
    alone = add_practice()
    book(As(appointments, alone.patient), alone.therapist)
    assert deeds() == sorted([*first, ("meeting.not-to-be-had", alone.patient.id)])


def deeds() -> list[tuple[str, UUID | None]]:
    """What was done about meetings, by its name, and in whose session."""
    entries = rows(select(AuditEvent).where(AuditEvent.action.like("meeting.%")))
    assert {entry.subject_id for entry in entries} <= set(rows(select(Appointment.patient_id)))
    return sorted((entry.action, entry.actor_id) for entry in entries)
