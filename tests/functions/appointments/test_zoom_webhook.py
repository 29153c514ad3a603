"""Zoom's notices: taken once where Zoom signed them just now, kept without anybody's name, answered without delay."""

import hashlib
import hmac
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from shared.clock import held_at
from shared.database.encryption import KeyRing, unseal
from shared.database.models.delivery import WebhookReceipt
from shared.database.models.scheduling import AppointmentStatus
from tests.doubles import forget
from tests.functions.appointments.calendars import Practice, add_practice
from tests.functions.appointments.zoom_telling import (
    NUMBER,
    PATIENT,
    REGISTRANT,
    SECRET,
    START,
    STRANGER,
    THERAPIST,
    Telling,
    add_meeting,
    appointment,
    at,
)
from tests.functions.internal_calls import outbox_events
from tests.people import rows
from tests.postgres import forget_engine
from tests.shared.logs import logged

TAKEN, REFUSED = 204, 401
URL = "/api/webhooks/zoom"


@pytest.fixture
def practice(telling: Telling) -> Practice:
    return add_practice()


@pytest.fixture
def meeting(practice: Practice) -> UUID:
    return add_meeting(practice)


def started(telling: Telling) -> bytes:
    return json.dumps(telling.body("started", START)).encode()


def receipts() -> list[WebhookReceipt]:
    return list(rows(select(WebhookReceipt).order_by(WebhookReceipt.received_at)))


def status(telling: Telling, body: bytes, **headers: str) -> int:
    return telling.zoom.deliver(body, **headers).status_code


def test_a_notice_is_kept_and_handed_over(telling: Telling, meeting: UUID) -> None:
    answer = telling.zoom.deliver(started(telling))
    assert (answer.status_code, answer.content) == (TAKEN, b"")
    [kept] = receipts()
    assert (kept.provider, kept.type, kept.subject) == ("zoom", "meeting.started", NUMBER)
    [event] = outbox_events("zoom-noticed")
    assert (event.aggregate_id, event.delivered_at is not None) == (kept.id, True)
    assert appointment().status is AppointmentStatus.BOOKED  # what follows comes later


def test_a_signature_is_checked_over_the_very_bytes(telling: Telling, meeting: UUID) -> None:
    body = started(telling)
    for altered in (body + b" ", body.replace(b"meeting.started", b"meeting.ended"), b"", body[:-1]):
        headers = telling.zoom.signed(body)
        answer = telling.zoom.client.post(telling.zoom.url, content=altered, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (REFUSED, "urn:bloom:problem:signature-refused")
    assert receipts() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"x-zm-signature": ""},
        {"x-zm-signature": "v0="},
        {"x-zm-signature": "v0=" + "0" * 64},
        {"x-zm-signature": "v0=\u00e9"},
        {"x-zm-request-timestamp": ""},
        {"x-zm-request-timestamp": "soon"},
        {"x-zm-request-timestamp": "0"},
        {"x-zm-request-timestamp": "1" * 400},
    ],
    ids=["none", "empty", "another", "not ascii", "no time", "no number", "1970", "far too long"],
)
def test_what_is_not_signed_is_refused(telling: Telling, meeting: UUID, headers: dict[str, str]) -> None:
    body = started(telling)
    assert telling.client.post(URL, data=body, headers=telling.zoom.signed(body) | headers).status_code == REFUSED
    assert receipts() == []


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1e9", "\u00b2\u00b3", "9" * 13, "9" * 400])
def test_a_time_that_is_none_is_refused_however_well_it_is_signed(
    telling: Telling, meeting: UUID, timestamp: str
) -> None:
    body = started(telling)
    digest = hmac.new(SECRET.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"x-zm-request-timestamp": timestamp, "x-zm-signature": f"v0={digest}"}
    assert telling.client.post(URL, data=body, headers=headers, content_type="application/json").status_code == REFUSED
    assert receipts() == []


def test_another_secret_is_refused(telling: Telling, meeting: UUID) -> None:
    telling.zoom.secret = "somebody else's"
    assert status(telling, started(telling)) == REFUSED


@pytest.mark.parametrize(
    ("later", "expected"), [(-301, REFUSED), (-300, TAKEN), (0, TAKEN), (300, TAKEN), (301, REFUSED)]
)
def test_it_was_signed_within_five_minutes(telling: Telling, meeting: UUID, later: int, expected: int) -> None:
    body = started(telling)
    headers = telling.zoom.signed(body)
    telling.clock.moment = START + timedelta(seconds=later)
    assert telling.zoom.client.post(telling.zoom.url, content=body, headers=headers).status_code == expected


def test_without_a_secret_nothing_is_taken(telling: Telling, meeting: UUID, environment: Callable[..., None]) -> None:
    environment(zoom_webhook_secret=None)
    for secret in ("", SECRET):
        telling.zoom.secret = secret
        answer = telling.zoom.deliver(started(telling))
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:bloom:problem:no-zoom-webhooks")


def test_the_address_proves_itself(telling: Telling) -> None:
    expected = hmac.new(SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    proof = telling.zoom.validate("qgg8vlvZRS6UYooatFL8Aw")
    assert proof == {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": expected}


def test_nobody_else_is_given_a_proof(telling: Telling) -> None:
    telling.zoom.secret = "somebody else's"
    body = json.dumps({"event": "endpoint.url_validation", "event_ts": 1, "payload": {"plainToken": "a"}}).encode()
    assert status(telling, body) == REFUSED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"event": "meeting.started"}',
        b'{"event": {}, "event_ts": 1, "payload": {}}',
        b'{"event": "endpoint.url_validation", "event_ts": 1, "payload": {}}',
        b'{"event": "endpoint.url_validation", "event_ts": 1, "payload": {"plainToken": ""}}',
        b'{"event": "meeting.started", "event_ts": 1, "payload": {}}',
        b'{"event": "meeting.started", "event_ts": -1, "payload": {"object": {"id": "1", "uuid": "a"}}}',
        b'{"event": "meeting.started", "event_ts": 1e30, "payload": {"object": {"id": "1", "uuid": "a"}}}',
        b'{"event": "meeting.started", "event_ts": 1, "payload": {"object": {"id": "1\\u0000", "uuid": "a"}}}',
        b'{"event": "meeting.started", "event_ts": 1, "payload": {"object": {"id": "one", "uuid": "a"}}}',
        b'{"event": "meeting.started", "event_ts": 1, "payload": {"object": {"id": "1", "uuid": ""}}}',
        b'{"event": "meeting.participant_joined", "event_ts": 1, "payload": {"object": {"id": "1", "uuid": "a"}}}',
        b'{"event": "meeting.participant_joined", "event_ts": 1, "payload": {"object": {"id": "1", "uuid": "a",'
        b' "participant": {"join_time": "yesterday"}}}}',
        b'{"event": "meeting.participant_joined", "event_ts": 1, "payload": {"object": {"id": "1", "uuid": "a",'
        b' "participant": {"join_time": "0001-01-01T00:00:00+14:00"}}}}',
        b'{"event": "meeting.ended", "event_ts": 1, "payload": {"object": {"id": "1", "uuid": "a",'
        b' "end_time": "9999-12-31T23:59:59-14:00"}}}',
        b"[" * 20_000,
    ],
)
def test_what_cannot_be_read_is_refused_as_malformed(telling: Telling, meeting: UUID, body: bytes) -> None:
    answer = telling.zoom.deliver(body)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:bloom:problem:malformed")
    assert receipts() == []


def test_a_body_has_a_limit(telling: Telling) -> None:
    assert status(telling, b" " * (64 * 1024 + 1)) == 413


@pytest.mark.parametrize("event", ["meeting.created", "user.updated", "recording.completed", "", "\u0000"])
def test_what_is_not_listened_to_is_acknowledged_and_dropped(telling: Telling, meeting: UUID, event: str) -> None:
    body = json.dumps({"event": event, "event_ts": 1, "payload": {"anything": ["at all"]}}).encode()
    assert status(telling, body) == TAKEN
    assert receipts() == []


def test_of_others_meetings_nothing_is_kept(telling: Telling, meeting: UUID) -> None:
    telling.number = "80000000001"
    telling.tell("started")
    telling.tell("participant_joined", who=PATIENT)
    assert (receipts(), outbox_events("zoom-noticed")) == ([], [])


def test_members_that_are_new_or_empty_or_numbers_are_read(telling: Telling, meeting: UUID) -> None:
    told = telling.body("participant_joined", START, PATIENT)
    told["payload"]["object"] |= {"id": int(NUMBER), "new": [1]}
    told["payload"]["object"]["participant"] |= {"user_id": 16778240, "id": None, "customer_key": "", "private_ip": ""}
    assert status(telling, json.dumps(told).encode()) == TAKEN
    assert len(receipts()) == 1


def test_a_repeat_counts_once(telling: Telling, meeting: UUID) -> None:
    body = json.dumps(telling.body("participant_joined", START, PATIENT)).encode()
    assert [status(telling, body) for _ in range(3)] == [TAKEN] * 3
    telling.clock.moment = at(90)  # Zoom's last try, signed anew
    assert status(telling, body) == TAKEN
    assert (len(receipts()), len(outbox_events("zoom-noticed"))) == (1, 1)


def test_repeats_at_once_count_once(telling: Telling, meeting: UUID, environment: Callable[..., None]) -> None:
    environment(database_pool_size="8")
    body = json.dumps(telling.body("participant_joined", START, PATIENT)).encode()
    headers = {"X-Forwarded-For": "192.0.2.1"}
    signed = telling.zoom.signed(body)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: _posted_by_itself(telling, body, signed | headers), range(16)))
    assert statuses == [TAKEN] * 16
    assert (len(receipts()), len(outbox_events("zoom-noticed"))) == (1, 1)


def _posted_by_itself(telling: Telling, body: bytes, headers: dict[str, str]) -> int:
    with held_at(telling.clock):  # a thread begins with the machine's own time
        return telling.client.application.test_client().post(telling.zoom.url, data=body, headers=headers).status_code


@pytest.mark.parametrize(
    "change",
    [
        {"event_ts": 1},
        {"event": "meeting.participant_left"},
        {"uuid": "instance==2"},
        {"participant_uuid": "another"},
    ],
)
def test_what_differs_is_another_notice(telling: Telling, meeting: UUID, change: dict[str, Any]) -> None:
    told = telling.body("participant_joined", START, PATIENT)
    telling.zoom.deliver(json.dumps(told).encode())
    for name, value in change.items():
        place = told if name in told else told["payload"]["object"]
        (place if name in place else place["participant"])[name] = value
    telling.zoom.deliver(json.dumps(told).encode())
    assert len(receipts()) == 2


@pytest.mark.parametrize("who", [PATIENT, THERAPIST, STRANGER], ids=["patient", "therapist", "stranger"])
def test_nobodys_name_is_kept_or_logged(telling: Telling, meeting: UUID, who: dict[str, str]) -> None:
    with logged() as lines:
        telling.tell("participant_joined", who=who | {"phone_number": "+1 555 0100"})
    [receipt] = receipts()
    kept = unseal(KeyRing.EVENT, receipt.payload, "webhook_receipt", "payload", receipt.id)
    everything = kept + lines.text + str(vars(receipt))
    assert lines.text
    number = ("555 0100", "5550100")  # three digits alone may stand in any id
    for said in (who["user_name"], who["email"], "people.test", *number, "Appointment", who.get("id", "iPhone")):
        assert not said or said not in everything
    assert set(json.loads(kept)["participant"]) == {"isHost", "registrantId", "customerKey", "device"}


def test_what_is_kept_is_sealed(telling: Telling, meeting: UUID) -> None:
    telling.tell("participant_joined", who=PATIENT)
    [receipt] = receipts()
    assert REGISTRANT.encode() not in receipt.payload
    assert REGISTRANT not in receipt.dedupe_key


def test_it_is_taken_while_pubsub_is_away(telling: Telling, meeting: UUID, environment: Callable[..., None]) -> None:
    environment(pubsub_emulator_host="127.0.0.1:9")
    forget()
    assert status(telling, started(telling)) == TAKEN
    [event] = outbox_events("zoom-noticed")
    assert event.delivered_at is None  # the sweeper hands it over
    telling.follow()
    assert appointment().status is AppointmentStatus.IN_SESSION


def test_it_is_not_taken_while_the_database_is_away(
    telling: Telling, meeting: UUID, environment: Callable[..., None]
) -> None:
    body = started(telling)
    forget_engine()
    environment(database_url="postgresql+pg8000://nobody@/nowhere?unix_sock=/nonexistent/.s.PGSQL.5432")
    assert status(telling, body) == 503  # Zoom tries again
    forget_engine()


def test_a_burst_of_zooms_is_let_through_and_a_flood_is_not(
    telling: Telling, meeting: UUID, environment: Callable[..., None]
) -> None:
    environment(limits=None)
    answers = [telling.zoom.deliver(started(telling)) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {TAKEN}
    assert int(answers[-1].headers["RateLimit-Limit"]) >= 3000
    environment(limits="zoom-webhook=1/60")
    assert [status(telling, started(telling)) for _ in range(2)][-1] == 429


def test_a_refusal_is_logged_by_its_reason_alone(telling: Telling, meeting: UUID) -> None:
    telling.zoom.secret = "somebody else's"
    with logged() as lines:
        telling.zoom.deliver(json.dumps(telling.body("participant_joined", START, PATIENT)).encode())
    assert [line["reason"] for line in lines.read() if line["message"] == "zoom-notice-refused"] == ["signature"]
    assert all(said not in lines.text for said in (PATIENT["email"], REGISTRANT, NUMBER))
