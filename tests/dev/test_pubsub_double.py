"""The Pub/Sub double against Google's own client."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api_core.exceptions import AlreadyExists, NotFound
from google.cloud.pubsub_v1 import PublisherClient
from joserfc import jwt

from dev.id_tokens import IdTokens, load_key
from dev.pubsub_double import BackOff, Caller, PubSubDouble, Pusher, serve
from dev.pubsub_store import Delivery, NewMessage, PubSubStore
from infra.subscriptions import Subscription
from tests.dev.stand_ins import ISSUER, Subscriber
from tests.waiting import eventually

TOPIC = "projects/bloom-local/topics/bloom-events"
SUBSCRIPTIONS = {
    "mails": Subscription(("mail-wanted", "both"), "auth", "/api/internal/mails", max_delivery_attempts=4),
    "copies": Subscription(("both",), "auth", "/api/internal/copies"),
}


@pytest.fixture
async def start(tmp_path: Path, tokens: IdTokens, subscriber: Subscriber) -> AsyncIterator[Any]:
    doubles = []

    async def start() -> PubSubDouble:
        store = PubSubStore(tmp_path / "pubsub.sqlite")
        store.create_topic(TOPIC)
        caller = Caller(tokens, "push@bloom", "http://localhost:3000")
        back_off = BackOff(first=0.01, longest=0.05)
        doubles.append(await serve(0, store, caller, {"auth": subscriber.url}, SUBSCRIPTIONS, back_off))
        return doubles[-1]

    yield start
    for double in doubles:
        await double.close()


@pytest.fixture
async def double(start: Any) -> PubSubDouble:
    started: PubSubDouble = await start()
    return started


class Client:
    """Google's publisher, whose calls block, away from the event loop."""

    def __init__(self, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{port}")
        self.publisher = PublisherClient()

    async def publish(self, event_type: str, data: bytes = b"{}", topic: str = TOPIC) -> str:
        future = self.publisher.publish(topic, data, type=event_type)
        return str(await asyncio.to_thread(future.result, 10))


@pytest.fixture
def client(double: PubSubDouble, monkeypatch: pytest.MonkeyPatch) -> Client:
    return Client(double.port, monkeypatch)


async def test_a_message_is_pushed_wrapped_with_a_token_that_verifies(
    client: Client, subscriber: Subscriber, key_file: Path
) -> None:
    message_id = await client.publish("mail-wanted", b'{"id": 1}')
    await eventually(lambda: subscriber.received)
    request = subscriber.received[0]
    body = json.loads(request.body)
    assert (request.method, request.path) == ("POST", "/api/internal/mails")
    assert body["subscription"] == "projects/bloom-local/subscriptions/mails"
    assert base64.b64decode(body["message"]["data"]) == b'{"id": 1}'
    assert body["message"]["attributes"] == {"type": "mail-wanted"}
    assert body["message"]["messageId"] == message_id
    assert body["message"]["publishTime"].endswith("Z")
    claims = jwt.decode(request.headers["authorization"].removeprefix("Bearer "), load_key(key_file)).claims
    assert (claims["iss"], claims["aud"]) == (ISSUER, "http://localhost:3000")
    assert (claims["email"], claims["email_verified"]) == ("push@bloom", True)


async def test_a_failed_push_is_tried_again_until_it_is_taken(
    client: Client, double: PubSubDouble, subscriber: Subscriber
) -> None:
    subscriber.statuses = [500, 302]
    await client.publish("mail-wanted")
    await eventually(lambda: len(subscriber.received) == 3 and not double.store.pending())
    assert [json.loads(request.body)["deliveryAttempt"] for request in subscriber.received] == [1, 2, 3]


async def test_a_message_that_is_never_taken_becomes_a_dead_letter(
    client: Client, double: PubSubDouble, subscriber: Subscriber
) -> None:
    subscriber.statuses = [503] * 4
    await client.publish("mail-wanted", b"lost")
    await eventually(double.store.dead_letters)
    [letter] = double.store.dead_letters()
    assert (letter.subscription, letter.attempts, letter.data) == ("mails", 4, b"lost")
    assert letter.failure == f"{subscriber.url}/api/internal/mails answered 503"
    assert double.store.pending() == []


async def test_each_subscription_gets_its_own_copy_and_nobody_what_it_does_not_want(
    client: Client, double: PubSubDouble, subscriber: Subscriber
) -> None:
    await client.publish("unwanted")
    await client.publish("both")
    await eventually(lambda: len(subscriber.received) == 2 and not double.store.pending())
    assert {request.path for request in subscriber.received} == {"/api/internal/mails", "/api/internal/copies"}


async def test_what_was_acknowledged_survives_a_restart(
    start: Any, client: Client, double: PubSubDouble, subscriber: Subscriber
) -> None:
    subscriber.answering.clear()
    await client.publish("mail-wanted", b"kept")
    await eventually(lambda: subscriber.received)
    await double.close()
    subscriber.answering.set()
    restarted = await start()
    await eventually(lambda: not restarted.store.pending())
    assert len(subscriber.received) == 2
    assert json.loads(subscriber.received[1].body)["message"]["data"] == base64.b64encode(b"kept").decode()


async def test_what_falls_due_while_the_pusher_looks_is_pushed(
    tmp_path: Path, tokens: IdTokens, subscriber: Subscriber
) -> None:
    now = [1_000.0]

    class Slow(PubSubStore):
        """A look takes a second."""

        def due(self, *arguments: Any) -> list[Delivery]:
            found = super().due(*arguments)
            now[0] += 1
            return found

    store = Slow(tmp_path / "pubsub.sqlite")
    store.add([(NewMessage(b"kept", {}), ["mails"])])
    [delivery] = store.pending()
    store.postpone(delivery, now[0] + 0.5, "")
    caller = Caller(tokens, "push@bloom", "http://localhost:3000")
    pusher = Pusher("mails", SUBSCRIPTIONS["mails"], subscriber.url, store, caller, BackOff(), lambda: now[0])
    task = asyncio.create_task(pusher.run())
    await eventually(lambda: not store.pending())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    store.close()


async def test_an_unknown_topic_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound):
        await client.publish("mail-wanted", topic="projects/bloom-local/topics/other")


async def test_a_topic_can_be_made_once(client: Client) -> None:
    request = {"name": "projects/bloom-local/topics/new"}
    await asyncio.to_thread(client.publisher.create_topic, request=request)
    with pytest.raises(AlreadyExists):
        await asyncio.to_thread(client.publisher.create_topic, request=request)
    found = await asyncio.to_thread(client.publisher.get_topic, request={"topic": request["name"]})
    assert found.name == request["name"]


async def test_another_call_is_unimplemented(double: PubSubDouble) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{double.port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary("/google.pubsub.v1.Publisher/UpdateTopic")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 0.5), (2, 1), (3, 2), (5, 8), (6, 10), (1000, 10)])
def test_the_wait_doubles_up_to_ten_seconds(attempts: int, seconds: float) -> None:
    assert BackOff().after(attempts) == seconds
