"""A therapist whose licence is not verified, or has expired, reads, writes and opens nothing; patients go on."""

from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import access
from shared.access import LicenceNotVerified
from shared.audit_actions import Action
from shared.clock import held_at, now
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.messaging import Conversation, Message
from shared.database.models.profiles import CredentialsStatus, TherapistProfile
from shared.database.transaction import transaction
from shared.problems import Problem
from shared.roles import Role
from shared.session import Caller
from tests.functions.internal_calls import outbox_events
from tests.functions.messages.test_access import ENDPOINTS
from tests.functions.messages.test_conversations import counted
from tests.functions.messages.test_history import add_messages
from tests.functions.messages.test_messages import history, send
from tests.people import As, Pair, Person, add_care, add_person, change_licence, rows

REFUSED = (403, "urn:bloom:problem:licence-not-verified")
LISTED = "GET /api/conversations"
WITHOUT = {
    "no profile": None,
    "unsubmitted": CredentialsStatus.UNSUBMITTED,
    "pending": CredentialsStatus.PENDING,
    "rejected": CredentialsStatus.REJECTED,
    "expired": CredentialsStatus.VERIFIED,
}


def in_care_of(licence: str) -> Pair:
    """A patient whose therapist's licence stands like this."""
    expires_on = date(2020, 1, 1) if licence == "expired" else date(2099, 12, 31)
    therapist = add_person(Role.THERAPIST, licence=WITHOUT[licence], licence_expires_on=expires_on)
    patient = add_person()
    return Pair(patient, therapist, add_care(patient, therapist))


def asked(messages: FlaskClient, name: str, pair: Pair) -> tuple[int, str]:
    """Status and kind of problem of what the pair's therapist asks."""
    therapist = As(messages, pair.therapist)
    if name == "POST /api/conversations":
        pair = Pair(pair.therapist, pair.patient, pair.conversation_id)  # it names the other side
    answer = therapist.get("/api/conversations") if name == LISTED else ENDPOINTS[name].ask(therapist, pair)
    return answer.status_code, answer.get_json().get("type", "")


@pytest.mark.parametrize("licence", WITHOUT)
@pytest.mark.parametrize("name", [*ENDPOINTS, LISTED])
def test_without_a_licence_that_stands_a_therapist_is_refused_and_that_is_kept(
    messages: FlaskClient, product: object, name: str, licence: str
) -> None:
    pair = in_care_of(licence)
    add_messages(pair, 1)
    assert asked(messages, name, pair) == REFUSED
    [entry] = rows(select(AuditEvent).where(AuditEvent.actor_id == pair.therapist.id))
    assert (entry.action, entry.outcome) == (
        "conversations.list" if name == LISTED else ENDPOINTS[name].action,
        AuditOutcome.DENIED,
    )
    assert entry.subject_id == (None if name == LISTED else pair.patient.id)
    assert {message.sender_id for message in rows(select(Message))} == {pair.patient.id}
    assert rows(select(Message.revision).where(Message.revision.is_not(None))) == []


@pytest.mark.parametrize("name", [*ENDPOINTS, LISTED])
def test_the_refusal_does_not_tell_whose_patient_it_is(messages: FlaskClient, product: object, name: str) -> None:
    stranger, pair = add_person(Role.THERAPIST, licence=CredentialsStatus.PENDING), in_care_of("pending")
    assert asked(messages, name, Pair(pair.patient, stranger, pair.conversation_id)) == REFUSED


@pytest.mark.parametrize("licence", WITHOUT)
def test_the_patient_reads_and_writes_on(messages: FlaskClient, product: object, licence: str) -> None:
    pair = in_care_of(licence)
    patient = As(messages, pair.patient)
    assert send(patient, pair, "are you there?").status_code == 200
    assert history(patient, pair)["lastSeq"] == 1
    [shown] = patient.get("/api/conversations").get_json()["items"]
    assert shown["isOpen"] is True
    assert patient.post("/api/conversations", {"participantId": str(pair.therapist.id)}).status_code == 200


def test_an_alert_goes_out_though_the_licence_lapsed(messages: FlaskClient, product: object) -> None:
    """Somebody has to learn of it, and nobody else is there."""
    pair = in_care_of("expired")
    assert send(As(messages, pair.patient), pair, "I want to die").get_json()["analysis"]["resources"]
    [alert] = outbox_events("risk-raised")
    assert alert.delivered_at is not None


def test_a_licence_counts_from_the_moment_that_it_is_verified_and_no_longer_than_it_stands(
    messages: FlaskClient, product: object
) -> None:
    pair = in_care_of("pending")
    for status, expected in (("verified", 200), ("rejected", 403), ("verified", 200), ("pending", 403)):
        change_licence(pair.therapist, CredentialsStatus(status))
        assert asked(messages, "GET /api/messages", pair)[0] == expected


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        (datetime(2026, 12, 31, 12, tzinfo=UTC), 200),
        (datetime(2027, 1, 1, 11, 59, 59, tzinfo=UTC), 200),
        (datetime(2027, 1, 1, 12, 0, 1, tzinfo=UTC), 403),
    ],
)
def test_a_licence_holds_to_the_end_of_its_last_day_wherever_that_is(
    messages: FlaskClient, product: object, moment: datetime, status: int
) -> None:
    with held_at(lambda: moment):
        patient, therapist = add_person(), add_person(Role.THERAPIST, licence_expires_on=date(2026, 12, 31))
        pair = Pair(patient, therapist, add_care(patient, therapist))
        assert asked(messages, "GET /api/messages", pair)[0] == status
        assert asked(messages, LISTED, pair)[0] == status


def test_a_licence_without_a_last_day_is_none(messages: FlaskClient, product: object) -> None:
    pair = in_care_of("pending")
    forget_last_day(pair.therapist)
    assert asked(messages, "GET /api/messages", pair) == REFUSED


@transaction
def forget_last_day(db: Database, therapist: Person) -> None:
    profile = db.get_one(TherapistProfile, therapist.id)
    profile.credentials_status, profile.license_expires_on = CredentialsStatus.VERIFIED, None
    profile.reviewed_at = now()


def test_an_empty_list_is_refused_as_well(messages: FlaskClient, product: object) -> None:
    alone, licensed = add_person(Role.THERAPIST, licence=None), add_person(Role.THERAPIST)
    assert As(messages, alone).get("/api/conversations").status_code == 403
    assert As(messages, licensed).get("/api/conversations").get_json()["items"] == []


def test_the_licence_is_read_with_the_conversation_itself(messages: FlaskClient, pair: Pair) -> None:
    therapist = As(messages, pair.therapist)
    send(therapist, pair, "the session is in the cache from here on")
    with counted() as statements:
        assert send(therapist, pair, "hello").status_code == 200
    [check] = [statement for statement in statements if "therapist_profile" in statement]
    assert "care_relationship" in check


def test_what_is_for_licensed_therapists_alone_asks_in_one_line(product: object) -> None:
    licensed, pending = add_person(Role.THERAPIST), add_person(Role.THERAPIST, licence=CredentialsStatus.PENDING)
    for person in (licensed, add_person(), add_person(Role.ADMINISTRATOR)):
        practise(caller_of(person))
    with pytest.raises(LicenceNotVerified) as refused:
        practise(caller_of(pending))
    assert isinstance(refused.value, Problem)
    assert refused.value.denial is not None
    assert refused.value.denial.action == Action.MESSAGES_READ


def caller_of(person: Person) -> Caller:
    return Caller(person.id, person.role, person.id)


@transaction
def practise(db: Database, caller: Caller) -> None:
    access.require_licence(db, caller, action=Action.MESSAGES_READ)


def test_opening_a_conversation_without_a_licence_makes_none(messages: FlaskClient, product: object) -> None:
    pair = in_care_of("pending")
    remove_conversation(pair)
    assert asked(messages, "POST /api/conversations", pair) == REFUSED
    assert rows(select(Conversation)) == []
    assert [care.status for care in rows(select(CareRelationship))] == [CareStatus.ACCEPTED]


@transaction
def remove_conversation(db: Database, pair: Pair) -> None:
    db.delete(db.get_one(Conversation, pair.conversation_id))
