"""Cloud Pub/Sub on one machine: takes what Google's client publishes over gRPC and pushes it to the functions."""

import argparse
import asyncio
import base64
import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.pubsub_v1 import types

from dev.environment import PROJECT
from dev.event_loop import run, run_until_stopped
from dev.id_tokens import IdTokens, load_key
from dev.outgoing import post
from dev.pubsub_store import Delivery, NewMessage, PubSubStore
from infra.subscriptions import SUBSCRIPTIONS, Subscription

ACKNOWLEDGED = frozenset({102, 200, 201, 202, 204})
PUSHES_AT_ONCE = 8


@dataclass(frozen=True)
class BackOff:
    """Seconds between tries: doubled from the first to the longest."""

    first: float = 0.5
    longest: float = 10.0

    def after(self, attempts: int) -> float:
        """Seconds to wait after so many failed tries."""
        return float(min(self.longest, self.first * 2 ** min(attempts - 1, 30)))


@dataclass(frozen=True)
class Caller:
    """Whom pushes come from, and whom their token is for."""

    tokens: IdTokens
    account: str
    audience: str

    def headers(self) -> dict[str, str]:
        """The header that proves the caller."""
        return {"Authorization": f"Bearer {self.tokens.bearer(self.account, self.audience)}"}


class Pusher:
    """Pushes one subscription's messages, a few at once, until each is acknowledged or dead."""

    def __init__(
        self,
        name: str,
        subscription: Subscription,
        base_url: str,
        store: PubSubStore,
        caller: Caller,
        back_off: BackOff,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` gives Unix time."""
        self._name = name
        self._subscription = subscription
        self._url = base_url + subscription.path
        self._store = store
        self._caller = caller
        self._back_off = back_off
        self._clock = clock
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self.woken = asyncio.Event()

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            self.woken.clear()
            now = self._clock()
            free = PUSHES_AT_ONCE - len(self._under_way)
            for delivery in self._store.due(self._name, now, free, self._under_way):
                self._under_way[delivery.message_id] = asyncio.create_task(self._deliver(delivery))
            await self._until_something_is_due_after(now)

    async def _until_something_is_due_after(self, looked: float) -> None:
        """Wait for what was not due yet at the moment of the last look, so that nothing falls between two looks."""
        due = self._store.next_due(self._name, looked)
        try:
            async with asyncio.timeout(None if due is None else max(0.0, due - self._clock())):
                await self.woken.wait()
        except TimeoutError:
            return

    async def _deliver(self, delivery: Delivery) -> None:
        failure = await self._push(delivery)
        attempts = delivery.attempts + 1
        if not failure:
            self._store.acknowledge(delivery)
        elif attempts >= self._subscription.max_delivery_attempts:
            self._store.bury(delivery, failure)
        else:
            self._store.postpone(delivery, self._clock() + self._back_off.after(attempts), failure)
        del self._under_way[delivery.message_id]
        self.woken.set()

    async def _push(self, delivery: Delivery) -> str:
        """Why the push failed, or nothing."""
        body = json.dumps(push_request(delivery)).encode()
        try:
            status = await post(self._url, body, self._caller.headers(), self._subscription.ack_deadline_seconds)
        except (OSError, http.client.HTTPException) as error:
            return f"{self._url} did not answer: {error}"
        return "" if status in ACKNOWLEDGED else f"{self._url} answered {status}"

    async def stop(self) -> None:
        """Drop the pushes under way; what they carry stays kept."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def push_request(delivery: Delivery) -> dict[str, Any]:
    """Pub/Sub's wrapped push body (https://cloud.google.com/pubsub/docs/push#receive_push)."""
    return {
        "message": {
            "data": base64.b64encode(delivery.data).decode(),
            "attributes": delivery.attributes,
            "messageId": str(delivery.message_id),
            "message_id": str(delivery.message_id),
            "publishTime": delivery.publish_time,
            "publish_time": delivery.publish_time,
        },
        "subscription": f"projects/{PROJECT}/subscriptions/{delivery.subscription}",
        "deliveryAttempt": delivery.attempts + 1,
    }


class Publisher(grpc.GenericRpcHandler):  # type: ignore[misc]
    """The calls of `google.pubsub.v1.Publisher` that publishing needs."""

    def __init__(self, store: PubSubStore, subscriptions: Mapping[str, Subscription], pushers: list[Pusher]) -> None:
        self._store = store
        self._subscriptions = subscriptions
        self._pushers = pushers
        self._calls: dict[str, tuple[Any, Any, Any]] = {
            "Publish": (self._publish, types.PublishRequest, types.PublishResponse.serialize),
            "CreateTopic": (self._create_topic, types.Topic, types.Topic.serialize),
            "GetTopic": (self._get_topic, types.GetTopicRequest, types.Topic.serialize),
            "ListTopics": (self._list_topics, types.ListTopicsRequest, types.ListTopicsResponse.serialize),
        }

    def service(self, call: Any) -> Any:
        """The handler of a call, or None: gRPC answers UNIMPLEMENTED."""
        package, _, name = call.method.removeprefix("/").partition("/")
        if package != "google.pubsub.v1.Publisher" or name not in self._calls:
            return None
        method, request, serialize = self._calls[name]
        return grpc.unary_unary_rpc_method_handler(method, request.deserialize, serialize)

    async def _publish(self, request: types.PublishRequest, context: Any) -> types.PublishResponse:
        await self._require_topic(request.topic, context)
        messages = [NewMessage(message.data, dict(message.attributes)) for message in request.messages]
        ids = self._store.add([(message, self._wanting(message)) for message in messages])
        for pusher in self._pushers:
            pusher.woken.set()
        return types.PublishResponse(message_ids=[str(message_id) for message_id in ids])

    def _wanting(self, message: NewMessage) -> list[str]:
        event_type = message.attributes.get("type", "")
        return [name for name, subscription in self._subscriptions.items() if subscription.wants(event_type)]

    async def _create_topic(self, request: types.Topic, context: Any) -> types.Topic:
        if not self._store.create_topic(request.name):
            await context.abort(grpc.StatusCode.ALREADY_EXISTS, "Topic already exists")
        return request

    async def _get_topic(self, request: types.GetTopicRequest, context: Any) -> types.Topic:
        await self._require_topic(request.topic, context)
        return types.Topic(name=request.topic)

    async def _list_topics(self, _request: types.ListTopicsRequest, _context: Any) -> types.ListTopicsResponse:
        return types.ListTopicsResponse(topics=[types.Topic(name=name) for name in self._store.topics()])

    async def _require_topic(self, name: str, context: Any) -> None:
        if not self._store.has_topic(name):
            await context.abort(grpc.StatusCode.NOT_FOUND, f"Resource not found (resource={name.rpartition('/')[2]}).")


@dataclass
class PubSubDouble:
    """The gRPC server and its pushers."""

    port: int
    store: PubSubStore
    server: Any
    pushers: list[Pusher]
    tasks: list[asyncio.Task[None]]

    async def close(self) -> None:
        """Stop at once; what is not delivered stays in the store."""
        await self.server.stop(None)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, *(pusher.stop() for pusher in self.pushers), return_exceptions=True)
        self.store.close()


async def serve(
    port: int,
    store: PubSubStore,
    caller: Caller,
    targets: Mapping[str, str],
    subscriptions: Mapping[str, Subscription] = SUBSCRIPTIONS,
    back_off: BackOff = BackOff(),
) -> PubSubDouble:
    """Listen for publishers and push; `targets` gives each deployable's base URL, port 0 takes a free one."""
    pushers = [
        Pusher(name, subscription, targets[subscription.deployable], store, caller, back_off)
        for name, subscription in subscriptions.items()
        if subscription.deployable in targets
    ]
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Publisher(store, subscriptions, pushers),))
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    return PubSubDouble(bound, store, server, pushers, [asyncio.create_task(pusher.run()) for pusher in pushers])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3040)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--topic", action="append", default=[], help="projects/P/topics/T")
    parser.add_argument("--target", action="append", default=[], help="DEPLOYABLE=URL")
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--account", required=True)
    parser.add_argument("--audience", required=True)
    return parser.parse_args()


async def _main(arguments: argparse.Namespace) -> None:
    store = PubSubStore(arguments.store)
    for topic in arguments.topic:
        store.create_topic(topic)
    caller = Caller(IdTokens(load_key(arguments.key), arguments.issuer), arguments.account, arguments.audience)
    targets = dict(target.split("=", 1) for target in arguments.target)
    double = await serve(arguments.port, store, caller, targets)
    await run_until_stopped()
    await double.close()


if __name__ == "__main__":
    run(_main(_arguments()))
