"""Joining: each by their own way in, from ten minutes before until the end, and every use leaves an audit entry."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from functions.appointments.sdk_signature import customer_key, signature
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.models.scheduling import Appointment, AppointmentStatus, ZoomStatus
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.appointments.calendars import Practice, add_practice, book, change_appointment, told
from tests.functions.appointments.zoom_cloud import SHOW, LocalZoom
from tests.functions.appointments.zoom_telling import NUMBER, START, Telling, add_meeting, at
from tests.functions.internal_calls import outbox_events
from tests.people import As, add_person, change_licence, rows
from tests.shared.logs import logged

SDK_KEY, SDK_SECRET = "sdk-key", "the secret of the Meeting SDK app"
BOOKED, IN_SESSION = AppointmentStatus.BOOKED, AppointmentStatus.IN_SESSION


@pytest.fixture
def practice(telling: Telling) -> Practice:
    return add_practice()


@pytest.fixture
def meeting(practice: Practice) -> UUID:
    return add_meeting(practice)


@pytest.fixture
def patient(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.patient)


@pytest.fixture
def therapist(appointments: FlaskClient, practice: Practice) -> As:
    return As(appointments, practice.therapist)


@pytest.fixture
def held_at_zoom(zoom: LocalZoom, telling: Telling, practice: Practice, patient: As) -> UUID:
    """An appointment whose meeting the local Zoom made."""
    zoom.add_user(practice.therapist.email)
    telling.clock.moment = START - timedelta(days=1)
    answer = book(patient, practice.therapist)
    assert answer.get_json()["appointment"]["video"] == "ready"
    telling.clock.moment = START
    return UUID(answer.get_json()["appointment"]["id"])


def join(asking: As, meeting: UUID) -> TestResponse:
    return asking.post(f"/api/appointments/{meeting}/join")


def test_the_patient_is_given_their_own_way_in(patient: As, meeting: UUID) -> None:
    answer = join(patient, meeting)
    assert answer.status_code == 200
    assert answer.get_json() == {
        "joinUrl": f"https://zoom.test/w/{NUMBER}?tk=token-of-the-patient&pwd=abc",
        "sdk": None,
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_therapist_is_given_a_fresh_start_url(zoom: LocalZoom, therapist: As, held_at_zoom: UUID) -> None:
    first, second = (join(therapist, held_at_zoom).get_json() for _ in range(2))
    assert set(first) == {"startUrl", "sdk"}
    assert first["startUrl"] != second["startUrl"]
    assert "You are the host" in httpx.get(second["startUrl"]).text


def test_the_patients_url_opens_the_meeting_at_zoom(
    zoom: LocalZoom, patient: As, therapist: As, held_at_zoom: UUID
) -> None:
    httpx.post(join(therapist, held_at_zoom).get_json()["startUrl"], data={"do": "start"})
    page = httpx.post(join(patient, held_at_zoom).get_json()["joinUrl"], data={"do": "join"})
    assert "You are in the meeting" in page.text


@pytest.mark.parametrize("minute", [-10, 0, 49.9])
@pytest.mark.parametrize("side", ["patient", "therapist"])
def test_it_is_open_from_ten_minutes_before_until_the_end(
    zoom: LocalZoom, telling: Telling, practice: Practice, held_at_zoom: UUID, side: str, minute: float
) -> None:
    telling.clock.moment = at(minute)
    assert join(As(telling.client, getattr(practice, side)), held_at_zoom).status_code == 200


@pytest.mark.parametrize("side", ["patient", "therapist"])
def test_too_early_says_when(telling: Telling, practice: Practice, meeting: UUID, side: str) -> None:
    telling.clock.moment = at(-10, -1)
    answer = join(As(telling.client, getattr(practice, side)), meeting)
    assert told(answer) == (409, "too-early-to-join")
    assert "2026-03-03T08:50:00Z" in answer.get_json()["detail"]
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("status", "minute", "expected"),
    [
        (BOOKED, 50, (410, "meeting-over")),
        (AppointmentStatus.COMPLETED, 50, (410, "meeting-over")),
        (AppointmentStatus.COMPLETED, 20, (200, "")),
        (AppointmentStatus.NO_SHOW, 20, (200, "")),
        (IN_SESSION, 50, (200, "")),
        (IN_SESSION, 109, (200, "")),
        (IN_SESSION, 110, (410, "meeting-over")),
        (AppointmentStatus.CANCELLED, 0, (410, "meeting-called-off")),
        (AppointmentStatus.EXPIRED, 0, (410, "meeting-called-off")),
        (AppointmentStatus.HELD, 0, (410, "meeting-called-off")),
        (AppointmentStatus.PENDING, 0, (410, "meeting-called-off")),
    ],
)
def test_what_is_over_or_off_is_not_joined(
    telling: Telling, patient: As, meeting: UUID, status: AppointmentStatus, minute: int, expected: tuple[int, str]
) -> None:
    change_appointment(meeting, status=status, cancelled_at=START, held_until=START)
    telling.clock.moment = at(minute)
    assert told(join(patient, meeting)) == expected


@pytest.mark.parametrize("side", ["patient", "therapist"])
@pytest.mark.parametrize(
    ("zoom_status", "problem"),
    [
        (ZoomStatus.WANTED, "video-pending"),
        (ZoomStatus.FAILED, "video-unavailable"),
        (ZoomStatus.DELETED, "video-unavailable"),
    ],
)
def test_without_a_room_it_says_so(
    telling: Telling, practice: Practice, meeting: UUID, zoom_status: ZoomStatus, problem: str, side: str
) -> None:
    change_appointment(meeting, zoom_status=zoom_status)
    answer = join(As(telling.client, getattr(practice, side)), meeting)
    assert told(answer) == (409, problem)
    assert ("Retry-After" in answer.headers) is (zoom_status is ZoomStatus.WANTED)


def test_a_room_that_is_gone_at_zoom_is_made_again(
    zoom: LocalZoom, telling: Telling, therapist: As, held_at_zoom: UUID
) -> None:
    [before] = zoom.meetings()
    zoom.change_meeting(before["id"])
    assert told(join(therapist, held_at_zoom)) == (409, "video-pending")
    telling.push([outbox_events("meeting-wanted")[-1].id])
    [after] = zoom.meetings()
    assert after["id"] != before["id"]
    assert f"/{after['id']}?" in join(therapist, held_at_zoom).get_json()["startUrl"]


def test_while_zoom_is_away_the_therapist_is_told_and_the_patient_joins(
    zoom: LocalZoom, patient: As, therapist: As, held_at_zoom: UUID
) -> None:
    zoom.trouble(SHOW, status=500)
    answer = join(therapist, held_at_zoom)
    assert told(answer) == (503, "zoom-not-reached")
    assert "Retry-After" in answer.headers
    assert join(patient, held_at_zoom).status_code == 200


def test_without_an_app_at_zoom_there_is_no_start_url(therapist: As, meeting: UUID) -> None:
    assert told(join(therapist, meeting)) == (409, "video-unavailable")


@pytest.mark.parametrize("side", ["patient", "therapist"])
def test_a_page_can_hold_the_meeting_where_the_sdk_is_set(
    zoom: LocalZoom,
    environment: Callable[..., None],
    telling: Telling,
    practice: Practice,
    held_at_zoom: UUID,
    side: str,
) -> None:
    environment(zoom_sdk_key=SDK_KEY, zoom_sdk_secret=SDK_SECRET)
    person = getattr(practice, side)
    answer = join(As(telling.client, person), held_at_zoom).get_json()
    sdk, role = answer["sdk"], int(side == "therapist")
    [number] = rows(select(Appointment.zoom_meeting_id))
    assert sdk["meetingNumber"] == number
    assert (sdk["sdkKey"], sdk["role"]) == (SDK_KEY, role)
    assert sdk["customerKey"] == customer_key(held_at_zoom, person.id)
    token = jwt.decode(sdk["signature"], OctKey.import_key(SDK_SECRET), algorithms=["HS256"])
    issued_at = int(START.timestamp())
    ends_at = issued_at + 50 * 60
    assert token.header == {"alg": "HS256", "typ": "JWT"}
    assert token.claims == {
        "appKey": SDK_KEY,
        "sdkKey": SDK_KEY,
        "mn": number,
        "role": role,
        "iat": issued_at,
        "exp": ends_at,
        "tokenExp": ends_at,
    }
    own = {"registrantToken": answer.get("joinUrl"), "zak": answer.get("startUrl")}
    for name, url in own.items():
        assert sdk[name] is None if url is None else sdk[name] in url


@pytest.mark.parametrize("given", [{"zoom_sdk_key": SDK_KEY}, {"zoom_sdk_secret": SDK_SECRET}])
def test_half_an_sdk_is_none(
    environment: Callable[..., None], patient: As, meeting: UUID, given: dict[str, str]
) -> None:
    environment(**given)
    assert join(patient, meeting).get_json()["sdk"] is None


@pytest.mark.parametrize(
    ("lasts", "expected"),
    [
        (timedelta(minutes=-5), 1800),
        (timedelta(minutes=30), 1800),
        (timedelta(hours=8), 28_800),
        (timedelta(9), 172_800),
    ],
)
def test_a_signature_is_as_short_as_zoom_accepts(
    environment: Callable[..., None], lasts: timedelta, expected: int
) -> None:
    environment(zoom_sdk_key=SDK_KEY, zoom_sdk_secret=SDK_SECRET)
    token = jwt.decode(signature("1", 0, START, START + lasts), OctKey.import_key(SDK_SECRET), algorithms=["HS256"])
    assert token.claims["exp"] - token.claims["iat"] == expected


def test_a_customer_key_is_short_and_says_nothing(
    environment: Callable[..., None], practice: Practice, meeting: UUID
) -> None:
    environment(zoom_sdk_key=SDK_KEY, zoom_sdk_secret=SDK_SECRET)
    own, others = customer_key(meeting, practice.patient.id), customer_key(meeting, practice.therapist.id)
    assert own != others
    assert own != customer_key(practice.therapist.id, practice.patient.id)
    assert len(own) <= 35
    assert own.isalnum()
    environment(zoom_sdk_secret="another secret of the same app")
    assert own != customer_key(meeting, practice.patient.id)


def test_every_use_leaves_an_audit_entry(
    zoom: LocalZoom, practice: Practice, patient: As, therapist: As, held_at_zoom: UUID
) -> None:
    answers = [join(asking, held_at_zoom) for asking in (patient, therapist, patient)]
    entries = rows(select(AuditEvent).where(AuditEvent.action == "appointment.join"))
    assert {entry.request_id for entry in entries} == {answer.headers["X-Request-Id"] for answer in answers}
    assert sorted(entry.actor_id == practice.patient.id for entry in entries) == [False, True, True]
    assert {(entry.subject_id, entry.resource_id) for entry in entries} == {(practice.patient.id, held_at_zoom)}


def test_no_way_in_is_logged_or_audited(
    zoom: LocalZoom, environment: Callable[..., None], patient: As, therapist: As, held_at_zoom: UUID
) -> None:
    environment(zoom_sdk_key=SDK_KEY, zoom_sdk_secret=SDK_SECRET)
    with logged() as lines:
        secrets = [*_secrets(join(patient, held_at_zoom)), *_secrets(join(therapist, held_at_zoom))]
    entries = [entry.details for entry in rows(select(AuditEvent))]
    assert lines.text
    assert all(secret not in lines.text + str(entries) for secret in secrets)


def _secrets(answer: TestResponse) -> list[str]:
    body: dict[str, Any] = answer.get_json()
    return [body.get("joinUrl") or body["startUrl"], body["sdk"]["signature"], body["sdk"]["customerKey"]]


@pytest.mark.parametrize("side", ["patient", "therapist"])
@pytest.mark.parametrize(
    ("care", "expected"),
    [
        (CareStatus.ACCEPTED, (200, "")),
        (CareStatus.REQUESTED, (200, "")),
        (CareStatus.DECLINED, (200, "")),
        (None, (200, "")),
        (CareStatus.ENDED, (409, "care-not-standing")),
    ],
)
def test_it_can_be_joined_unless_care_has_ended(
    zoom: LocalZoom,
    telling: Telling,
    practice: Practice,
    held_at_zoom: UUID,
    side: str,
    care: CareStatus | None,
    expected: tuple[int, str],
) -> None:
    change_care(practice, care)
    person = getattr(practice, side)
    assert told(join(As(telling.client, person), held_at_zoom)) == expected
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "appointment.join"))
    outcome = AuditOutcome.SUCCESS if expected[0] == 200 else AuditOutcome.DENIED
    assert (entry.outcome, entry.actor_id, entry.subject_id) == (outcome, person.id, practice.patient.id)


@transaction
def change_care(
    db: Database,
    practice: Practice,
    status: CareStatus | None,
    ended_at: datetime = START,
    accepted_at: datetime | None = START,
) -> None:
    whose = CareRelationship.therapist_id == practice.therapist.id
    if status is None:
        mentioned = select(CareRelationship.id).where(whose)
        conversations = select(Conversation.id).where(Conversation.care_relationship_id.in_(mentioned))
        db.execute(delete(ConversationMember).where(ConversationMember.conversation_id.in_(conversations)))
        db.execute(delete(Conversation).where(Conversation.care_relationship_id.in_(mentioned)))
        db.execute(delete(CareRelationship).where(whose))
        return
    moments = {"ended_at": ended_at, "declined_at": START, "accepted_at": accepted_at}
    db.execute(update(CareRelationship).where(whose).values(status=status, **moments))


@pytest.mark.parametrize("side", ["patient", "therapist"])
def test_care_that_ended_before_it_was_booked_closes_no_door(
    zoom: LocalZoom, telling: Telling, practice: Practice, held_at_zoom: UUID, side: str
) -> None:
    change_care(practice, CareStatus.ENDED, START - timedelta(days=30))
    assert told(join(As(telling.client, getattr(practice, side)), held_at_zoom)) == (200, "")


@pytest.mark.parametrize("side", ["patient", "therapist"])
def test_a_request_that_was_taken_back_closes_no_door(
    zoom: LocalZoom, telling: Telling, practice: Practice, held_at_zoom: UUID, side: str
) -> None:
    change_care(practice, CareStatus.ENDED, accepted_at=None)
    assert told(join(As(telling.client, getattr(practice, side)), held_at_zoom)) == (200, "")


def test_a_licence_that_lapsed_closes_the_door_for_both(
    telling: Telling, practice: Practice, patient: As, therapist: As, meeting: UUID
) -> None:
    change_licence(practice.therapist, expires_on=date(2026, 3, 1))
    assert told(join(patient, meeting)) == (409, "care-not-standing")
    assert told(join(therapist, meeting)) == (403, "licence-not-verified")


@pytest.mark.parametrize("role", Role)
def test_nobody_else_joins(telling: Telling, meeting: UUID, role: Role) -> None:
    asking = As(telling.client, add_person(role))
    answers = [join(asking, one) for one in (meeting, uuid4())]
    assert {answer.status_code for answer in answers} == {403 if role is Role.ADMINISTRATOR else 404}
    first, second = (answer.get_json() | {"instance": ""} for answer in answers)
    assert first == second
    assert join(As(telling.client, None), meeting).status_code == 401
    [entry, _] = rows(select(AuditEvent).where(AuditEvent.outcome == AuditOutcome.DENIED))
    assert entry.action == ("POST /api/appointments/{id}/join" if role is Role.ADMINISTRATOR else "appointment.join")


def test_nothing_is_said_in_the_body(patient: As, meeting: UUID) -> None:
    answer = patient.post(f"/api/appointments/{meeting}/join", {"role": 1})
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/role")


def test_joining_is_limited(environment: Callable[..., None], patient: As, meeting: UUID) -> None:
    environment(limits="join-appointment=1/60")
    assert [join(patient, meeting).status_code for _ in range(2)] == [200, 429]
