"""Many Socket.IO clients in one process, which do as little as they can: what is measured is the server."""

import asyncio
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

REQUEST: Final = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 5.0
SPREAD: Final = 0.5
"""Socket.IO's own: a second, doubled up to five, each half as long to half as long again."""
SEQ: Final = re.compile(rb'"seq":(\d+)')
AT_ONCE: Final = 50


def text_frame(text: str) -> bytes:
    """RFC 6455, 5.2, under a mask of zeros."""
    payload = text.encode()
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2)
    return b"\x81" + length + bytes(4) + payload


@dataclass
class Crowd:
    """All clients, and what they heard."""

    heard: Callable[["Client", int], None] = lambda _client, _seq: None
    """Called for each message, with its number."""
    joined: int = 0
    refused: int = 0
    everybody: asyncio.Event = field(default_factory=asyncio.Event)
    clients: "list[Client]" = field(default_factory=list)

    def came(self) -> None:
        """One more has joined."""
        self.joined += 1
        if self.joined == len(self.clients):
            self.everybody.set()

    def went(self) -> None:
        """One who had joined is gone."""
        self.joined -= 1
        self.everybody.clear()

    async def connect(self, some_of_them: "list[Client] | None" = None) -> None:
        """All of them, or some, a few at a time; then wait until all are there."""
        waiting = iter(self.clients if some_of_them is None else some_of_them)

        async def few() -> None:
            for client in waiting:
                await client.connect()

        await asyncio.gather(*(few() for _ in range(AT_ONCE)))
        await self.everybody.wait()


class Client(asyncio.Protocol):
    """One socket in one room, which comes back by itself."""

    def __init__(self, crowd: Crowd, port: int, room: int, conversation_id: str, token: str) -> None:
        """`room` numbers the conversation."""
        self._crowd, self.port, self.room = crowd, port, room
        self._sign_in = text_frame(f'40{{"token":"{token}"}}')
        self.conversation_id = conversation_id
        self.seq: int | None = None
        """The last message, from which it resumes."""
        self.is_joined = False
        self._delay = FIRST_DELAY
        self._rest, self._shaken = b"", False

    async def connect(self) -> None:
        """Try once; what fails is tried again as Socket.IO's clients do."""
        self._rest, self._shaken = b"", False
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self.port)
        except OSError:
            self._again()

    def _again(self) -> None:
        loop = asyncio.get_running_loop()
        delay = self._delay * random.uniform(1 - SPREAD, 1 + SPREAD)
        self._delay = min(LONGEST_DELAY, self._delay * 2)
        loop.call_later(delay, lambda: loop.create_task(self.connect()))

    def connection_made(self, transport: Any) -> None:
        """Ask for a WebSocket."""
        self.transport: asyncio.Transport = transport
        transport.write(REQUEST)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Come back."""
        if self.is_joined:
            self.is_joined = False
            self._crowd.went()
        self._again()

    def data_received(self, data: bytes) -> None:
        """Frames of a server: not masked, none over 64 KiB."""
        data = self._rest + data if self._rest else data
        if not self._shaken:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._rest = head
                return
            self._shaken = True
        start, end = 0, len(data)
        while end - start >= 2:
            length, body = data[start + 1], start + 2
            if length == 126:
                length, body = int.from_bytes(data[start + 2 : start + 4]), start + 4
            if end < body + length or end < body:
                break
            self._take(data[body : body + length])
            start = body + length
        self._rest = data[start:]

    def _take(self, packet: bytes) -> None:
        if packet.startswith(b'42["new-message"'):
            found = SEQ.search(packet)
            assert found
            self.seq = int(found[1])
            self._crowd.heard(self, self.seq)
        elif packet == b"2":
            self.transport.write(text_frame("3"))
        elif packet.startswith(b"0{"):
            self.transport.write(self._sign_in)
        elif packet.startswith(b"40{"):
            after = "" if self.seq is None else f',"afterSeq":{self.seq}'
            self.transport.write(text_frame(f'420["join",{{"conversationId":"{self.conversation_id}"{after}}}]'))
        elif packet.startswith(b"430["):
            self._join(packet)

    def _join(self, answer: bytes) -> None:
        if b"error" in answer or b"false}" in answer.replace(b'"recovered":false', b""):
            self._crowd.refused += 1
            self.transport.abort()
            return
        self.is_joined, self._delay = True, FIRST_DELAY
        self._crowd.came()


class Publisher(asyncio.Protocol):
    """PUBLISH, with nobody waiting for Redis' answers."""

    def connection_made(self, transport: Any) -> None:
        """Ready."""
        self._transport = transport

    def publish(self, channel: bytes, payload: bytes) -> None:
        """To Redis' own protocol (RESP)."""
        self._transport.write(
            b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(channel), channel, len(payload), payload)
        )


@dataclass
class Deliveries:
    """When each message was published, and how long each took to each socket of its room."""

    sent: dict[tuple[int, int], list[float]] = field(default_factory=dict)
    """By room and number: the time, and how many sockets are still to hear it."""
    took_ms: list[float] = field(default_factory=list)
    complete: int = 0
    on_complete: Callable[[], None] = lambda: None

    def left(self, room: int, seq: int, listeners: int) -> None:
        """Published now."""
        self.sent[room, seq] = [time.perf_counter(), listeners]

    def heard(self, client: Client, seq: int) -> None:
        """A socket was told."""
        waiting = self.sent.get((client.room, seq))
        if waiting is None:
            return
        self.took_ms.append((time.perf_counter() - waiting[0]) * 1000)
        waiting[1] -= 1
        if not waiting[1]:
            del self.sent[client.room, seq]
            self.complete += 1
            self.on_complete()

    def percentile(self, percent: float) -> float:
        """Milliseconds; what never came counts as endless."""
        ordered = sorted(self.took_ms) + [float("inf")] * len(self.sent)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("inf")
