"""Appointments as their two people read them: one, or a page by the start; and nobody else at all."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from functions.appointments.own_appointments import HELD
from shared.clock import held_at
from shared.database.models.accounts import User, UserStatus
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareStatus
from shared.database.models.profiles import CredentialsStatus
from shared.database.models.scheduling import Appointment, AppointmentStatus, ZoomStatus
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.appointments.calendars import (
    NOON,
    SESSION,
    TUESDAY_AT_NINE,
    Practice,
    add_appointment,
    add_practice,
    change_appointment,
    times,
    told,
)
from tests.people import As, Person, add_care, add_person, change_licence, rows

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIST = "/api/appointments"
LATER = TUESDAY_AT_NINE + 3 * HOUR

Ask = Callable[[As, UUID], TestResponse]
ENDPOINTS: dict[str, tuple[Ask, str]] = {
    "GET /api/appointments/{id}": (lambda asking, id: asking.get(f"{LIST}/{id}"), "appointment.read"),
    "PATCH /api/appointments/{id}": (
        lambda asking, id: asking.patch(f"{LIST}/{id}", {**times(LATER), "version": 1}),
        "appointment.reschedule",
    ),
    "POST /api/appointments/{id}/cancel": (
        lambda asking, id: asking.post(f"{LIST}/{id}/cancel", {"reason": "other"}),
        "appointment.cancel",
    ),
}
SIDES = {"patient": Role.PATIENT, "therapist": Role.THERAPIST}


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with held_at(lambda: NOON):
        yield


@pytest.fixture
def practice(appointments: FlaskClient) -> Practice:
    return add_practice()


@pytest.fixture
def booked(practice: Practice) -> UUID:
    return add_appointment(practice.patient, practice.therapist)


def ids(answer: TestResponse) -> list[UUID]:
    assert answer.status_code == 200, answer.get_json()
    return [UUID(item["id"]) for item in answer.get_json()["items"]]


def denials(action: str) -> list[AuditEvent]:
    refused = AuditEvent.action == action, AuditEvent.outcome == AuditOutcome.DENIED
    return list(rows(select(AuditEvent).where(*refused)))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", ENDPOINTS)
def test_each_of_the_two_has_it(
    appointments: FlaskClient, practice: Practice, booked: UUID, name: str, side: str
) -> None:
    ask, action = ENDPOINTS[name]
    who = getattr(practice, side)
    assert ask(As(appointments, who), booked).status_code == 200
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == action))
    assert (entry.actor_id, entry.subject_id, entry.resource_id) == (who.id, practice.patient.id, booked)


@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
@pytest.mark.parametrize("name", ENDPOINTS)
def test_for_others_it_is_not_there(
    appointments: FlaskClient, practice: Practice, booked: UUID, name: str, role: Role
) -> None:
    ask, action = ENDPOINTS[name]
    other = add_person(role)
    answers = [ask(As(appointments, other), id).get_json() for id in (booked, uuid4())]
    assert {answer["status"] for answer in answers} == {404}
    assert len({str(answer | {"instance": ""}) for answer in answers}) == 1
    assert [entry.actor_id for entry in denials(action)] == [other.id] * 2
    [found] = rows(select(Appointment))
    assert (found.version, found.status) == (1, AppointmentStatus.BOOKED)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_ones_own_therapists_other_appointments_are_not_there(
    appointments: FlaskClient, practice: Practice, booked: UUID, name: str
) -> None:
    other = add_person()
    add_care(other, practice.therapist)
    assert ENDPOINTS[name][0](As(appointments, other), booked).status_code == 404


@pytest.mark.parametrize(("role", "status"), [(Role.ADMINISTRATOR, 403), (None, 401)])
@pytest.mark.parametrize("name", [*ENDPOINTS, f"GET {LIST}"])
def test_an_administrator_has_none_and_whoever_is_not_signed_in_is_asked_to(
    appointments: FlaskClient, practice: Practice, booked: UUID, name: str, role: Role | None, status: int
) -> None:
    asking = As(appointments, add_person(role) if role else None)
    answer = ENDPOINTS[name][0](asking, booked) if name in ENDPOINTS else asking.get(LIST)
    assert answer.status_code == status


@pytest.mark.parametrize("licence", ["pending", "rejected", "expired"])
@pytest.mark.parametrize("name", [*ENDPOINTS, f"GET {LIST}"])
def test_a_therapist_without_a_licence_in_force_does_nothing_with_them(
    appointments: FlaskClient, practice: Practice, booked: UUID, name: str, licence: str
) -> None:
    if licence == "expired":
        change_licence(practice.therapist, expires_on=(NOON - 2 * DAY).date())
    else:
        change_licence(practice.therapist, CredentialsStatus(licence))
    asking = As(appointments, practice.therapist)
    answer = ENDPOINTS[name][0](asking, booked) if name in ENDPOINTS else asking.get(LIST)
    assert told(answer) == (403, "licence-not-verified")
    action = ENDPOINTS[name][1] if name in ENDPOINTS else "appointments.list"
    assert [entry.actor_id for entry in denials(action)] == [practice.therapist.id]


def test_a_therapist_without_a_licence_is_told_so_also_where_there_is_nothing(appointments: FlaskClient) -> None:
    alone = As(appointments, add_person(Role.THERAPIST, licence=None))
    assert told(alone.get(LIST)) == told(alone.get(f"{LIST}/{uuid4()}")) == (403, "licence-not-verified")


@pytest.mark.parametrize(
    ("care", "status", "seen"),
    [
        (None, AppointmentStatus.BOOKED, True),
        (None, AppointmentStatus.COMPLETED, True),
        (CareStatus.REQUESTED, AppointmentStatus.COMPLETED, True),
        (CareStatus.ACCEPTED, AppointmentStatus.COMPLETED, True),
        (CareStatus.ENDED, AppointmentStatus.COMPLETED, False),
        (CareStatus.ENDED, AppointmentStatus.CANCELLED, False),
        (CareStatus.ENDED, AppointmentStatus.BOOKED, True),
    ],
)
def test_a_therapist_loses_sight_of_the_past_once_care_has_ended_and_a_patient_never(
    appointments: FlaskClient, care: CareStatus | None, status: AppointmentStatus, seen: bool
) -> None:
    practice = Practice(add_person(), add_person(Role.THERAPIST))
    if care:
        add_care(practice.patient, practice.therapist, care)
    made = add_appointment(practice.patient, practice.therapist, status=status)
    for who, expected in ((practice.patient, True), (practice.therapist, seen)):
        asking = As(appointments, who)
        assert asking.get(f"{LIST}/{made}").status_code == (200 if expected else 404)
        assert ids(asking.get(LIST)) == ([made] if expected else [])


def test_what_was_booked_after_care_had_ended_stays_in_sight_when_it_is_over(appointments: FlaskClient) -> None:
    practice = Practice(add_person(), add_person(Role.THERAPIST))
    add_care(practice.patient, practice.therapist, CareStatus.ENDED)
    later = {"created_at": NOON + HOUR}
    made = add_appointment(practice.patient, practice.therapist, status=AppointmentStatus.COMPLETED, **later)
    therapist = As(appointments, practice.therapist)
    assert therapist.get(f"{LIST}/{made}").status_code == 200
    assert ids(therapist.get(LIST)) == [made]


@pytest.mark.parametrize("status", [AppointmentStatus.HELD, AppointmentStatus.EXPIRED, AppointmentStatus.CANCELLED])
@pytest.mark.parametrize("care", [None, CareStatus.ACCEPTED, CareStatus.ENDED])
def test_of_a_time_that_was_only_held_a_therapist_learns_from_their_own_patients_alone(
    appointments: FlaskClient, status: AppointmentStatus, care: CareStatus | None
) -> None:
    practice = Practice(add_person(), add_person(Role.THERAPIST))
    if care:
        add_care(practice.patient, practice.therapist, care)
    made = add_appointment(practice.patient, practice.therapist, status=status, held_until=NOON + HOUR)
    for who, seen in ((practice.patient, True), (practice.therapist, care is CareStatus.ACCEPTED)):
        asking = As(appointments, who)
        assert asking.get(f"{LIST}/{made}").status_code == (200 if seen else 404)
        if status in HELD:
            assert ids(asking.get(f"{LIST}?status={status}")) == ([made] if seen else [])


def test_care_that_was_taken_up_again_shows_the_past(appointments: FlaskClient, practice: Practice) -> None:
    add_care(practice.patient, practice.therapist, CareStatus.ENDED)
    made = add_appointment(practice.patient, practice.therapist, status=AppointmentStatus.COMPLETED)
    assert As(appointments, practice.therapist).get(f"{LIST}/{made}").status_code == 200


def test_the_record_of_an_erased_patient_is_seen_by_nobody(
    appointments: FlaskClient, practice: Practice, booked: UUID
) -> None:
    erase(practice.patient)
    therapist = As(appointments, practice.therapist)
    assert therapist.get(f"{LIST}/{booked}").status_code == 404
    assert ids(therapist.get(LIST)) == []


@transaction
def erase(db: Database, person: Person) -> None:
    db.execute(update(User).where(User.id == person.id).values(status=UserStatus.ERASED, password_hash=None))


@pytest.mark.parametrize(
    ("zoom", "video"),
    [
        (ZoomStatus.CREATED, "ready"),
        (ZoomStatus.WANTED, "pending"),
        (ZoomStatus.FAILED, "unavailable"),
        (ZoomStatus.DELETED, "unavailable"),
    ],
)
def test_an_appointment_says_whether_there_is_video(
    appointments: FlaskClient, practice: Practice, booked: UUID, zoom: ZoomStatus, video: str
) -> None:
    change_appointment(booked, zoom_status=zoom)
    assert As(appointments, practice.patient).get(f"{LIST}/{booked}").get_json()["video"] == video


@pytest.mark.parametrize("side", SIDES)
def test_a_list_holds_ones_own_by_their_start(appointments: FlaskClient, practice: Practice, side: str) -> None:
    add_appointment(add_person(), add_person(Role.THERAPIST))
    made = [add_appointment(practice.patient, practice.therapist, LATER + days * DAY) for days in (2, 0, 1)]
    who = getattr(practice, side)
    answer = As(appointments, who).get(LIST)
    assert ids(answer) == [made[1], made[2], made[0]]
    assert answer.get_json()["nextCursor"] is None
    assert answer.get_json()["items"][0] == As(appointments, who).get(f"{LIST}/{made[1]}").get_json()
    listed = rows(select(AuditEvent).where(AuditEvent.action == "appointments.list"))
    assert {entry.resource_id for entry in listed} == set(made)
    assert {(entry.actor_id, entry.subject_id) for entry in listed} == {(who.id, practice.patient.id)}


def test_a_therapist_sees_all_their_patients(appointments: FlaskClient, practice: Practice) -> None:
    made = [add_appointment(add_person(), practice.therapist, LATER + days * DAY) for days in range(3)]
    assert ids(As(appointments, practice.therapist).get(LIST)) == made


@pytest.mark.parametrize("latest_first", [False, True])
def test_pages_follow_one_another_also_where_starts_are_equal(
    appointments: FlaskClient, practice: Practice, latest_first: bool
) -> None:
    made = [add_appointment(practice.patient, practice.therapist, LATER + days * DAY) for days in range(4)]
    cancelled = [
        add_appointment(practice.patient, practice.therapist, LATER, AppointmentStatus.CANCELLED) for _ in range(3)
    ]
    seen: list[UUID] = []
    query: dict[str, object] = {"limit": 2, "latestFirst": latest_first}
    while True:
        page = As(appointments, practice.patient).get(LIST, **query)
        seen += ids(page)
        if page.get_json()["nextCursor"] is None:
            break
        query["cursor"] = page.get_json()["nextCursor"]
    forward = seen[::-1] if latest_first else seen
    assert set(forward[:4]) == {made[0], *cancelled}
    assert forward[4:] == made[1:]


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (None, None, [0, 1, 2]),
        (LATER + DAY, None, [1, 2]),
        (LATER + DAY + SESSION / 2, None, [1, 2]),
        (LATER + DAY + SESSION, None, [2]),
        (None, LATER + DAY, [0]),
        (None, LATER + DAY + HOUR, [0, 1]),
        (LATER + SESSION, LATER + 2 * DAY, [1]),
        (LATER + 9 * DAY, None, []),
    ],
)
def test_a_list_is_of_what_overlaps_a_time(
    appointments: FlaskClient, practice: Practice, since: object, until: object, found: list[int]
) -> None:
    made = [add_appointment(practice.patient, practice.therapist, LATER + days * DAY) for days in range(3)]
    given = {name: str(value).replace(" ", "T") for name, value in (("from", since), ("to", until)) if value}
    assert ids(As(appointments, practice.patient).get(LIST, **given)) == [made[number] for number in found]


@pytest.mark.parametrize("status", AppointmentStatus)
def test_a_list_is_of_a_status(appointments: FlaskClient, practice: Practice, status: AppointmentStatus) -> None:
    made = {
        each: add_appointment(practice.patient, practice.therapist, LATER + number * DAY, each)
        for number, each in enumerate(AppointmentStatus)
    }
    assert ids(As(appointments, practice.patient).get(LIST, status=status)) == [made[status]]


def cursor_of(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"from": "yesterday"}, "?from"),
        ({"from": "2026-03-03T09:00:00"}, "?from"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "?from"),
        ({"to": "tomorrow"}, "?to"),
        ({"to": "9999-12-31T23:59:59-12:00"}, "?to"),
        ({"from": "2026-03-03T09:00:00Z", "to": "2026-03-03T09:00:00Z"}, "?to"),
        ({"status": "cosy"}, "?status"),
        ({"limit": 0}, "?limit"),
        ({"limit": 201}, "?limit"),
        ({"cursor": "one"}, "?cursor"),
        ({"cursor": "x" * 201}, "?cursor"),
        ({"cursor": cursor_of("noon", str(uuid4()))}, "?cursor"),
        ({"cursor": cursor_of(NOON.isoformat(), "me")}, "?cursor"),
        ({"cursor": cursor_of(NOON.isoformat())}, "?cursor"),
        ({"cursor": cursor_of("0001-01-01T00:00:00+14:00", str(uuid4()))}, "?cursor"),
        ({"patientId": str(uuid4())}, "?patientId"),
    ],
)
def test_each_part_of_the_query_is_checked(
    appointments: FlaskClient, practice: Practice, query: dict[str, object], pointer: str
) -> None:
    answer = As(appointments, practice.patient).get(LIST, **query)
    assert answer.status_code == 422
    assert pointer in [fault["pointer"] for fault in answer.get_json()["errors"]]


@pytest.mark.parametrize("path", ["not-an-id", "not-an-id/cancel"])
def test_an_id_that_is_none_is_not_there(appointments: FlaskClient, practice: Practice, path: str) -> None:
    asking = As(appointments, practice.patient)
    answer = asking.post(f"{LIST}/{path}") if path.endswith("cancel") else asking.get(f"{LIST}/{path}")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("limit", "path"), [("appointments", ""), ("appointment", "/6f1c2b52-7d54-4b06-9a3f-1f2b0f0f8a11")]
)
def test_looking_is_limited(
    environment: Callable[..., None], appointments: FlaskClient, practice: Practice, limit: str, path: str
) -> None:
    environment(limits=f"{limit}=1/60")
    asking = As(appointments, practice.patient)
    answers = [asking.get(LIST + path).status_code for _ in range(2)]
    assert answers[1] == 429
