"""POST /api/messages: what is accepted, that a repeat is the same message for ever, and how fast one may write."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from shared.audit_actions import Action
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.messaging import Message
from shared.settings import settings as product_settings
from tests.doubles import function_client
from tests.functions.messages.inference_stand_in import InferenceStandIn
from tests.inside import sized
from tests.people import As, Pair, end_care, rows


def send(asking: As, pair: Pair, body: object = "hello", **more: object) -> TestResponse:
    return asking.post("/api/messages", {"conversationId": str(pair.conversation_id), "body": body} | more)


def history(asking: As, pair: Pair, **query: object) -> dict[str, Any]:
    answer = asking.get("/api/messages", conversationId=pair.conversation_id, **query)
    assert answer.status_code == 200, answer.get_json()
    shown: dict[str, Any] = answer.get_json()
    return shown


def test_a_message_is_answered_as_it_is_kept(messages: FlaskClient, pair: Pair) -> None:
    answer = send(As(messages, pair.patient), pair, "How are you?", clientId="c-1")
    assert answer.status_code == 200
    shown = answer.get_json()["message"]
    [read] = history(As(messages, pair.patient), pair)["items"]
    assert read == shown | {"analysis": None}
    assert {name: shown[name] for name in ("seq", "body", "clientId", "version", "senderId", "conversationId")} == {
        "seq": 1,
        "body": "How are you?",
        "clientId": "c-1",
        "version": 1,
        "senderId": str(pair.patient.id),
        "conversationId": str(pair.conversation_id),
    }
    assert shown["sentAt"].endswith("Z")


@pytest.mark.parametrize(
    "body",
    [
        "x",
        "x" * 8000,
        "😀" * 8000,
        "👩🏽‍⚕️ 🇩🇪 ❤️‍🩹",
        "שלום, מה שלומך? مرحبا",
        "e\u0301 \u0928\u093f z\u0351\u0352\u0353algo",
        "\u202eright to left\u202c",
        "line\nbreak\ttab\r\nand \\u0041 \\0",
        "'; DROP TABLE message; --",
        "\ufeff\u200b",
        "\ue000\ufffe\U0010ffff",
    ],
)
def test_any_text_comes_back_as_it_was_written(messages: FlaskClient, pair: Pair, body: str) -> None:
    assert send(As(messages, pair.patient), pair, body).get_json()["message"]["body"] == body
    assert history(As(messages, pair.therapist), pair)["items"][0]["body"] == body


@settings(max_examples=sized(12, 40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_every_text_is_kept_whole_or_refused(messages: FlaskClient, pair: Pair, body: str) -> None:
    answer = send(As(messages, pair.patient), pair, body)
    if answer.status_code == 200:
        kept = answer.get_json()["message"]["body"]
        assert kept in body
        assert kept.strip() == body.strip()
    else:
        assert answer.status_code == 422
        assert "\0" in body or not body.strip()


@pytest.mark.parametrize("blank", [" ", "\n\t ", "\u00a0", "\u2003", "\u3000"])
def test_blanks_around_a_text_go(messages: FlaskClient, pair: Pair, blank: str) -> None:
    patient = As(messages, pair.patient)
    assert send(patient, pair, f"{blank}in the  middle{blank}").get_json()["message"]["body"] == "in the  middle"
    assert send(patient, pair, blank * 3).status_code == 422


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"body": ""}, "/body"),
        ({"body": "x" * 8001}, "/body"),
        ({"body": "nul\0"}, "/body"),
        ({"body": 7}, "/body"),
        ({"body": None}, "/body"),
        ({"conversationId": "not an id"}, "/conversationId"),
        ({"clientId": ""}, "/clientId"),
        ({"clientId": "x" * 129}, "/clientId"),
        ({"clientId": "nul\0"}, "/clientId"),
        ({"seq": 7}, "/seq"),
        ({"senderId": "somebody"}, "/senderId"),
    ],
)
def test_what_cannot_be_accepted_is_named(
    messages: FlaskClient, pair: Pair, changes: dict[str, object], pointer: str
) -> None:
    answer = send(As(messages, pair.patient), pair, **({"body": "hello"} | changes))
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]
    assert rows(select(Message)) == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"conversationId": "%s", "body": "\\ud800"}', 400),
        (b'{"conversationId": "%s", "body": "\\udc00\\ud800"}', 400),
        (b'{"conversationId": "%s", "body": "\xff"}', 400),
        (b'{"conversationId": "%s", "body": "x"', 400),
        (b'["%s"]', 422),
        (b"%s", 400),
        (b"", 400),
    ],
)
def test_what_is_no_text_is_refused(messages: FlaskClient, pair: Pair, raw: bytes, status: int) -> None:
    body = raw.replace(b"%s", str(pair.conversation_id).encode())
    headers = pair.patient.bearer | {"Content-Type": "application/json"}
    answer = messages.post("/api/messages", data=body, headers=headers)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    named = [fault["pointer"] for fault in answer.get_json().get("errors", [])]
    assert named == (["/body"] if b"\\u" in raw else [""] if status == 422 else [])


def test_a_body_over_the_limit_is_too_large(messages: FlaskClient, pair: Pair) -> None:
    assert send(As(messages, pair.patient), pair, "x" * (128 * 1024)).status_code == 413


def test_a_repeat_is_answered_with_the_same_message(messages: FlaskClient, pair: Pair) -> None:
    patient = As(messages, pair.patient)
    first = send(patient, pair, "only once", clientId="c-1")
    for other in range(3):
        send(patient, pair, f"meanwhile {other}")
    repeat = send(patient, pair, " only once ", clientId="c-1")
    assert repeat.status_code == 200
    assert repeat.get_json()["message"] == first.get_json()["message"]
    assert [item["seq"] for item in history(patient, pair)["items"]] == [1, 2, 3, 4]
    again = select(AuditEvent.subject_id).where(AuditEvent.action == Action.MESSAGE_SENT_AGAIN)
    assert rows(again) == [pair.patient.id]


def test_a_repeat_that_says_something_else_is_a_conflict(messages: FlaskClient, pair: Pair) -> None:
    patient = As(messages, pair.patient)
    send(patient, pair, "one thing", clientId="c-1")
    answer = send(patient, pair, "another thing", clientId="c-1")
    assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:bloom:problem:repeat-differs")
    assert history(patient, pair)["lastSeq"] == 1


def test_a_repeat_is_the_same_message_also_when_it_says_something_else_by_now(
    messages: FlaskClient, pair: Pair
) -> None:
    patient = As(messages, pair.patient)
    first = send(patient, pair, "what I wrote", clientId="c-1").get_json()["message"]
    edit = {"body": "what I meant", "version": 1}
    edited = patient.patch(f"/api/messages/{first['id']}", edit).get_json()["message"]
    assert send(patient, pair, "what I wrote", clientId="c-1").get_json()["message"] == edited
    assert send(patient, pair, "what I meant", clientId="c-1").status_code == 409
    deleted = patient.delete(f"/api/messages/{first['id']}").get_json()
    repeat = send(patient, pair, "what I wrote", clientId="c-1")
    assert (repeat.status_code, repeat.get_json()["message"], deleted["body"]) == (200, deleted, None)
    assert send(patient, pair, "what I meant", clientId="c-1").status_code == 409
    assert history(patient, pair)["lastSeq"] == 1


def test_a_repeat_of_what_was_kept_is_answered_though_care_has_ended_since(messages: FlaskClient, pair: Pair) -> None:
    patient = As(messages, pair.patient)
    first = send(patient, pair, "only once", clientId="c-1").get_json()
    end_care(pair)
    assert send(patient, pair, "only once", clientId="c-1").get_json() == first
    assert send(patient, pair, "only once", clientId="c-2").status_code == 409
    assert send(patient, pair, "only once").status_code == 409


def test_a_client_id_is_each_senders_own(messages: FlaskClient, pair: Pair) -> None:
    send(As(messages, pair.patient), pair, "mine", clientId="c-1")
    answer = send(As(messages, pair.therapist), pair, "yours", clientId="c-1")
    assert (answer.status_code, answer.get_json()["message"]["seq"]) == (200, 2)


def test_a_repeat_shows_help_again(messages: FlaskClient, inference: InferenceStandIn, pair: Pair) -> None:
    """The first answer may never have arrived."""
    inference.says("Suicidal", 0.95)
    first, repeat = (send(As(messages, pair.patient), pair, "so dark", clientId="c-1").get_json() for _ in range(2))
    assert first["analysis"]["resources"]
    assert repeat == first


@pytest.mark.parametrize("body", ["the same", "I want to die"])
def test_two_at_once_are_one_message(messages: FlaskClient, pair: Pair, body: str) -> None:
    clients = [As(function_client("messages"), pair.patient) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda client: send(client, pair, body, clientId="c-1"), clients))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_json()["message"]["id"] for answer in answers}) == 1
    assert len(rows(select(Message))) == 1


def test_ten_messages_in_ten_seconds_and_no_more(
    messages: FlaskClient, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIMITS")
    product_settings.cache_clear()
    answers = [send(As(messages, pair.patient), pair) for _ in range(12)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:10] == [200] * 10
    assert 429 in statuses
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert refused.content_type == "application/problem+json"
    assert send(As(messages, pair.therapist), pair).status_code == 200
    assert history(As(messages, pair.patient), pair)["lastSeq"] == statuses.count(200) + 1


def test_a_message_is_kept_and_answered_without_redis(
    messages: FlaskClient, inference: InferenceStandIn, pair: Pair, product: LocalCloud
) -> None:
    inference.says("Suicidal", 0.95)
    product.stop_part("redis")
    try:
        answer = send(As(messages, pair.patient), pair, "so dark")
    finally:
        product.start_part("redis")
    assert answer.status_code == 200
    assert answer.get_json()["analysis"]["resources"]
    assert history(As(messages, pair.therapist), pair)["items"][0]["analysis"]["label"] == "Suicidal"
