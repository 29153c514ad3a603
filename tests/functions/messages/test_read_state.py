"""How far somebody has read: it only advances, empties their count, and is known to those whom they let know."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.messaging import ConversationMember
from shared.database.transaction import transaction
from tests.doubles import function_client
from tests.functions.listening import listening
from tests.functions.messages.test_conversations import items
from tests.functions.messages.test_edits import delete, sent
from tests.functions.messages.test_history import add_messages
from tests.people import As, Pair, Person, end_care, rows


def read(asking: As, pair: Pair, seq: object) -> TestResponse:
    return asking.post("/api/messages/read", {"conversationId": str(pair.conversation_id), "seq": seq})


@transaction
def choose(db: Database, person: Person, privacy: dict[str, bool]) -> None:
    """Somebody's settings."""
    db.get_one(User, person.id).preferences = {"privacy": privacy}


def place_of(pair: Pair, person: Person) -> int:
    mine = ConversationMember.conversation_id == pair.conversation_id, ConversationMember.user_id == person.id
    [seq] = rows(select(ConversationMember.last_read_seq).where(*mine))
    return seq


def members(asking: As) -> dict[str, Any]:
    [shown] = items(asking)
    return {member["userId"]: member["lastReadSeq"] for member in shown["members"]}


@pytest.fixture
def therapist(messages: FlaskClient, pair: Pair) -> As:
    """The therapist's client, with 10 messages of the patient to read."""
    add_messages(pair, 10)
    return As(messages, pair.therapist)


def test_reading_empties_the_count(therapist: As, pair: Pair) -> None:
    assert items(therapist)[0]["unreadCount"] == 10
    answer = read(therapist, pair, 7)
    assert answer.get_json() == {
        "conversationId": str(pair.conversation_id),
        "lastReadSeq": 7,
        "unreadCount": 3,
    }
    assert items(therapist)[0]["unreadCount"] == 3
    assert read(therapist, pair, 10).get_json()["unreadCount"] == 0


def test_what_one_wrote_oneself_or_what_was_deleted_is_not_unread(messages: FlaskClient, pair: Pair) -> None:
    patient, therapist = As(messages, pair.patient), As(messages, pair.therapist)
    gone = sent(patient, pair)
    sent(patient, pair)
    sent(therapist, pair)
    delete(patient, gone)
    assert (items(therapist)[0]["unreadCount"], items(patient)[0]["unreadCount"]) == (1, 1)


def test_a_place_never_goes_back(therapist: As, pair: Pair, product: LocalCloud) -> None:
    read(therapist, pair, 7)
    with listening(product) as relay:
        assert read(therapist, pair, 3).get_json()["lastReadSeq"] == 7
        assert read(therapist, pair, 7).get_json()["lastReadSeq"] == 7
        assert relay.all() == []
    assert place_of(pair, pair.therapist) == 7


def test_a_place_is_never_past_the_last_message(therapist: As, pair: Pair) -> None:
    for past in (11, 2**62):
        answer = read(therapist, pair, past)
        assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/seq")
    assert place_of(pair, pair.therapist) == 0


@pytest.mark.parametrize("seq", [0, -1, "7", 1.5, None, 2**63])
def test_a_place_has_to_be_a_number(therapist: As, pair: Pair, seq: object) -> None:
    answer = read(therapist, pair, seq)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/seq")


def test_many_devices_at_once_end_at_the_furthest(messages: FlaskClient, therapist: As, pair: Pair) -> None:
    clients = [As(function_client("messages"), pair.therapist) for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda each: read(each[1], pair, 10 - each[0]), enumerate(clients)))
    assert {answer.status_code for answer in answers} == {200}
    assert place_of(pair, pair.therapist) == 10


@pytest.mark.parametrize(
    ("settings", "for_everyone"),
    [({}, True), ({"read_receipts_visible": False}, False), ({"typing_visible": False}, True)],
)
def test_the_room_is_told_unless_the_reader_lets_nobody_know(
    messages: FlaskClient, therapist: As, pair: Pair, product: LocalCloud, settings: dict[str, bool], for_everyone: bool
) -> None:
    choose(pair.therapist, settings)
    with listening(product) as relay:
        read(therapist, pair, 7)
        [(channel, told)] = relay.all()
    assert channel == f"message:{pair.conversation_id}"
    assert (told["type"], told["userId"], told["seq"]) == ("read", str(pair.therapist.id), 7)
    assert told["forEveryone"] is for_everyone
    # Their own devices go on in step.
    assert members(therapist)[str(pair.therapist.id)] == 7
    assert members(As(messages, pair.patient))[str(pair.therapist.id)] == (7 if for_everyone else None)


def test_after_care_has_ended_nobody_is_told(
    messages: FlaskClient, therapist: As, pair: Pair, product: LocalCloud
) -> None:
    sent(therapist, pair)
    end_care(pair)
    with listening(product) as relay:
        assert read(As(messages, pair.patient), pair, 11).status_code == 200
        assert read(therapist, pair, 11).status_code == 404
        [(_, told)] = relay.all()
    assert (told["userId"], told["forEveryone"]) == (str(pair.patient.id), False)


def test_reading_is_kept_without_redis(therapist: As, pair: Pair, product: LocalCloud) -> None:
    product.stop_part("redis")
    try:
        assert read(therapist, pair, 5).status_code == 200
    finally:
        product.start_part("redis")
    assert place_of(pair, pair.therapist) == 5


def test_reading_leaves_an_entry(therapist: As, pair: Pair) -> None:
    read(therapist, pair, 5)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "messages.mark-read"))
    assert (entry.subject_id, entry.resource_id) == (pair.patient.id, pair.conversation_id)


def test_a_place_can_be_said_often_and_not_endlessly(
    therapist: As, pair: Pair, environment: Callable[..., None]
) -> None:
    environment(limits="mark-read=3/60")
    statuses = [read(therapist, pair, seq).status_code for seq in range(1, 6)]
    assert statuses == [200, 200, 200, 429, 429]
