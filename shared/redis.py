"""Upstash Redis from a function: the vendor's client under a short deadline, behind a circuit breaker."""

import functools
import hashlib
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any, Final, TypeVar

from upstash_redis import Redis
from upstash_redis.errors import UpstashError

from shared.rest_connection import RestConnections
from shared.settings import settings
from shared.telemetry import asking, metrics, rename, skipped, watch

FAILURES_BEFORE_OPEN: Final = 3
SECONDS_OPEN: Final = 1.0

Answer = TypeVar("Answer")


class RedisAway(Exception):
    """Redis did not answer in time, or was not asked because it just did not."""


class Breaker:
    """Lets calls through until several fail in a row, then none for a second, then one to try."""

    def __init__(self, failures: int, seconds_open: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Open after `failures` in a row, for `seconds_open`."""
        self._failures = failures
        self._seconds_open = seconds_open
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._closed_again_at = 0.0

    @property
    def stands_open(self) -> bool:
        """Whether the part is being left alone, for whoever looks on."""
        return self._failed >= self._failures

    def is_open(self) -> bool:
        """Whether to leave the part alone. While open, one caller a period is let through to try."""
        with self._lock:
            if self._failed < self._failures:
                return False
            if self._clock() < self._closed_again_at:
                return True
            self._closed_again_at = self._clock() + self._seconds_open
            return False

    def succeeded(self) -> None:
        """The part answered."""
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        """The part did not answer."""
        with self._lock:
            self._failed += 1
            if self._failed >= self._failures:
                self._closed_again_at = self._clock() + self._seconds_open


_breaker = Breaker(FAILURES_BEFORE_OPEN, SECONDS_OPEN)
open_breakers: Final[dict[tuple[str, ...], Callable[[], float]]] = {("redis",): lambda: float(_breaker.stands_open)}
"""By part: whether it is left alone. Each kernel module with a breaker of its own adds itself."""
watch(metrics.BREAKERS, lambda: {part: read() for part, read in open_breakers.items()})


class _Commands(Redis):
    """The vendor's client, whose span says which command was asked."""

    def execute(self, command: list[Any]) -> Any:
        """One command."""
        rename(f"redis {command[0]}")
        return super().execute(command)


@functools.cache
def _client() -> Redis:
    client = _Commands(
        settings().upstash_redis_rest_url,
        settings().upstash_redis_rest_token,
        rest_retries=0,  # the default waits 3 s and may count an INCR twice
        allow_telemetry=False,
        read_your_writes=False,
    )
    client._http._client.close()
    # The vendor's client offers no timeout of its own, and spends most of its time in httpx.
    client._http._client = RestConnections(settings().upstash_redis_rest_url, settings().redis_timeout_ms / 1000)  # type: ignore[assignment]
    return client


def ask(question: Callable[[Redis], Answer]) -> Answer:
    """Ask Redis one thing, e.g. `ask(lambda redis: redis.get(key))`.

    Raises RedisAway; whoever calls says what the product does without Redis.
    """
    if _breaker.is_open():
        skipped("redis")
        raise RedisAway
    with asking("redis", RedisAway):
        return _ask(question)


def _ask(question: Callable[[Redis], Answer]) -> Answer:
    try:
        answer = question(_client())
    except UpstashError as error:
        if "NOSCRIPT" in str(error):
            _breaker.succeeded()  # an answer, too: the next question, with the script itself, must get through
            raise
        _breaker.failed()
        raise RedisAway(type(error).__name__) from None
    except (HTTPException, ValueError, KeyError, OSError) as error:
        _breaker.failed()
        raise RedisAway(type(error).__name__) from None
    _breaker.succeeded()
    return answer


class Script:
    """A Lua script, sent whole once and by its digest from then on."""

    def __init__(self, source: str) -> None:
        """`source` is Lua for Redis 6.2."""
        self._source = source
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: list[str], arguments: list[Any]) -> Any:
        """Run it. Raises RedisAway."""
        try:
            return ask(lambda redis: redis.evalsha(self._digest, keys=keys, args=arguments))
        except UpstashError:
            return ask(lambda redis: redis.eval(self._source, keys=keys, args=arguments))


def publish(channel: str, payload: str) -> None:
    """PUBLISH to the relay. Raises RedisAway."""
    ask(lambda redis: redis.publish(channel, payload))
