"""Meetings follow their appointments: moved with them, removed with them, and made anew where they are lost."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import held_at
from shared.database.encryption import KeyRing, unseal
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.outbox_events import OutboxEvent
from shared.database.models.scheduling import Appointment, AppointmentStatus, CancelReason, ZoomStatus
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.appointments.calendars import (
    NOON,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    book,
    change_appointment,
    times,
)
from tests.functions.appointments.following import (
    HOUR,
    PENDING,
    UNAVAILABLE,
    Outbox,
    cancel,
    kept,
    meeting_event,
    move,
    seen_by,
    unavailable_told,
    video,
    want_meeting,
)
from tests.functions.appointments.zoom_cloud import (
    ANYTHING,
    CHANGE,
    CREATE,
    DELETE,
    REGISTER,
    LocalZoom,
)
from tests.people import As, add_person, rows
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


def test_a_meeting_whose_answer_was_lost_before_its_appointment_was_cancelled_is_removed(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    zoom.trouble(CREATE, status="503 Service Unavailable", done=True, times=1)
    assert video(book(patient, practice.therapist)) == PENDING
    assert len(zoom.meetings()) == 1
    cancel(patient)
    outbox.push(again=True)
    assert (zoom.meetings(), kept().zoom_status) == ([], ZoomStatus.DELETED)


def test_what_was_cancelled_while_zoom_is_away_is_looked_for_when_it_is_back(
    patient: As, practice: Practice, zoom: LocalZoom, outbox: Outbox
) -> None:
    zoom.trouble(CREATE, status="503 Service Unavailable", done=True, times=1)
    book(patient, practice.therapist)
    zoom.trouble(ANYTHING, status="503 Service Unavailable")
    assert cancel(patient).get_json()["video"] == "unavailable"
    outbox.push_one(meeting_event().id)
    assert (meeting_event().attempts, meeting_event().delivered_at) == (1, None)
    zoom.calm()
    outbox.push()
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
