"""A signed-in socket: who it is, what is sent to it, and how it ends; and all of them by person."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import engineio
from engineio.packet import MESSAGE, Packet

from containers.realtime.problems import TooManySockets
from containers.realtime.web_socket import WebSocket
from shared.problems import TooManyRequests
from shared.session import Caller
from shared.telemetry import log

if TYPE_CHECKING:
    from containers.realtime.rooms import Room

SOCKETS_PER_PERSON: Final = 5
FRAMES_WAITING: Final = 256
BYTES_WAITING: Final = 1024 * 1024
SECONDS_TO_FLUSH: Final = 1.0
SECONDS_TO_READ_ON: Final = 10.0
EVENTS_AT_ONCE: Final = 150
EVENTS_PER_SECOND: Final = 10.0
ALERTS_REMEMBERED: Final = 256


def frame(event: str, payload: str) -> Packet:
    """A Socket.IO event (https://socket.io/docs/v4/socket-io-protocol/) whose JSON any number of sockets share."""
    return Packet(MESSAGE, f'2["{event}",{payload}]')


DISCONNECT: Final = Packet(MESSAGE, "1")
"""Tells a client that it is not to connect again by itself."""


class OutgoingQueue(asyncio.Queue[Packet | None]):
    """What a socket is still to be sent, counted; None closes the socket once all before it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def is_filled(self, part: float) -> bool:
        """Whether this part of what may wait does."""
        return self.qsize() >= FRAMES_WAITING * part or self.bytes >= BYTES_WAITING * part

    def _put(self, item: Packet | None) -> None:
        super()._put(item)
        self.bytes += _size(item)

    def _get(self) -> Packet | None:
        item: Packet | None = super()._get()
        self.bytes -= _size(item)
        return item


def _size(item: Packet | None) -> int:
    return len(item.data) if item is not None and isinstance(item.data, str) else 0


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    """Engine.IO whose sockets' queues are counted."""

    def create_queue(self, *_: Any, **__: Any) -> OutgoingQueue:
        """One for each socket."""
        return OutgoingQueue()


class Connection:
    """One socket of a person."""

    def __init__(self, sid: str, caller: Caller, address: str, web_socket: WebSocket, queue: OutgoingQueue) -> None:
        """`sid` is the library's name for it, `queue` what the library's writer empties into the socket."""
        self.sid = sid
        self.caller = caller
        self.address = address
        self.rooms: dict[UUID, Room] = {}
        self.turn = asyncio.Lock()
        """Held while it enters or leaves a room."""
        self.shut_out_of: set[UUID] = set()
        """Conversations that were over for it since it last asked to join them."""
        self.is_open = True
        self._web_socket = web_socket
        self._queue = queue
        self._events_left = float(EVENTS_AT_ONCE)
        self._counted_at = time.monotonic()
        self._lifetime: asyncio.TimerHandle | None = None

    def send(self, packet: Packet) -> None:
        """Queue a packet; a client that has stopped reading is cut off, and resumes by number when it is back."""
        if not self.is_open:
            return
        if self._queue.is_filled(1):
            self._cut_off()
            return
        # The library's own send awaits, and what is awaited can be overtaken.
        self._queue.put_nowait(packet)

    def send_if_clear(self, packet: Packet) -> None:
        """Queue what can as well be left out."""
        if self.is_open and not self._queue.is_filled(0.5):
            self._queue.put_nowait(packet)

    async def send_in_step(self, packet: Packet) -> None:
        """Queue a packet once the client has read most of what came before."""
        deadline = time.monotonic() + SECONDS_TO_READ_ON
        while self.is_open and self._queue.is_filled(0.5):
            if time.monotonic() > deadline:
                self._cut_off()
            await asyncio.sleep(0.005)
        self.send(packet)

    def end(self, *last_packets: Packet) -> None:
        """Close it after what is queued, or without that where the client does not read."""
        if not self.is_open:
            return
        self.is_open = False
        for packet in (*last_packets, None):
            self._queue.put_nowait(packet)
        self._web_socket.abort_after(SECONDS_TO_FLUSH)

    def begin(self, seconds: float) -> None:
        """Keep it for so long: then clients connect again, maybe elsewhere, and resume by number."""
        if self.is_open:
            self._web_socket.keep()
            self._lifetime = asyncio.get_running_loop().call_later(seconds, self.end)

    def closed(self) -> None:
        """It is gone."""
        self.is_open = False
        if self._lifetime:
            self._lifetime.cancel()

    def count_event(self) -> None:
        """Raises TooManyRequests where a client sends events without an end."""
        moment = time.monotonic()
        earned = (moment - self._counted_at) * EVENTS_PER_SECOND
        self._events_left, self._counted_at = min(EVENTS_AT_ONCE, self._events_left + earned), moment
        if self._events_left < 1:
            raise TooManyRequests
        self._events_left -= 1

    def _cut_off(self) -> None:
        log("socket-too-slow", severity="WARNING", waiting=self._queue.qsize(), bytes=self._queue.bytes)
        self.is_open = False
        self._web_socket.abort()


class Person:
    """Somebody's open sockets on this instance."""

    def __init__(self) -> None:
        """Nobody yet."""
        self.connections: list[Connection] = []
        self._alerts: deque[UUID] = deque(maxlen=ALERTS_REMEMBERED)

    def is_news(self, event_id: UUID) -> bool:
        """Whether this event was not told to them before; it counts as told from now on."""
        if event_id in self._alerts:
            return False
        self._alerts.append(event_id)
        return True

    def send(self, packet: Packet) -> None:
        """To all of their sockets."""
        for connection in list(self.connections):
            connection.send(packet)


class People:
    """Everybody with a socket on this instance."""

    def __init__(self) -> None:
        """Nobody yet."""
        self._people: dict[UUID, Person] = {}

    def __iter__(self) -> Iterator[Connection]:
        return iter([connection for person in self._people.values() for connection in person.connections])

    def find(self, user_id: UUID) -> Person | None:
        """The person, if they have a socket here."""
        return self._people.get(user_id)

    def add(self, connection: Connection) -> None:
        """Raises TooManySockets: the newest gives way."""
        person = self._people.setdefault(connection.caller.user_id, Person())
        if len(person.connections) >= SOCKETS_PER_PERSON:
            raise TooManySockets
        person.connections.append(connection)

    def remove(self, connection: Connection) -> None:
        """Forget a socket, and the person with their last."""
        person = self._people[connection.caller.user_id]
        person.connections.remove(connection)
        if not person.connections:
            del self._people[connection.caller.user_id]
