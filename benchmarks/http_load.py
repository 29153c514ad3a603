"""A lean client that keeps a few connections busy: what it costs itself shall not be what is measured."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import httptools

from dev.event_loop import run

SECONDS_TO_ANSWER: Final = 10.0


@dataclass
class Answered:
    """What came back within a time; `seconds` counts until the last answer."""

    seconds: float = 0.0
    took_ms: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    """Statuses of answers that were not what was asked for."""

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.took_ms) / self.seconds

    def percentile(self, percent: float) -> float:
        """Milliseconds within which so many were answered."""
        ordered = sorted(self.took_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("inf")


class _Connection(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, requests: Iterator[bytes], wanted: bytes, until: float, answered: Answered) -> None:
        self._requests, self._wanted, self._until, self._answered = requests, wanted, until, answered
        self._parser: Any = httptools.HttpResponseParser(self)
        self._transport: Any = None
        self._asked = 0.0
        self._body = b""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        if self._asked >= self._until:
            self.over.set_result(None)
            self._transport.close()
            return
        self._body = b""
        self._transport.write(next(self._requests))

    # What httptools calls.
    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status == 200 and self._wanted in self._body:
            self._answered.took_ms.append((time.perf_counter() - self._asked) * 1000)
        else:
            self._answered.refused.append(status)
        self._ask()


def keep_busy(
    port: int,
    requests: Sequence[Iterator[bytes]],
    wanted: bytes,
    seconds: float,
    seconds_to_answer: float = SECONDS_TO_ANSWER,
) -> Answered:
    """Ask a port on one connection for each iterator; a good answer is a 200 that holds `wanted`.

    The last answers may take `seconds_to_answer` after the time is over.
    """
    answered = Answered()
    run(_keep_busy(port, requests, wanted, (seconds, seconds_to_answer), answered))
    return answered


async def _keep_busy(
    port: int, requests: Sequence[Iterator[bytes]], wanted: bytes, times: tuple[float, float], answered: Answered
) -> None:
    seconds, to_answer = times
    loop, started = asyncio.get_running_loop(), time.perf_counter()
    connections = [_Connection(mine, wanted, started + seconds, answered) for mine in requests]
    for connection in connections:
        await loop.create_connection(partial(_same, connection), "127.0.0.1", port)
    async with asyncio.timeout(seconds + to_answer):
        await asyncio.gather(*(connection.over for connection in connections))
    answered.seconds = time.perf_counter() - started


def _same(connection: _Connection) -> _Connection:
    return connection


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A whole request, ready to be sent as often as wanted."""
    lines = {"Host": "127.0.0.1", **headers}
    if body:
        lines |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
