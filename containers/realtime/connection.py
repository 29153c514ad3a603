"""A signed-in socket: who it is, what is sent to it, and how it ends; and all of them by person."""

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from uuid import UUID

from containers.realtime.web_socket import NORMAL, WebSocket
from shared.session import Caller
from shared.telemetry import count
from shared.telemetry.metrics import FRAMES_DROPPED

if TYPE_CHECKING:
    from containers.realtime.rooms import Room

SECONDS_TO_READ_ON: Final = 10.0
ALERTS_REMEMBERED: Final = 256


class Connection:
    """One socket of a person."""

    __slots__ = ("_turn", "_web_socket", "address", "caller", "id", "rooms", "shut_out_of")

    def __init__(self, socket_id: str, caller: Caller, address: str, web_socket: WebSocket) -> None:
        """`socket_id` is unlike any other's, on any instance."""
        self.id = socket_id
        self.caller = caller
        self.address = address
        self.rooms: dict[UUID, Room] = {}
        self.shut_out_of: set[UUID] | None = None
        """Conversations that were over for it since it last asked to join them."""
        self._web_socket = web_socket
        self._turn: asyncio.Lock | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can still be told anything."""
        return self._web_socket.is_open

    @property
    def turn(self) -> asyncio.Lock:
        """Held while it enters or leaves a room."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        return self._turn

    def send(self, frame: bytes) -> None:
        """Send it what has to arrive; a client that has stopped reading is closed, and resumes by number."""
        self._web_socket.send(frame)

    def send_if_clear(self, frame: bytes) -> None:
        """Send it what can as well be left out, unless anything waits already."""
        if self._web_socket.is_lagging:
            count(FRAMES_DROPPED, "lagging")
        else:
            self._web_socket.send(frame)

    async def send_in_step(self, frame: bytes) -> None:
        """Send it once the client has read what came before."""
        if self._web_socket.is_lagging:
            try:
                async with asyncio.timeout(SECONDS_TO_READ_ON):
                    await self._web_socket.until_drained()
            except TimeoutError:
                self._web_socket.give_up()
        self._web_socket.send(frame)

    def end(self, *last: bytes, code: int = NORMAL, reason: str = "") -> None:
        """Close it after these."""
        for frame in last:
            self._web_socket.send(frame)
        self._web_socket.close(code, reason)


class Person:
    """Somebody's open sockets on this instance, the oldest first."""

    __slots__ = ("_alerts", "connections")

    def __init__(self) -> None:
        """Nobody yet."""
        self.connections: list[Connection] = []
        self._alerts: deque[UUID] | None = None

    def is_news(self, event_id: UUID) -> bool:
        """Whether this event was not told to them before; it counts as told from now on."""
        if self._alerts is None:
            self._alerts = deque(maxlen=ALERTS_REMEMBERED)
        if event_id in self._alerts:
            return False
        self._alerts.append(event_id)
        return True

    def send(self, frame: bytes) -> None:
        """To all of their sockets."""
        for connection in list(self.connections):
            connection.send(frame)


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

    def add(self, connection: Connection) -> Person:
        """A socket, and with it whose it is."""
        person = self._people.setdefault(connection.caller.user_id, Person())
        person.connections.append(connection)
        return person

    def remove(self, connection: Connection) -> None:
        """Forget a socket, and the person with their last."""
        person = self._people[connection.caller.user_id]
        person.connections.remove(connection)
        if not person.connections:
            del self._people[connection.caller.user_id]
