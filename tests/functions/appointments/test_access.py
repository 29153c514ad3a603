"""Who may do what in the appointments function: every public route, for every role and every relation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.clock import now
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.messaging import Conversation
from shared.database.models.scheduling import Appointment
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.appointments.calendars import add_appointment, keep_hours, times
from tests.functions.appointments.care import describe
from tests.people import As, Pair, Person, add_pair, add_person, end_care, rows

# What each role is answered where it names nothing of its own and sends an empty body (patient, therapist,
# administrator); nobody at all gets 401.
BY_ROLE: dict[str, tuple[int, int, int]] = {
    "GET /api/therapists/available": (200, 403, 403),
    "GET /api/therapists/{id}/slots": (404, 404, 403),
    "POST /api/therapists/{id}/connect": (404, 403, 403),
    "GET /api/care-relationships": (200, 200, 403),
    "PATCH /api/care-relationships/{id}": (422, 422, 403),
    "GET /api/appointments/availability": (403, 200, 403),
    "PUT /api/appointments/availability": (403, 422, 403),
    "GET /api/appointments": (200, 200, 403),
    "POST /api/appointments": (422, 403, 403),
    "GET /api/appointments/{id}": (404, 404, 403),
    "PATCH /api/appointments/{id}": (422, 422, 403),
    "POST /api/appointments/{id}/cancel": (422, 422, 403),
    "GET /api/appointments/{id}/calendar.ics": (404, 404, 403),
}
BY_ROLE |= {
    "POST /api/appointments/series": (422, 403, 403),
    "POST /api/appointments/series/{id}/cancel": (422, 422, 403),
    "POST /api/appointments/holds": (422, 403, 403),
    "POST /api/appointments/{id}/confirm": (404, 403, 403),
    "GET /api/waitlist": (200, 200, 403),
    "POST /api/waitlist": (422, 403, 403),
    "DELETE /api/waitlist/{id}": (404, 403, 403),
    "POST /api/waitlist/{id}/accept": (404, 403, 403),
    "POST /api/waitlist/{id}/decline": (404, 403, 403),
}
BY_ROLE |= {
    "POST /api/appointments/{id}/join": (404, 404, 403),
    "POST /api/appointments/{id}/attendance": (403, 422, 403),
}
SIGNED: Final = ("POST /api/webhooks/zoom",)
"""Routes that ask for a signature in place of a session."""
INTERNAL: Final = ("POST /api/internal/appointments/events", "POST /api/internal/appointments/tick")
RELATIONS: Final = ("own", "ended", "requested", "declined", "another's", "none")


@dataclass(frozen=True)
class Related:
    """Somebody of a role, and a pair that stands in some relation to them, with an appointment ahead."""

    asker: Person
    pair: Pair
    care_id: UUID
    appointment_id: UUID


Ask = Callable[[As, Related], TestResponse]


@dataclass(frozen=True)
class ByRelation:
    """A way to ask, what its audit entries are called where it leaves any, and the statuses by relation."""

    ask: Ask
    action: str
    patient: tuple[int, ...]
    therapist: tuple[int, ...]


BY_RELATION: Final = {
    "POST /api/therapists/{id}/connect": ByRelation(
        lambda asking, to: connect(asking, to.pair.therapist),
        "",
        patient=(409, 201, 409, 201, 201, 404),
        therapist=(403,) * 6,
    ),
    "PATCH /api/care-relationships/{id}": ByRelation(
        lambda asking, to: asking.patch(f"/api/care-relationships/{to.care_id}", {"status": "ended"}),
        "care.end",
        patient=(200, 409, 200, 409, 404, 404),
        therapist=(200, 409, 409, 409, 404, 404),
    ),
    "GET /api/therapists/{id}/slots": ByRelation(
        lambda asking, to: asking.get(f"/api/therapists/{to.pair.therapist.id}/slots"),
        "",
        patient=(200, 404, 404, 404, 404, 404),
        therapist=(200, 200, 200, 200, 404, 404),
    ),
    "GET /api/appointments/{id}": ByRelation(
        lambda asking, to: asking.get(f"/api/appointments/{to.appointment_id}"),
        "appointment.read",
        patient=(200, 200, 200, 200, 404, 404),
        therapist=(200, 200, 200, 200, 404, 404),
    ),
    "POST /api/appointments/{id}/cancel": ByRelation(
        lambda asking, to: asking.post(f"/api/appointments/{to.appointment_id}/cancel", {"reason": "other"}),
        "appointment.cancel",
        patient=(200, 200, 200, 200, 404, 404),
        therapist=(200, 200, 200, 200, 404, 404),
    ),
    "GET /api/appointments/{id}/calendar.ics": ByRelation(
        lambda asking, to: asking.get(f"/api/appointments/{to.appointment_id}/calendar.ics"),
        "appointment.calendar-file",
        patient=(200, 200, 200, 200, 404, 404),
        therapist=(200, 200, 200, 200, 404, 404),
    ),
    "POST /api/appointments/{id}/attendance": ByRelation(
        lambda asking, to: mark(asking, to.appointment_id),
        "",
        patient=(403,) * 6,
        therapist=(200, 200, 200, 200, 404, 404),
    ),
}


def mark(asking: As, appointment_id: UUID) -> TestResponse:
    begin(appointment_id)
    return asking.post(f"/api/appointments/{appointment_id}/attendance", {"patient": "attended"})


@transaction
def begin(db: Database, appointment_id: UUID) -> None:
    began = now() - timedelta(minutes=5)
    times = {"start_at": began, "blocked_from": began}
    db.execute(update(Appointment).where(Appointment.id == appointment_id).values(**times))


ONLY_ONES_OWN = (201, 404, 404, 404, 404, 404)
BY_RELATION.update(
    {
        "POST /api/appointments/holds": ByRelation(
            lambda asking, to: asking.post("/api/appointments/holds", wanted(to)),
            "",
            patient=ONLY_ONES_OWN,
            therapist=(403,) * 6,
        ),
        "POST /api/appointments/series": ByRelation(
            lambda asking, to: asking.post("/api/appointments/series", wanted(to) | {"occurrences": 2}),
            "",
            patient=ONLY_ONES_OWN,
            therapist=(403,) * 6,
        ),
        "POST /api/waitlist": ByRelation(
            lambda asking, to: asking.post("/api/waitlist", waited_for(to)),
            "",
            patient=ONLY_ONES_OWN,
            therapist=(403,) * 6,
        ),
        "POST /api/appointments/{id}/confirm": ByRelation(
            lambda asking, to: asking.post(f"/api/appointments/{to.appointment_id}/confirm"),
            "",
            patient=(200, 200, 200, 200, 404, 404),
            therapist=(403,) * 6,
        ),
    }
)


def wanted(to: Related) -> dict[str, str]:
    start_at = (now() + timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)
    return {"therapistId": str(to.pair.therapist.id), **times(start_at)}


def waited_for(to: Related) -> dict[str, str]:
    window = {"earliestAt": now().isoformat(), "latestAt": (now() + timedelta(days=9)).isoformat()}
    return {"therapistId": str(to.pair.therapist.id), **window}


def connect(asking: As, therapist: Person) -> TestResponse:
    describe(therapist, accepts_new_patients=True)
    return asking.post(f"/api/therapists/{therapist.id}/connect")


def related(role: Role, relation: str) -> Related:
    if relation == "none":
        nobody = Person(uuid4(), Role.PATIENT, "", "", "")
        return Related(add_person(role), Pair(nobody, nobody, uuid4()), uuid4(), uuid4())
    pair = add_pair(CareStatus(relation) if relation in ("requested", "declined") else CareStatus.ACCEPTED)
    keep_hours(pair.therapist)
    appointment_id = add_appointment(pair.patient, pair.therapist, now() + timedelta(days=7))
    if relation == "ended":
        end_care(pair)
    care = select(CareRelationship.id).join(Conversation, Conversation.care_relationship_id == CareRelationship.id)
    [care_id] = rows(care.where(Conversation.id == pair.conversation_id))
    own = pair.patient if role is Role.PATIENT else pair.therapist
    return Related(add_person(role) if relation == "another's" else own, pair, care_id, appointment_id)


def ask(client: FlaskClient, role: Role | None, route: str) -> int:
    method, path = route.split()
    asking = As(client, add_person(role) if role else None)
    return int(getattr(asking, method.lower())(path.replace("{id}", str(uuid4()))).status_code)


def test_the_table_here_names_every_public_route(appointments: FlaskClient) -> None:
    paths = appointments.get("/openapi.json").get_json()["paths"]
    assert {f"{method.upper()} {path}" for path in paths for method in paths[path]} == {*BY_ROLE, *SIGNED}


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", BY_ROLE)
def test_each_route_hears_whom_it_states(appointments: FlaskClient, route: str, role: Role | None) -> None:
    expected = dict(zip((Role.PATIENT, Role.THERAPIST, Role.ADMINISTRATOR), BY_ROLE[route], strict=True))
    assert ask(appointments, role, route) == (expected[role] if role else 401)


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", SIGNED)
def test_a_session_opens_no_route_that_asks_for_a_signature(
    appointments: FlaskClient, environment: Callable[..., None], route: str, role: Role | None
) -> None:
    environment(zoom_webhook_secret="the secret token of the subscription")
    assert ask(appointments, role, route) == 401


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", INTERNAL)
def test_no_person_calls_an_internal_route(appointments: FlaskClient, route: str, role: Role | None) -> None:
    assert ask(appointments, role, route) == 401


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
@pytest.mark.parametrize("name", BY_RELATION)
def test_each_is_answered_by_relation_and_leaves_an_audit_entry(
    appointments: FlaskClient, name: str, role: Role, relation: str
) -> None:
    route, to = BY_RELATION[name], related(role, relation)
    expected = getattr(route, role.lower())[RELATIONS.index(relation)]
    answer = route.ask(As(appointments, to.asker), to)
    assert answer.status_code == expected, answer.get_json()
    if route.action:
        entries = rows(select(AuditEvent).where(AuditEvent.action == route.action))
        outcome = AuditOutcome.SUCCESS if expected < 300 else AuditOutcome.DENIED
        assert outcome in {entry.outcome for entry in entries}
        assert {entry.actor_id for entry in entries} == {to.asker.id}
        assert {entry.request_id for entry in entries} == {answer.headers["X-Request-Id"]}


@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
@pytest.mark.parametrize("name", [name for name in BY_RELATION if not name.startswith("POST /api/therapists")])
def test_what_is_not_there_and_what_is_not_yours_look_the_same(
    appointments: FlaskClient, name: str, role: Role
) -> None:
    answers = []
    for relation in ("none", "another's"):
        to = related(role, relation)
        answers.append(BY_RELATION[name].ask(As(appointments, to.asker), to).get_json() | {"instance": ""})
    assert answers[0] == answers[1]


@pytest.mark.parametrize("relation", RELATIONS[:4])
@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
def test_a_list_of_care_holds_ones_own_wherever_they_stand(
    appointments: FlaskClient, role: Role, relation: str
) -> None:
    add_pair()
    to = related(role, relation)
    items = As(appointments, to.asker).get("/api/care-relationships").get_json()["items"]
    assert [item["id"] for item in items] == [str(to.care_id)]
    entries = rows(select(AuditEvent).where(AuditEvent.action == "care.list"))
    assert [(entry.actor_id, entry.subject_id) for entry in entries] == [(to.asker.id, to.pair.patient.id)]
