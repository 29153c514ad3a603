"""What is published on Redis meanwhile, as the relay hears it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from dev.cloud import LocalCloud


class Listening:
    """Hears every channel."""

    def __init__(self, subscription: Any) -> None:
        self._subscription = subscription
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def until(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        """Channels and payloads so far, once there are so many."""
        deadline = time.monotonic() + 5
        while len(self.heard) < count:
            assert time.monotonic() < deadline, f"only {self.heard} was published"
            found = self._subscription.get_message(ignore_subscribe_messages=True, timeout=0.1)
            if found:
                self.heard.append((found["channel"].decode(), json.loads(found["data"])))
        return self.heard

    def all(self) -> list[tuple[str, dict[str, Any]]]:
        """Channels and payloads up to now: what was published before this call has been heard."""
        marker = f"marker:{time.monotonic_ns()}"
        self._client.publish(marker, "{}")
        while not self.heard or self.heard[-1][0] != marker:
            self.until(len(self.heard) + 1)
        self.heard.pop()
        return self.heard

    @property
    def _client(self) -> Any:
        return redis.Redis(connection_pool=self._subscription.connection_pool)


@contextmanager
def listening(product: LocalCloud) -> Iterator[Listening]:
    """Listen within the block."""
    with redis.Redis.from_url(product.settings["REDIS_URL"]) as connection, connection.pubsub() as subscription:
        subscription.psubscribe("*")
        assert subscription.get_message(timeout=5)["type"] == "psubscribe"
        yield Listening(subscription)
