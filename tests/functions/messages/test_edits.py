"""Editing and deleting: by the author, for a quarter of an hour, and nothing that was said or found in it is lost."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from infra.migrations.local import LocalDatabase
from shared.clock import held_at, now
from shared.database.engine import build_engine
from shared.database.models.analysis import MessageAnalysis, RiskEvent, RiskLevel
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.messaging import Message, MessageVersion
from shared.database.transaction import transaction
from shared.events import EVENT_TYPES, MessageDeleted, MessageUpdated
from shared.messages import open_earlier_body, shown_message_of
from shared.settings import settings as product_settings
from tests.doubles import forget, function_client
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.functions.listening import listening
from tests.functions.messages.inference_stand_in import InferenceStandIn
from tests.functions.messages.test_messages import history, send
from tests.people import As, Pair, rows

EVENTS = "/api/internal/messages/events"


def sent(asking: As, pair: Pair, body: str = "hello", **more: object) -> dict[str, Any]:
    answer = send(asking, pair, body, **more)
    assert answer.status_code == 200
    message: dict[str, Any] = answer.get_json()["message"]
    return message


def edit(asking: As, message: dict[str, Any], body: object = "something else", version: object = 1) -> TestResponse:
    return asking.patch(f"/api/messages/{message['id']}", {"body": body, "version": version})


def delete(asking: As, message: dict[str, Any]) -> TestResponse:
    return asking.delete(f"/api/messages/{message['id']}")


def problem(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("urn:bloom:problem:")


def earlier(message: dict[str, Any]) -> list[tuple[int, str]]:
    """What the record holds of a message's earlier versions."""
    kept = rows(select(MessageVersion).where(MessageVersion.message_id == message["id"]))
    return sorted((row.version, open_earlier_body(row.id, row.body)) for row in kept)


@pytest.fixture
def patient(messages: FlaskClient, pair: Pair) -> As:
    """The patient's client."""
    return As(messages, pair.patient)


@pytest.fixture
def therapist(messages: FlaskClient, pair: Pair) -> As:
    """The therapist's client."""
    return As(messages, pair.therapist)


@pytest.mark.parametrize("side", ["patient", "therapist"])
def test_an_edit_is_the_same_message_in_a_new_version(messages: FlaskClient, pair: Pair, side: str) -> None:
    author = As(messages, getattr(pair, side))
    message = sent(author, pair, "see you at 3", clientId="c-1")
    sent(author, pair, "bye")
    answer = edit(author, message, "  see you at 4 ")
    assert answer.status_code == 200
    edited = answer.get_json()["message"]
    assert edited == message | {
        "body": "see you at 4",
        "version": 2,
        "revision": 1,
        "editedAt": edited["editedAt"],
    }
    for reader in (pair.patient, pair.therapist):
        read = history(As(messages, reader), pair)["items"][0]
        assert read | {"analysis": None} == edited | {"analysis": None}
    assert earlier(message) == [(1, "see you at 3")]
    again = edit(author, message, "see you at 5", version=2).get_json()["message"]
    assert (again["version"], again["revision"]) == (3, 2)
    assert earlier(message) == [(1, "see you at 3"), (2, "see you at 4")]


def test_a_deletion_leaves_a_tombstone_in_its_place(patient: As, therapist: As, pair: Pair) -> None:
    message = sent(patient, pair, "not like this", clientId="c-1")
    edit(patient, message, "nor like this")
    answer = delete(patient, message)
    assert answer.status_code == 200
    tombstone = answer.get_json()
    assert {name: tombstone[name] for name in ("id", "seq", "body", "version", "revision", "clientId")} == {
        "id": message["id"],
        "seq": 1,
        "body": None,
        "version": 2,
        "revision": 2,
        "clientId": "c-1",
    }
    assert tombstone["deletedAt"].endswith("Z")
    [read] = history(therapist, pair)["items"]
    assert (read["body"], read["deletedAt"], read["seq"]) == (None, tombstone["deletedAt"], 1)
    assert earlier(message) == [(1, "not like this"), (2, "nor like this")]
    assert sent(patient, pair)["seq"] == 2


def test_a_repeated_edit_or_deletion_changes_nothing_more(patient: As, pair: Pair) -> None:
    message = sent(patient, pair)
    first, repeat = (edit(patient, message).get_json() for _ in range(2))
    assert repeat == first
    gone, again = (delete(patient, message).get_json() for _ in range(2))
    assert again == gone
    assert history(patient, pair)["lastRevision"] == 2
    assert len(outbox_events("message-updated")) == len(outbox_events("message-deleted")) == 1


def test_what_is_deleted_cannot_be_edited(patient: As, pair: Pair) -> None:
    message = sent(patient, pair)
    delete(patient, message)
    assert problem(edit(patient, message)) == (410, "message-gone")


def test_only_the_author_changes_a_message(patient: As, therapist: As, pair: Pair) -> None:
    message = sent(patient, pair)
    for refused in (edit(therapist, message), delete(therapist, message)):
        assert problem(refused) == (403, "not-the-author")
    denied = rows(select(AuditEvent).where(AuditEvent.outcome == "denied"))
    assert [(entry.action, entry.resource_id, entry.subject_id) for entry in denied] == [
        (action, entry.resource_id, pair.patient.id)
        for action, entry in zip(("message.edit", "message.delete"), denied, strict=True)
    ]
    assert {str(entry.resource_id) for entry in denied} == {message["id"]}


def test_of_two_edits_of_one_version_one_is_stale(patient: As, pair: Pair) -> None:
    message = sent(patient, pair)
    assert edit(patient, message, "one").status_code == 200
    stale = edit(patient, message, "two")
    assert problem(stale) == (409, "changed-meanwhile")
    assert stale.get_json()["detail"] == "It is in version 2 now."
    assert history(patient, pair)["items"][0]["body"] == "one"


def test_of_many_edits_at_once_one_wins(messages: FlaskClient, patient: As, pair: Pair) -> None:
    message = sent(patient, pair)
    clients = [As(function_client("messages"), pair.patient) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda each: edit(each[1], message, f"number {each[0]}"), enumerate(clients)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200, 409, 409, 409, 409, 409]
    [shown] = history(patient, pair)["items"]
    assert (shown["version"], shown["revision"], earlier(message)) == (2, 1, [(1, "hello")])


@pytest.mark.parametrize("edits", [0, 3], ids=["deletions", "deletions and edits"])
def test_of_many_deletions_at_once_one_is_kept(messages: FlaskClient, patient: As, pair: Pair, edits: int) -> None:
    for _ in range(5):
        message = sent(patient, pair)
        clients = [As(function_client("messages"), pair.patient) for _ in range(6)]
        with ThreadPoolExecutor(6) as pool:
            changes = [delete] * (6 - edits) + [edit] * edits
            answers = list(pool.map(lambda change, asking: change(asking, message), changes, clients))  # noqa: B023
        assert {answer.status_code for answer in answers[: 6 - edits]} == {200}
        assert {answer.status_code for answer in answers[6 - edits :]} <= {200, 409, 410}
        shown = history(patient, pair)["items"][-1]
        assert (shown["id"], shown["body"]) == (message["id"], None)
        assert [version for version, _ in earlier(message)] == list(range(1, shown["version"] + 1))
    assert len(outbox_events("message-deleted")) == 5


@pytest.mark.parametrize("change", [edit, delete])
def test_a_quarter_of_an_hour_is_the_time_for_it(
    messages: FlaskClient, patient: As, pair: Pair, change: Callable[[As, dict[str, Any]], TestResponse]
) -> None:
    early, late = sent(patient, pair, "early"), sent(patient, pair, "late")
    moment = now() + timedelta(minutes=14, seconds=50)
    with held_at(lambda: moment):
        assert change(patient, early).status_code == 200
    moment += timedelta(seconds=20)
    with held_at(lambda: moment):
        refused = change(patient, late)
    assert problem(refused) == (409, "too-late-to-change")
    assert "15 minutes" in refused.get_json()["detail"]


def test_the_time_is_the_operators_to_choose(patient: As, pair: Pair, environment: Callable[..., None]) -> None:
    message = sent(patient, pair)
    environment(message_edit_minutes="0")
    assert problem(edit(patient, message)) == (409, "too-late-to-change")
    assert product_settings().message_edit_minutes == 0


@pytest.mark.parametrize(
    ("body", "version", "pointer"),
    [
        ("", 1, "/body"),
        (" \n", 1, "/body"),
        ("x" * 8001, 1, "/body"),
        ("nul\0", 1, "/body"),
        (7, 1, "/body"),
        ("fine", 0, "/version"),
        ("fine", "1", "/version"),
        ("fine", 2**31, "/version"),
        ("fine", None, "/version"),
    ],
)
def test_an_edit_that_cannot_be_accepted_is_named(
    patient: As, pair: Pair, body: object, version: object, pointer: str
) -> None:
    answer = edit(patient, sent(patient, pair), body, version)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, pointer)


def test_every_change_is_audited_by_the_message(patient: As, pair: Pair) -> None:
    message = sent(patient, pair)
    edit(patient, message)
    delete(patient, message)
    entries = rows(select(AuditEvent).where(AuditEvent.resource_type == "message").order_by(AuditEvent.occurred_at))
    assert [(entry.action, str(entry.resource_id), entry.subject_id) for entry in entries] == [
        ("message.edit", message["id"], pair.patient.id),
        ("message.delete", message["id"], pair.patient.id),
    ]


def test_sockets_are_told_sealed_and_by_number(patient: As, pair: Pair, product: LocalCloud) -> None:
    message = sent(patient, pair, "zebra quince", clientId="c-1")
    with listening(product) as relay:
        edited = edit(patient, message, "walrus turnip").get_json()["message"]
        deleted = delete(patient, message).get_json()
        room = [payload for channel, payload in relay.all() if channel == f"message:{pair.conversation_id}"]
    assert [payload["type"] for payload in room] == ["message-updated", "message-deleted"]
    assert all("turnip" not in str(payload) for payload in room)
    updated = MessageUpdated.model_validate({name: value for name, value in room[0].items() if name != "type"})
    assert shown_message_of(updated).model_dump(mode="json", by_alias=True) == edited
    gone = MessageDeleted.model_validate({name: value for name, value in room[1].items() if name != "type"})
    assert shown_message_of(gone).model_dump(mode="json", by_alias=True) == deleted


def test_what_redis_missed_the_outbox_tells_in_whatever_order(
    patient: As, pair: Pair, product: LocalCloud, internal: InternalCalls
) -> None:
    product.stop_part("redis")
    try:
        message = sent(patient, pair)
        edit(patient, message)
        other = sent(patient, pair, "another")
        delete(patient, other)
    finally:
        product.start_part("redis")
    forget()
    kept = [event for kind in ("message-deleted", "message-updated", "message-sent") for event in outbox_events(kind)]
    assert {event.type for event in kept} <= set(EVENT_TYPES)
    assert [event.delivered_at for event in kept] == [None] * 4
    later = now() + timedelta(seconds=10)
    with held_at(lambda: later):
        assert internal.sweep().get_json() == {"handedOver": 4}
    with listening(product) as relay:
        for event in kept:
            assert internal.push(EVENTS, event.id).status_code == 204
        room = [payload for channel, payload in relay.all() if channel == f"message:{pair.conversation_id}"]
    # Neither first version is told any more: it is no longer what the message says.
    assert [payload.get("type") for payload in room] == ["message-deleted", "message-updated"]


def test_what_a_patient_changes_is_analysed_as_a_version_of_its_own(
    patient: As, therapist: As, inference: InferenceStandIn, pair: Pair
) -> None:
    message = sent(patient, pair, "it is all grey")
    inference.says("Depression", 0.7)
    edit(patient, message, "it is all so grey")
    analyses = rows(select(MessageAnalysis).order_by(MessageAnalysis.message_version))
    assert [(row.message_version, row.label) for row in analyses] == [(1, "Stress"), (2, "Depression")]
    [shown] = history(therapist, pair)["items"]
    assert (shown["analysis"]["messageVersion"], shown["analysis"]["label"]) == (2, "Depression")
    assert inference.texts == ["it is all grey", "it is all so grey"]


def test_an_edit_that_says_it_outright_is_heard_at_once(
    patient: As, inference: InferenceStandIn, pair: Pair, product: LocalCloud
) -> None:
    inference.status = 503
    message = sent(patient, pair, "hm")
    with listening(product) as relay:
        answer = edit(patient, message, "I want to die").get_json()
        channels = [channel for channel, _ in relay.all()]
    assert answer["analysis"]["resources"]
    assert f"alert:{pair.therapist.id}" in channels
    [found] = rows(select(RiskEvent))
    assert (found.message_version, found.level, found.phrase_ids) == (2, RiskLevel.HIGH, ["en-want-to-die"])


@pytest.mark.parametrize("change", [edit, delete])
def test_no_change_lowers_or_removes_what_was_found(
    patient: As, inference: InferenceStandIn, pair: Pair, change: Callable[..., TestResponse]
) -> None:
    inference.says("Suicidal", 0.95)
    message = sent(patient, pair, "I want to die")
    [before] = rows(select(RiskEvent))
    inference.says("Normal", 0.99)
    assert change(patient, message).status_code == 200
    [after] = rows(select(RiskEvent))
    assert (after.id, after.level, after.message_version) == (before.id, RiskLevel.HIGH, 1)
    assert (after.analysis_id, after.status, after.phrase_ids) == (before.analysis_id, before.status, before.phrase_ids)
    assert rows(select(MessageAnalysis.risk_level).where(MessageAnalysis.message_version == 1)) == [RiskLevel.HIGH]
    assert earlier(message) == [(1, "I want to die")]


def test_what_was_edited_before_it_was_scored_is_scored_as_it_was_written(
    patient: As, inference: InferenceStandIn, pair: Pair, internal: InternalCalls
) -> None:
    inference.status = 503
    message = sent(patient, pair, "so dark that nothing helps")
    edit(patient, message, "never mind")
    inference.status = 200
    inference.says("Suicidal", 0.95)
    forget()
    [first] = outbox_events("message-sent")
    assert internal.push(EVENTS, first.id).status_code == 204
    assert inference.texts[-1] == "so dark that nothing helps"
    assert rows(select(RiskEvent.message_version)) == [1]


def test_ten_changes_in_ten_seconds_and_no_more(
    messages: FlaskClient, patient: As, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = sent(patient, pair)
    monkeypatch.delenv("LIMITS")
    product_settings.cache_clear()
    answers = [edit(patient, message, f"number {number}", number + 1) for number in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 10


def test_nothing_is_left_of_an_edit_whose_transaction_failed(patient: As, pair: Pair) -> None:
    message = sent(patient, pair)

    @transaction
    def spoil(db: Database) -> None:
        db.get_one(Message, message["id"]).body = b"\x01\x02m1 no ciphertext"

    spoil()
    assert edit(patient, message).status_code == 500
    assert earlier(message) == []
    assert history_of_changes(pair) == 0


def test_a_deletion_that_was_kept_and_told_is_answered_though_the_database_goes_away(
    patient: As, pair: Pair, product: LocalCloud, database: LocalDatabase
) -> None:
    message = sent(patient, pair)
    with listening(product) as relay, outbox_that_cannot_be_marked(database):
        answer = delete(patient, message)
        assert [payload["type"] for _, payload in relay.all()] == ["message-deleted"]
    assert (answer.status_code, answer.get_json()["body"]) == (200, None)
    assert outbox_events("message-deleted")[0].delivered_at is None  # a sweep tells it once more


@contextmanager
def outbox_that_cannot_be_marked(database: LocalDatabase) -> Iterator[None]:
    """Within the block the database is too full to note what was delivered."""
    owner = build_engine(database.admin_url)
    with owner.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE UPDATE ON outbox_event FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.exec_driver_sql("DROP FUNCTION refuse() CASCADE")
        owner.dispose()


def history_of_changes(pair: Pair) -> int:
    return len(outbox_events("message-updated")) + len(rows(select(Message).where(Message.revision.is_not(None))))
