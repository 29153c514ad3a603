"""Who may read and write which conversation: every endpoint, for every role and every relation to it."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.clock import now
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareStatus
from shared.database.models.messaging import Conversation, Message
from shared.database.transaction import transaction
from shared.messages import seal_body
from shared.roles import Role
from tests.people import As, Pair, Person, add_pair, add_person, end_care, rows

Ask = Callable[[As, Pair], TestResponse]
RELATIONS = ("own", "ended", "requested", "declined", "another's", "none")


@dataclass(frozen=True)
class Endpoint:
    """A way to ask, what its audit entries are called, and the statuses by role and relation."""

    ask: Ask
    action: str
    patient: tuple[int, ...]
    therapist: tuple[int, ...]


@transaction
def of_the_patient(db: Database, pair: Pair) -> UUID:
    """A message that the patient wrote, or an id of nothing where there is no such pair."""
    conversation = db.get(Conversation, pair.conversation_id)
    if conversation is None:
        return uuid4()
    conversation.last_seq += 1
    message = Message(id=uuid4(), conversation_id=conversation.id, sender_id=pair.patient.id, sent_at=now())
    message.seq, message.body = conversation.last_seq, seal_body(message.id, "hello")
    db.add(message)
    return message.id


def seq_of(message_id: UUID) -> int:
    """The number of a message; 1 where there is none."""
    return next(iter(rows(select(Message.seq).where(Message.id == message_id))), 1)


ENDPOINTS = {
    "GET /api/conversations/{id}": Endpoint(
        lambda asking, pair: asking.get(f"/api/conversations/{pair.conversation_id}"),
        "conversation.read",
        patient=(200, 200, 200, 200, 404, 404),
        therapist=(200, 404, 404, 404, 404, 404),
    ),
    "GET /api/messages": Endpoint(
        lambda asking, pair: asking.get("/api/messages", conversationId=pair.conversation_id),
        "messages.read",
        patient=(200, 200, 200, 200, 404, 404),
        therapist=(200, 404, 404, 404, 404, 404),
    ),
    "POST /api/messages": Endpoint(
        lambda asking, pair: send(asking, pair.conversation_id),
        "message.send",
        patient=(200, 409, 409, 409, 404, 404),
        therapist=(200, 404, 404, 404, 404, 404),
    ),
    "PATCH /api/messages/{id}": Endpoint(
        lambda asking, pair: asking.patch(f"/api/messages/{of_the_patient(pair)}", {"body": "else", "version": 1}),
        "message.edit",
        patient=(200, 409, 409, 409, 404, 404),
        therapist=(403, 404, 404, 404, 404, 404),
    ),
    "DELETE /api/messages/{id}": Endpoint(
        lambda asking, pair: asking.delete(f"/api/messages/{of_the_patient(pair)}"),
        "message.delete",
        patient=(200, 409, 409, 409, 404, 404),
        therapist=(403, 404, 404, 404, 404, 404),
    ),
    "POST /api/messages/read": Endpoint(
        lambda asking, pair: asking.post(
            "/api/messages/read", {"conversationId": str(pair.conversation_id), "seq": seq_of(of_the_patient(pair))}
        ),
        "messages.mark-read",
        patient=(200, 200, 200, 200, 404, 404),
        therapist=(200, 404, 404, 404, 404, 404),
    ),
    "POST /api/messages/search": Endpoint(
        lambda asking, pair: asking.post(
            "/api/messages/search", {"conversationId": str(pair.conversation_id), "query": "hello"}
        ),
        "messages.search",
        patient=(200, 200, 200, 200, 404, 404),
        therapist=(200, 404, 404, 404, 404, 404),
    ),
    "POST /api/conversations": Endpoint(
        lambda asking, pair: asking.post("/api/conversations", {"participantId": str(pair.therapist.id)}),
        "conversation.open",
        patient=(200, 404, 404, 404, 404, 404),
        therapist=(200, 404, 404, 404, 404, 404),
    ),
}


def send(asking: As, conversation_id: UUID, **more: object) -> TestResponse:
    return asking.post("/api/messages", {"conversationId": str(conversation_id), "body": "hello"} | more)


def related(role: Role, relation: str) -> tuple[Person, Pair]:
    """Somebody of a role, and a pair that stands in this relation to them."""
    if relation == "none":
        nobody = Person(uuid4(), Role.PATIENT, "", "", "")
        return add_person(role), Pair(nobody, nobody, uuid4())
    if relation == "another's":
        return add_person(role), add_pair()
    status = {"own": CareStatus.ACCEPTED, "ended": CareStatus.ACCEPTED}.get(relation)
    pair = add_pair(status or CareStatus(relation))
    if relation == "ended":
        end_care(pair)
    return (pair.patient if role is Role.PATIENT else pair.therapist), pair


def ask_as(client: FlaskClient, name: str, role: Role, relation: str) -> TestResponse:
    asker, pair = related(role, relation)
    if name == "POST /api/conversations" and role is Role.THERAPIST:
        pair = Pair(pair.therapist, pair.patient, pair.conversation_id)  # it names the other side
    return ENDPOINTS[name].ask(As(client, asker), pair)


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
@pytest.mark.parametrize("name", ENDPOINTS)
def test_each_is_answered_by_relation_and_leaves_an_audit_entry(
    messages: FlaskClient, name: str, role: Role, relation: str
) -> None:
    endpoint = ENDPOINTS[name]
    expected = getattr(endpoint, role.lower())[RELATIONS.index(relation)]
    answer = ask_as(messages, name, role, relation)
    assert answer.status_code == expected
    entries = rows(select(AuditEvent).where(AuditEvent.action == endpoint.action))
    outcome = AuditOutcome.SUCCESS if expected == 200 else AuditOutcome.DENIED
    assert [entry.outcome for entry in entries][-1:] == [outcome]
    assert {entry.actor_id for entry in entries} != {None}
    assert entries[-1].request_id == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("name", ENDPOINTS)
def test_what_is_not_there_and_what_is_not_yours_look_the_same(messages: FlaskClient, name: str) -> None:
    answers = [ask_as(messages, name, Role.THERAPIST, relation) for relation in ("none", "another's", "ended")]
    assert len({str(answer.get_json() | {"instance": ""}) for answer in answers}) == 1


LISTS = {"GET /api/conversations": "/api/conversations"}
"""What names nobody: by role alone, and see below what it holds."""


@pytest.mark.parametrize("name", [*ENDPOINTS, *LISTS])
def test_an_administrator_reads_and_writes_nothing_of_it(messages: FlaskClient, name: str) -> None:
    administrator, pair = add_person(Role.ADMINISTRATOR), add_pair()
    asking = As(messages, administrator)
    answer = ENDPOINTS[name].ask(asking, pair) if name in ENDPOINTS else asking.get(LISTS[name])
    assert answer.status_code == 403
    [entry] = rows(select(AuditEvent).where(AuditEvent.actor_id == administrator.id))
    assert (entry.action, entry.outcome) == (name, AuditOutcome.DENIED)


@pytest.mark.parametrize("name", [*ENDPOINTS, *LISTS])
def test_whoever_is_not_signed_in_is_asked_to(messages: FlaskClient, name: str) -> None:
    asking, pair = As(messages, None), add_pair()
    answer = ENDPOINTS[name].ask(asking, pair) if name in ENDPOINTS else asking.get(LISTS[name])
    assert answer.status_code == 401


@pytest.mark.parametrize(("relation", "patients", "therapists"), [("own", 1, 1), ("ended", 1, 0), ("requested", 1, 0)])
def test_a_list_holds_what_may_be_read(messages: FlaskClient, relation: str, patients: int, therapists: int) -> None:
    add_pair()
    for role, expected in ((Role.PATIENT, patients), (Role.THERAPIST, therapists)):
        asker, pair = related(role, relation)
        items = As(messages, asker).get("/api/conversations").get_json()["items"]
        assert [item["id"] for item in items] == [str(pair.conversation_id)] * expected
        listed = select(AuditEvent).where(AuditEvent.actor_id == asker.id, AuditEvent.action == "conversations.list")
        assert [entry.subject_id for entry in rows(listed)] == [pair.patient.id] * expected


def test_a_conversation_that_ended_says_that_it_can_only_be_read(messages: FlaskClient, pair: Pair) -> None:
    patient = As(messages, pair.patient)
    assert send(patient, pair.conversation_id).status_code == 200
    end_care(pair)
    assert patient.get(f"/api/conversations/{pair.conversation_id}").get_json()["isOpen"] is False
    assert len(patient.get("/api/messages", conversationId=pair.conversation_id).get_json()["items"]) == 1
    refused = send(patient, pair.conversation_id)
    assert (refused.status_code, refused.get_json()["type"]) == (409, "urn:bloom:problem:conversation-closed")


def test_a_therapist_loses_sight_at_the_moment_that_care_ends(messages: FlaskClient, pair: Pair) -> None:
    therapist = As(messages, pair.therapist)
    assert therapist.get("/api/messages", conversationId=pair.conversation_id).status_code == 200
    end_care(pair)
    assert therapist.get("/api/messages", conversationId=pair.conversation_id).status_code == 404


@pytest.mark.parametrize("path", ["/api/conversations/not-an-id", "/api/conversations/"])
def test_an_id_that_is_none_is_not_there(messages: FlaskClient, pair: Pair, path: str) -> None:
    assert As(messages, pair.patient).get(path).status_code == 404
