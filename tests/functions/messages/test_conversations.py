"""Conversations: one for each care relationship, listed by activity, with what is unread and what came last."""

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session as Database

from shared.clock import held_at, now
from shared.database.engine import engine
from shared.database.models.accounts import User
from shared.database.models.messaging import Conversation, ConversationMember
from shared.database.transaction import transaction
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.internal_calls import InternalCalls
from tests.functions.messages.alerting import LONG_SESSIONS, later, on_call_therapists, raise_alert, step, tick
from tests.functions.messages.test_history import add_messages
from tests.functions.messages.test_messages import send
from tests.people import As, Pair, Person, add_care, add_pair, add_person, rows


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements sent meanwhile, one for each row where several are sent one after another."""
    sent: list[str] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, executemany: bool) -> None:
        one_by_one = executemany and isinstance(parameters, list)
        sent.extend([statement] * (len(parameters) if one_by_one else 1))

    event.listen(engine(), "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine(), "before_cursor_execute", note)


@transaction
def remove_conversation(db: Database, pair: Pair) -> None:
    db.delete(db.get_one(Conversation, pair.conversation_id))


@transaction
def read_until(db: Database, pair: Pair, person: Person, seq: int) -> None:
    mine = ConversationMember.conversation_id == pair.conversation_id, ConversationMember.user_id == person.id
    db.execute(update(ConversationMember).where(*mine).values(last_read_seq=seq))


def items(asking: As, **query: object) -> list[dict[str, Any]]:
    answer = asking.get("/api/conversations", **query)
    assert answer.status_code == 200, answer.get_json()
    found: list[dict[str, Any]] = answer.get_json()["items"]
    return found


def caseload(count: int) -> tuple[Person, list[Pair]]:
    """A therapist with so many patients, each with a conversation, the last one opened last."""
    therapist, pairs = add_person(Role.THERAPIST), []
    for number in range(count):
        patient, moment = add_person(), datetime(2026, 5, 1, tzinfo=UTC) + timedelta(minutes=number)
        with held_at(lambda moment=moment: moment):  # type: ignore[misc]
            pairs.append(Pair(patient, therapist, add_care(patient, therapist)))
    return therapist, pairs


@pytest.mark.parametrize("side", ["patient", "therapist"])
def test_accepted_care_opens_one_conversation(messages: FlaskClient, pair: Pair, side: str) -> None:
    remove_conversation(pair)
    sides = {"patient": (pair.patient, pair.therapist), "therapist": (pair.therapist, pair.patient)}
    asker, other = sides[side]
    opened = [As(messages, asker).post("/api/conversations", {"participantId": str(other.id)}) for _ in range(2)]
    opened.append(As(messages, other).post("/api/conversations", {"participantId": str(asker.id)}))
    assert [answer.status_code for answer in opened] == [200] * 3
    assert len({answer.get_json()["id"] for answer in opened}) == 1
    shown = opened[0].get_json()
    members = {(member["userId"], member["name"], member["role"], member["lastReadSeq"]) for member in shown["members"]}
    assert members == {(str(who.id), who.name, who.role.value, 0) for who in (asker, other)}
    assert (shown["lastSeq"], shown["unreadCount"], shown["lastMessage"], shown["isOpen"]) == (0, 0, None, True)


def test_both_opening_at_once_meet_in_one(messages: FlaskClient, pair: Pair) -> None:
    remove_conversation(pair)
    asking = [(pair.patient, pair.therapist), (pair.therapist, pair.patient)] * 4
    clients = [(As(function_client("messages"), asker), {"participantId": str(other.id)}) for asker, other in asking]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: one[0].post("/api/conversations", one[1]), clients))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert len(rows(select(Conversation))) == 1


@pytest.mark.parametrize("body", [{}, {"participantId": "me"}, {"participantId": None}])
def test_a_participant_has_to_be_named(messages: FlaskClient, pair: Pair, body: dict[str, object]) -> None:
    answer = As(messages, pair.patient).post("/api/conversations", body)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/participantId")


def test_nobody_opens_a_conversation_with_themselves(messages: FlaskClient, pair: Pair) -> None:
    answer = As(messages, pair.patient).post("/api/conversations", {"participantId": str(pair.patient.id)})
    assert answer.status_code == 404


def test_a_conversation_shows_its_last_message_and_what_is_unread(messages: FlaskClient, pair: Pair) -> None:
    for body in ("one", "two", "three"):
        send(As(messages, pair.patient), pair, body)
    send(As(messages, pair.therapist), pair, "four")
    read_until(pair, pair.therapist, 1)
    for person, unread in ((pair.therapist, 2), (pair.patient, 1)):
        [shown] = items(As(messages, person))
        assert (shown["unreadCount"], shown["lastMessage"]["body"], shown["lastSeq"]) == (unread, "four", 4)
        assert As(messages, person).get(f"/api/conversations/{pair.conversation_id}").get_json() == shown


def test_pages_follow_one_another_by_activity(messages: FlaskClient, product: object) -> None:
    therapist, pairs = caseload(7)
    add_messages(pairs[2], 1)
    seen, cursor = [], None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = As(messages, therapist).get("/api/conversations", **query).get_json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == [str(pairs[number].conversation_id) for number in (2, 6, 5, 4, 3, 1, 0)]


def test_conversations_of_the_same_moment_are_neither_lost_nor_shown_twice(
    messages: FlaskClient, product: object
) -> None:
    moment = now()
    with held_at(lambda: moment):
        therapist = add_person(Role.THERAPIST)
        made = [add_care(add_person(), therapist) for _ in range(5)]
    asking, seen, query = As(messages, therapist), [], {"limit": 2}
    while True:
        page = asking.get("/api/conversations", **query).get_json()
        seen += [item["id"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert sorted(seen) == sorted(map(str, made))


def cursor_of(key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "",
        "é",
        cursor_of(["2026-01-01T00:00:00+00:00"]),
        cursor_of(["yesterday", "4b6a3c1e-0000-4000-8000-000000000000"]),
        cursor_of(["2026-01-01T00:00:00+00:00", "no id"]),
        cursor_of([1, 2]),
        cursor_of([None, None]),
        cursor_of({"a": 1, "b": 2}),
        cursor_of(["9999-12-31T23:59:59-14:00", "4b6a3c1e-0000-4000-8000-000000000000"]),
        cursor_of(["0001-01-01T00:00:00+14:00", "4b6a3c1e-0000-4000-8000-000000000000"]),
        cursor_of(["2026-01-01T00:00:00", "4b6a3c1e-0000-4000-8000-000000000000"]),
    ],
)
def test_a_cursor_that_nobody_gave_is_refused(messages: FlaskClient, pair: Pair, cursor: str) -> None:
    answer = As(messages, pair.patient).get("/api/conversations", cursor=cursor)
    assert answer.status_code in {200, 422}
    if answer.status_code == 422:
        assert answer.get_json()["errors"][0]["pointer"] == "?cursor"


@pytest.mark.parametrize("path", ["/api/conversations", "/api/messages"])
def test_the_statements_do_not_grow_with_the_rows(messages: FlaskClient, product: object, path: str) -> None:
    therapist, pairs = caseload(2)
    asking, counts = As(messages, therapist), []
    query = {"conversationId": pairs[0].conversation_id} if "messages" in path else {}
    for number in (1, 30):
        for pair in pairs:
            add_messages(pair, number)
        asking.get(path, **query)  # the session is in the cache from here on
        with counted() as statements:
            assert asking.get(path, **query).status_code == 200
        counts.append(len(statements))
        more = [add_person() for _ in range(10)]
        pairs += [Pair(patient, therapist, add_care(patient, therapist)) for patient in more]
    assert counts[0] == counts[1] <= 6


def test_a_look_at_what_was_missed_costs_little_where_nothing_was(messages: FlaskClient, product: object) -> None:
    therapist, [pair] = caseload(1)
    add_messages(pair, 3)
    asking, query = As(messages, therapist), {"conversationId": pair.conversation_id, "afterSeq": 3}
    asking.get("/api/messages", **query)
    with counted() as statements:
        assert asking.get("/api/messages", **query).get_json()["items"] == []
    assert len(statements) == 3  # who may, that they looked, and what there is


def test_who_covers_for_a_therapist_is_named_as_such_and_stays_named_for_those_who_may_read(
    messages: FlaskClient, internal: InternalCalls, environment: Callable[..., None]
) -> None:
    environment(**LONG_SESSIONS)
    pair, [colleague] = add_pair(), on_call_therapists(1)
    alert = raise_alert(messages, pair)

    def people(person: Person) -> tuple[dict[str, bool], list[dict[str, str]]]:
        [room] = items(As(messages, person))
        assert As(messages, person).get(f"/api/conversations/{pair.conversation_id}").get_json() == room
        return {member["name"]: member["isCovering"] for member in room["members"]}, room["formerMembers"]

    two = {pair.patient.name: False, pair.therapist.name: False}
    assert [people(one) for one in (pair.patient, pair.therapist)] == [(two, [])] * 2
    with later(minutes=6):
        tick(internal)
        three = two | {colleague.name: True}
        assert [people(one) for one in (pair.patient, pair.therapist, colleague)] == [(three, [])] * 3
        assert step(messages, colleague, alert, "acknowledge").status_code == 200
        assert send(As(messages, colleague), pair, "I am here in place of your therapist").status_code == 200
    with later(hours=25):
        tick(internal)
        left = [{"userId": str(colleague.id), "name": colleague.name, "role": "THERAPIST"}]
        assert [people(one) for one in (pair.patient, pair.therapist)] == [(two, left)] * 2
        assert items(As(messages, colleague)) == []
        assert items(As(messages, add_person(Role.THERAPIST))) == []


def test_a_suspended_member_reads_nothing_though_their_session_is_cached(messages: FlaskClient, pair: Pair) -> None:
    asking = As(messages, pair.therapist)
    assert len(items(asking)) == 1
    suspend(pair.therapist)
    assert items(asking) == []


@transaction
def suspend(db: Database, person: Person) -> None:
    db.execute(update(User).where(User.id == person.id).values(status="suspended", suspended_at=now()))


def test_an_ended_conversation_keeps_its_place_for_the_patient(messages: FlaskClient, product: object) -> None:
    pair = add_pair()
    send(As(messages, pair.patient), pair, "hello")
    assert items(As(messages, pair.patient))[0]["lastMessage"]["body"] == "hello"
