"""The local Zoom tells of meetings as Zoom does: signed, with the members that it documents, again where it must."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

import httpx
import pytest

from dev.zoom_webhooks import RETRY_DELAYS, ZoomWebhooks

URL, SECRET = "http://product.test/api/webhooks/zoom", "a secret token"
MEETING = {
    "id": "85123456789",
    "uuid": "4444AAAiAAAAAiAiAiiAii==",
    "host_id": "host",
    "topic": "Appointment",
    "type": 2,
}
SOMEBODY = {"user_id": "167", "user_name": "Guest", "participant_uuid": "abc", "registrant_id": "r-1"}
NOON = 1_772_452_800.25


class Product:
    """Answers with these statuses, one after another, and remembers what it was sent."""

    def __init__(self, statuses: Iterable[int]) -> None:
        self.requests: list[httpx.Request] = []
        self._statuses = iter(statuses)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status = next(self._statuses)
        if status == 0:
            raise httpx.ConnectError("nobody there")
        return httpx.Response(status, json={"plainToken": "a", "encryptedToken": "b"})


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def zoom(waits: list[float]) -> Callable[..., tuple[ZoomWebhooks, Product]]:
    def make(*statuses: int, **more: Any) -> tuple[ZoomWebhooks, Product]:
        product = Product(statuses)
        client = httpx.Client(transport=httpx.MockTransport(product))
        return ZoomWebhooks(URL, SECRET, sleep=waits.append, clock=lambda: NOON, client=client, **more), product

    return make


Make = Callable[..., tuple[ZoomWebhooks, Product]]


def test_it_is_signed_over_its_bytes(zoom: Make) -> None:
    sender, product = zoom(204)
    assert sender.send("meeting.started", MEETING)
    [request] = product.requests
    assert (request.method, str(request.url)) == ("POST", URL)
    message = b"v0:1772452800:" + request.content
    expected = "v0=" + hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    assert request.headers["x-zm-request-timestamp"] == "1772452800"
    assert request.headers["x-zm-signature"] == expected


@pytest.mark.parametrize(
    ("event", "member"),
    [("meeting.started", "start_time"), ("meeting.ended", "end_time")],
)
def test_a_meeting_is_told_of_with_its_times(zoom: Make, event: str, member: str) -> None:
    sender, product = zoom(200)
    sender.send(event, MEETING)
    told = json.loads(product.requests[0].content)
    assert (told["event"], told["event_ts"], set(told)) == (event, 1772452800250, {"event", "event_ts", "payload"})
    assert told["payload"]["object"][member] == "2026-03-02T12:00:00Z"
    assert MEETING.items() <= told["payload"]["object"].items()
    assert "participant" not in told["payload"]["object"]


@pytest.mark.parametrize(
    ("event", "member"),
    [
        ("meeting.participant_joined", "join_time"),
        ("meeting.participant_left", "leave_time"),
        ("meeting.participant_joined_waiting_room", "date_time"),
    ],
)
def test_somebody_is_told_of_with_their_time(zoom: Make, event: str, member: str) -> None:
    sender, product = zoom(200)
    sender.send(event, MEETING, SOMEBODY)
    told = json.loads(product.requests[0].content)["payload"]["object"]["participant"]
    assert told == {**SOMEBODY, member: "2026-03-02T12:00:00Z"}


@pytest.mark.parametrize(
    ("statuses", "taken", "tries"),
    [
        ([204], True, 1),
        ([500, 200], True, 2),
        ([0, 503, 200], True, 3),
        ([401, 404, 0, 204], True, 4),
        ([500, 500, 500, 500], False, 4),
        ([302, 201, 0, 0], False, 4),
    ],
)
def test_what_is_not_taken_is_sent_again_three_times(
    zoom: Make, waits: list[float], statuses: list[int], taken: bool, tries: int
) -> None:
    sender, product = zoom(*statuses)
    assert sender.send("meeting.ended", MEETING) is taken
    assert len({request.content for request in product.requests}) == 1
    assert len(product.requests) == tries
    assert waits == list(RETRY_DELAYS)[: tries - 1]


def test_how_long_it_waits_can_be_said(zoom: Make, waits: list[float]) -> None:
    sender, _ = zoom(500, 500, 204, delays=(1.0, 2.0))
    assert sender.send("meeting.ended", MEETING)
    assert waits == [1.0, 2.0]


def test_the_address_is_asked_for_a_proof(zoom: Make) -> None:
    sender, product = zoom(200)
    assert sender.validate("a") == {"plainToken": "a", "encryptedToken": "b"}
    told = json.loads(product.requests[0].content)
    assert (told["event"], told["payload"]) == ("endpoint.url_validation", {"plainToken": "a"})


def test_who_joins_does_not_wait_for_it(zoom: Make) -> None:
    told, go_on = threading.Event(), threading.Event()

    class Slow(Product):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            go_on.wait(10)
            answer = super().__call__(request)
            told.set()
            return answer

    product = Slow([204])
    sender = ZoomWebhooks(URL, SECRET, client=httpx.Client(transport=httpx.MockTransport(product)))
    sender.send_aside("meeting.started", MEETING)
    assert product.requests == []
    go_on.set()
    assert told.wait(10)
    assert json.loads(product.requests[0].content)["event"] == "meeting.started"
