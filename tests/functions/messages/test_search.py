"""POST /api/messages/search: one's own conversations, the latest first, whether words are packed or not."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from functions.messages.search_packs import BLOCK
from shared.audit_actions import Action
from shared.clock import now
from shared.database.engine import engine
from shared.database.models.accounts import User, UserStatus
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.messaging import Conversation, Message, MessageSearchPack
from shared.database.transaction import transaction
from shared.messages import seal_body
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.internal_calls import InternalCalls
from tests.functions.messages.test_edits import delete, edit, sent
from tests.functions.messages.test_messages import send
from tests.people import As, Pair, Person, add_care, add_pair, add_person, end_care, rows

PACKS = "/api/internal/messages/search-packs"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def search(asking: As, query: object, **more: object) -> TestResponse:
    return asking.post("/api/messages/search", {"query": query} | more)


def found(asking: As, query: str, **more: object) -> list[str]:
    """The bodies, the latest first, of one page."""
    answer = search(asking, query, **more)
    assert answer.status_code == 200, answer.get_json()
    return [item["body"] for item in answer.get_json()["items"]]


def every_page(asking: As, query: str, **more: object) -> list[str]:
    """The bodies of all pages, each of which leads on to the next."""
    bodies: list[str] = []
    place: dict[str, object] = {}
    for _ in range(500):
        shown = search(asking, query, **more, **place).get_json()
        bodies += [item["body"] for item in shown["items"]]
        if shown["nextCursor"] is None:
            return bodies
        assert place != {"cursor": shown["nextCursor"]}, "the place has to move on"
        place = {"cursor": shown["nextCursor"]}
    raise AssertionError("it never ends")


@transaction
def add(db: Database, pair: Pair, bodies: list[str], since: datetime = LONG_AGO, minutes: float = 1) -> None:
    """Messages by the patient in a row, one minute after the other where nothing else is said."""
    conversation, span = db.get_one(Conversation, pair.conversation_id), timedelta(minutes=minutes)
    for number, body in enumerate(bodies, start=1):
        message = Message(id=uuid4(), conversation_id=conversation.id, sender_id=pair.patient.id)
        message.seq, message.sent_at = conversation.last_seq + number, since + number * span
        message.body = seal_body(message.id, body)
        db.add(message)
    conversation.last_seq += len(bodies)
    conversation.last_message_at = now()


def numbered(count: int, every: int, word: str = "needle") -> list[str]:
    """So many messages, one in so many of which has the word."""
    return [f"{word} {number}" if number % every == 0 else f"hay {number}" for number in range(1, count + 1)]


def pack(internal: InternalCalls, blocks: int = 500) -> dict[str, Any]:
    answer = internal.tick(PACKS, blocks=blocks)
    assert answer.status_code == 200
    result: dict[str, Any] = answer.get_json()
    return result


@pytest.fixture
def patient(messages: FlaskClient, pair: Pair) -> As:
    """The patient's client."""
    return As(messages, pair.patient)


@pytest.fixture
def therapist(messages: FlaskClient, pair: Pair) -> As:
    """The therapist's client."""
    return As(messages, pair.therapist)


def test_both_find_what_either_wrote_the_latest_first(patient: As, therapist: As, pair: Pair) -> None:
    sent(patient, pair, "I sleep badly")
    sent(therapist, pair, "Since when do you not sleep?")
    sent(patient, pair, "Since March")
    for asking in (patient, therapist):
        assert found(asking, "SLEEP") == ["Since when do you not sleep?", "I sleep badly"]
        assert found(asking, "since sleep") == ["Since when do you not sleep?"]
        assert found(asking, '"sleep badly"') == ["I sleep badly"]
        assert found(asking, "lee") == []
    [shown] = search(patient, "March").get_json()["items"]
    assert (shown["seq"], shown["conversationId"]) == (3, str(pair.conversation_id))


@pytest.mark.parametrize("packed", [False, True])
def test_pages_lead_through_thousands_of_messages(
    patient: As, pair: Pair, internal: InternalCalls, packed: bool
) -> None:
    add(pair, numbered(700, every=7))
    if packed:
        assert pack(internal) == {"packed": 700 // BLOCK, "complete": True}
    expected = [f"needle {number}" for number in range(700, 0, -7)]
    assert every_page(patient, "needle", limit=20) == expected
    assert every_page(patient, "needle", limit=50) == expected
    assert found(patient, "needle 7 ", limit=50)[-1] == "needle 7"
    assert found(patient, '"needle 7"') == ["needle 7"]
    assert found(patient, "nothing") == []


def test_a_record_of_many_years_that_is_not_packed_is_searched_too(
    patient: As, pair: Pair, environment: Callable[..., None]
) -> None:
    environment(search_budget_ms="1")
    add_deleted(pair, blocks=8200)
    sent(patient, pair, "needle")
    answer = search(patient, "needle", limit=1)
    assert answer.status_code == 200
    assert [item["body"] for item in answer.get_json()["items"]] == ["needle"]
    assert answer.get_json()["searchedBackTo"]


@transaction
def add_deleted(db: Database, pair: Pair, blocks: int) -> None:
    """The first and the last message of so many blocks, which is all that a search asks of them at first."""
    db.execute(
        text(
            "INSERT INTO message (id, conversation_id, sender_id, seq, version, sent_at, deleted_at)"
            " SELECT gen_random_uuid(), :conversation, :sender, number * :size + place, 1, moment, moment"
            " FROM generate_series(0, :blocks - 1) AS number, unnest(ARRAY[1, :size]) AS place,"
            " LATERAL (SELECT timestamptz '2000-01-01 00:00Z' + number * interval '1 hour' AS moment) AS moments"
        ),
        {"conversation": pair.conversation_id, "sender": pair.patient.id, "size": BLOCK, "blocks": blocks},
    )
    db.get_one(Conversation, pair.conversation_id).last_seq = blocks * BLOCK


def test_conversations_are_searched_together_by_time(messages: FlaskClient, product: object) -> None:
    therapist = add_person(Role.THERAPIST)
    pairs = []
    for _ in range(3):
        patient = add_person()
        pairs.append(Pair(patient, therapist, add_care(patient, therapist)))
    for number, pair in enumerate(pairs):
        bodies = [f"needle {number}-{place}" for place in range(150)]
        add(pair, bodies, LONG_AGO + timedelta(minutes=number), minutes=3)
    asking = As(messages, therapist)
    expected = [f"needle {number}-{place}" for place in reversed(range(150)) for number in (2, 1, 0)]
    assert every_page(asking, "needle", limit=50) == expected
    one = every_page(asking, "needle", limit=50, conversationId=str(pairs[1].conversation_id))
    assert one == [body for body in expected if body.startswith("needle 1-")]
    assert every_page(As(messages, pairs[0].patient), "needle", limit=50) == [
        body for body in expected if body.startswith("needle 0-")
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_a_search_that_has_no_time_left_goes_on_where_it_stopped(
    messages: FlaskClient, internal: InternalCalls, environment: Callable[..., None], packed: bool
) -> None:
    therapist = add_person(Role.THERAPIST)
    pairs = []
    for number in range(4):
        patient = add_person()
        pairs.append(Pair(patient, therapist, add_care(patient, therapist)))
        add(pairs[-1], numbered(300, every=100, word=f"needle{number}"))
    if packed:
        pack(internal)
    environment(search_budget_ms="1")
    asking = As(messages, therapist)
    first = search(asking, "needle0").get_json()
    assert first["nextCursor"] is not None
    assert first["searchedBackTo"].endswith("Z")
    for number in range(4):
        word = f"needle{number}"
        assert every_page(asking, word) == [f"{word} {place}" for place in (300, 200, 100)]
    assert every_page(asking, "nothing") == []


def test_what_was_edited_or_deleted_is_found_as_it_is_now(
    patient: As, pair: Pair, internal: InternalCalls, environment: Callable[..., None]
) -> None:
    environment(message_edit_minutes="1440")
    add(pair, [f"before {number}" for number in range(BLOCK - 2)])
    first, second = sent(patient, pair, "needle one"), sent(patient, pair, "needle two")
    environment(message_edit_minutes="0")
    assert pack(internal)["packed"] == 1
    environment(message_edit_minutes="1440")
    assert found(patient, "needle") == ["needle two", "needle one"]
    edit(patient, first, "haystack one")
    delete(patient, second)
    assert rows(select(MessageSearchPack)) == []
    assert found(patient, "needle") == []
    assert found(patient, "haystack") == ["haystack one"]


def test_what_is_deleted_between_finding_and_showing_is_not_shown(patient: As, therapist: As, pair: Pair) -> None:
    kept, gone = sent(patient, pair, "zebra at noon"), sent(patient, pair, "zebra at night")
    deletions: list[int] = []

    def meanwhile(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "message.id IN" in statement and not deletions:
            deletions.append(0)
            with ThreadPoolExecutor(1) as pool:
                deletions[0] = pool.submit(delete, patient, gone).result().status_code

    event.listen(engine(), "before_cursor_execute", meanwhile)
    try:
        answer = search(therapist, "zebra")
    finally:
        event.remove(engine(), "before_cursor_execute", meanwhile)
    assert deletions == [200]
    assert [item["id"] for item in answer.get_json()["items"]] == [kept["id"]]


def test_a_pack_that_is_behind_finds_nothing_that_is_not_said(patient: As, pair: Pair, internal: InternalCalls) -> None:
    add(pair, numbered(BLOCK, every=10))
    pack(internal)
    change(pair, 20, "something else")
    assert "needle 20" not in every_page(patient, "needle")
    assert len(every_page(patient, "needle")) == BLOCK // 10 - 1


@transaction
def change(db: Database, pair: Pair, seq: int, body: str) -> None:
    """A message becomes another without anybody knowing."""
    message = db.scalars(
        select(Message).where(Message.conversation_id == pair.conversation_id, Message.seq == seq)
    ).one()
    message.body = seal_body(message.id, body)


def test_packs_are_made_of_what_is_full_and_settled_and_some_at_a_time(
    messages: FlaskClient, pair: Pair, internal: InternalCalls
) -> None:
    add(pair, numbered(5 * BLOCK - 1, every=10))
    add(pair, ["the last of its block, a moment ago"], now())
    assert pack(internal, blocks=3) == {"packed": 3, "complete": False}
    assert pack(internal) == {"packed": 1, "complete": True}
    assert pack(internal) == {"packed": 0, "complete": True}
    packs = rows(select(MessageSearchPack).order_by(MessageSearchPack.block))
    assert [pack.block for pack in packs] == [0, 1, 2, 3]
    assert [pack.oldest_at for pack in packs] == [LONG_AGO + timedelta(minutes=1 + BLOCK * block) for block in range(4)]
    assert packs[0].newest_at == LONG_AGO + timedelta(minutes=BLOCK)


def test_several_that_pack_at_once_make_each_pack_once(messages: FlaskClient, pair: Pair, product: LocalCloud) -> None:
    add(pair, numbered(6 * BLOCK, every=10))
    calls = [InternalCalls(function_client("messages"), product) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(pack, calls))
    assert sum(each["packed"] for each in made) == 6
    assert sorted(rows(select(MessageSearchPack.block))) == list(range(6))
    assert len(every_page(As(messages, pair.patient), "needle", limit=50)) == 6 * BLOCK // 10


def test_packs_of_an_older_form_are_left_aside_and_made_anew(patient: As, pair: Pair, internal: InternalCalls) -> None:
    add(pair, numbered(2 * BLOCK, every=10))
    pack(internal)
    make_old()
    assert len(every_page(patient, "needle")) == 2 * BLOCK // 10
    assert pack(internal) == {"packed": 2, "complete": True}
    assert len(rows(select(MessageSearchPack))) == 2


@transaction
def make_old(db: Database) -> None:
    db.execute(update(MessageSearchPack).values(form=0, words=b"in a form that nobody knows any more"))


def test_the_record_of_somebody_who_left_is_not_packed(
    messages: FlaskClient, pair: Pair, internal: InternalCalls
) -> None:
    add(pair, numbered(BLOCK, every=10))
    erase(pair.patient)
    assert pack(internal) == {"packed": 0, "complete": True}


@transaction
def erase(db: Database, person: Person) -> None:
    db.execute(
        update(User).where(User.id == person.id).values(status=UserStatus.ERASED, erased_at=now(), password_hash=None)
    )


def test_no_pack_shows_what_is_in_it(messages: FlaskClient, pair: Pair, internal: InternalCalls) -> None:
    add(pair, ["zebraquince"] * BLOCK)
    pack(internal)
    [words] = rows(select(MessageSearchPack.words))
    assert b"zebraquince" not in words
    assert len(words) < 1500


def test_an_entry_says_that_it_was_searched_and_never_for_what(
    messages: FlaskClient, patient: As, pair: Pair, capfd: pytest.CaptureFixture[str]
) -> None:
    add_pair()
    send(patient, pair, "zebra quince")
    assert found(patient, "zebraquince") == []
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == Action.MESSAGES_SEARCHED))
    assert (entry.actor_id, entry.subject_id, entry.resource_id) == (
        pair.patient.id,
        pair.patient.id,
        pair.conversation_id,
    )
    assert "zebra" not in str(vars(entry))
    assert "zebraquince" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"query": ""}, "/query"),
        ({"query": "!?"}, "/query"),
        ({"query": '""'}, "/query"),
        ({"query": "x" * 201}, "/query"),
        ({"query": "nul\0"}, "/query"),
        ({"query": ["sleep"]}, "/query"),
        ({"limit": 0}, "/limit"),
        ({"limit": 51}, "/limit"),
        ({"conversationId": "none"}, "/conversationId"),
        ({"cursor": "nonsense"}, "/cursor"),
        ({"cursor": "x" * 401}, "/cursor"),
        ({"from": "2026-01-01"}, "/from"),
    ],
)
def test_a_search_that_cannot_be_made_is_named(patient: As, changes: dict[str, object], pointer: str) -> None:
    answer = patient.post("/api/messages/search", {"query": "sleep"} | changes)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_a_therapist_finds_nothing_more_once_care_has_ended(patient: As, therapist: As, pair: Pair) -> None:
    sent(patient, pair, "needle")
    assert found(therapist, "needle") == ["needle"]
    end_care(pair)
    assert found(therapist, "needle") == []
    assert found(patient, "needle") == ["needle"]


def test_nobody_finds_what_others_said(messages: FlaskClient, pair: Pair) -> None:
    other = add_pair()
    sent(As(messages, other.patient), other, "needle")
    for person in (pair.patient, pair.therapist, add_person(), add_person(Role.THERAPIST)):
        assert found(As(messages, person), "needle") == []


def test_one_may_search_often_and_not_endlessly(patient: As, environment: Callable[..., None]) -> None:
    environment(limits="search=2/60")
    assert [search(patient, "needle").status_code for _ in range(4)] == [200, 200, 429, 429]


def test_a_search_needs_no_redis(patient: As, pair: Pair, product: LocalCloud) -> None:
    sent(patient, pair, "needle")
    product.stop_part("redis")
    try:
        assert found(patient, "needle") == ["needle"]
    finally:
        product.start_part("redis")
