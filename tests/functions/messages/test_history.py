"""GET /api/messages: a conversation in order and without a gap, page by page in both directions."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.messaging import Conversation, Message
from shared.database.transaction import transaction
from shared.messages import seal_body
from tests.functions.messages.test_messages import history
from tests.people import As, Pair


@transaction
def add_messages(db: Database, pair: Pair, count: int) -> None:
    """So many messages by the patient, as the product would have kept them."""
    conversation = db.get_one(Conversation, pair.conversation_id)
    for seq in range(conversation.last_seq + 1, conversation.last_seq + count + 1):
        message = Message(conversation_id=pair.conversation_id, sender_id=pair.patient.id, seq=seq, sent_at=now())
        db.add(message)
        message.body = b"-"
        db.flush()
        message.body = seal_body(message.id, f"message {seq}")
    conversation.last_seq += count
    conversation.last_message_at = now()


def seqs(shown: dict[str, list[dict[str, int]]]) -> list[int]:
    return [item["seq"] for item in shown["items"]]


@pytest.fixture
def patient(messages: FlaskClient, pair: Pair) -> As:
    """The patient, with 25 messages written."""
    add_messages(pair, 25)
    return As(messages, pair.patient)


def test_without_a_place_the_latest_are_shown_oldest_first(patient: As, pair: Pair) -> None:
    shown = history(patient, pair, limit=10)
    assert (seqs(shown), shown["nextCursor"], shown["lastSeq"]) == (list(range(16, 26)), "16", 25)


def test_backwards_the_cursor_leads_to_the_beginning(patient: As, pair: Pair) -> None:
    seen: list[int] = []
    query: dict[str, object] = {}
    while True:
        shown = history(patient, pair, limit=10, **query)
        seen = seqs(shown) + seen
        if shown["nextCursor"] is None:
            break
        query = {"beforeSeq": shown["nextCursor"]}
    assert seen == list(range(1, 26))


def test_forwards_the_cursor_leads_to_the_end(patient: As, pair: Pair) -> None:
    seen: list[int] = []
    cursor: str | None = "0"
    while cursor is not None:
        shown = history(patient, pair, limit=10, afterSeq=cursor)
        seen += seqs(shown)
        cursor = shown["nextCursor"]
    assert seen == list(range(1, 26))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"afterSeq": 24}, [25]),
        ({"afterSeq": 25}, []),
        ({"afterSeq": 1000}, []),
        ({"beforeSeq": 2}, [1]),
        ({"beforeSeq": 1}, []),
        ({"beforeSeq": 0}, []),
        ({"beforeSeq": 1000, "limit": 1}, [25]),
        ({"beforeSeq": 2**62, "limit": 1}, [25]),
        ({"afterSeq": 3, "limit": 2}, [4, 5]),
    ],
)
def test_the_edges_are_where_they_are_said_to_be(
    patient: As, pair: Pair, query: dict[str, object], expected: list[int]
) -> None:
    shown = history(patient, pair, **query)
    assert seqs(shown) == expected
    if not expected:
        assert shown["nextCursor"] is None


def test_a_page_holds_fifty_where_nothing_is_said_and_two_hundred_at_most(patient: As, pair: Pair) -> None:
    add_messages(pair, 200)
    assert len(seqs(history(patient, pair))) == 50
    assert len(seqs(history(patient, pair, limit=200))) == 200


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"afterSeq": 1, "beforeSeq": 3}, "?beforeSeq"),
        ({"afterSeq": 1, "afterRevision": 3}, "?afterRevision"),
        ({"beforeSeq": 1, "afterRevision": 3}, "?afterRevision"),
        ({"afterRevision": -1}, "?afterRevision"),
        ({"limit": 0}, "?limit"),
        ({"limit": 201}, "?limit"),
        ({"limit": "many"}, "?limit"),
        ({"afterSeq": -1}, "?afterSeq"),
        ({"beforeSeq": 2**63}, "?beforeSeq"),
        ({"page": 2}, "?page"),
        ({"conversationId": "none"}, "?conversationId"),
    ],
)
def test_a_query_that_cannot_be_answered_is_named(
    patient: As, pair: Pair, query: dict[str, object], pointer: str
) -> None:
    answer = patient.get("/api/messages", **({"conversationId": pair.conversation_id} | query))
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_a_query_without_a_conversation_is_told_so(patient: As) -> None:
    answer = patient.get("/api/messages")
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == [{"pointer": "?conversationId", "detail": "is required"}]


def test_an_empty_conversation_is_an_empty_page(messages: FlaskClient, pair: Pair) -> None:
    empty: dict[str, object] = {"items": [], "nextCursor": None, "lastSeq": 0, "lastRevision": 0}
    assert history(As(messages, pair.therapist), pair) == empty
