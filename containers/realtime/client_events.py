"""What clients send, from CONNECT to the socket's end: which events there are, what they carry, what answers them."""

import asyncio
import secrets
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from pydantic import ConfigDict, Field, StrictInt, ValidationError
from redis.asyncio import Redis
from websockets.http11 import Request

from containers.realtime import history, sign_in, socket_io
from containers.realtime.connection import Connection, People
from containers.realtime.heartbeat import Heartbeat
from containers.realtime.history import Place
from containers.realtime.lookups import Lookups
from containers.realtime.observed import answered
from containers.realtime.presence import Presence
from containers.realtime.problems import UnknownEvent, WebSocketOnly, as_ack
from containers.realtime.redis_commands import publish
from containers.realtime.redis_subscription import RedisSubscription
from containers.realtime.rooms import Rooms
from containers.realtime.socket_io import ClientEvent, Connect, NotAPacket, Sign
from containers.realtime.typing_notices import TypingNotices
from containers.realtime.web_socket import FRAME_BYTES, POLICY_VIOLATION, WebSocket
from shared import audit, telemetry
from shared.contract import Schema
from shared.events import alert_channel, session_channel
from shared.problems import Malformed, NotFound, NotSignedIn, Problem, TooManyRequests
from shared.session import Caller
from shared.settings import Settings
from shared.telemetry import log, log_exception, metrics

PATH: Final = "/socket.io/"
SECONDS_TO_READ_REFUSAL: Final = 1.0
FRAMES_AT_ONCE: Final = 150
FRAMES_PER_SECOND: Final = 10.0
FRAMES_TOO_MANY: Final = 150
"""Beyond those that are answered with TooManyRequests: then the socket is closed."""
FRAMES_BEFORE_SIGN_IN: Final = 10
MANY: Final = 2**62


class InConversation(Schema):
    """Which conversation; what newer clients add is ignored."""

    model_config = ConfigDict(extra="ignore")

    conversation_id: UUID


Number = Annotated[StrictInt, Field(ge=0, le=MANY)]


class Join(InConversation):
    """Into which conversation, and after which message, edit or deletion the client wants what it missed."""

    after_seq: Number | None = None
    after_revision: Number | None = None

    @property
    def after(self) -> Place | None:
        """Without a revision, changes are wanted from now on alone."""
        if self.after_seq is None:
            return None
        return Place(self.after_seq, MANY if self.after_revision is None else self.after_revision)


class Read(InConversation):
    """How far the conversation was read."""

    seq: Number


Acknowledgement = dict[str, Any]
Handler = Callable[[Connection, Any], Awaitable[Acknowledgement]]


@dataclass(frozen=True)
class Parts:
    """Of one relay."""

    redis: Redis
    people: People
    rooms: Rooms
    typing: TypingNotices
    presence: Presence
    subscription: RedisSubscription
    lookups: Lookups


class ClientEvents:
    """What every socket of this instance says (a `Listener` of web_socket.py)."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        """`parts` is what the events act upon."""
        self._settings, self._redis, self._lookups = settings, parts.redis, parts.lookups
        self._people, self._rooms, self._subscription = parts.people, parts.rooms, parts.subscription
        self._typing, self._presence = parts.typing, parts.presence
        self._tasks: set[asyncio.Task[None]] = set()
        self.heartbeat = Heartbeat(settings)
        self._handlers: dict[str, Handler] = {
            "join": self._join,
            "leave": self._leave,
            "typing": self._start_typing,
            "stop-typing": self._stop_typing,
            "read": self._read,
        }

    # What web_socket.py tells.

    def check(self, request: Request) -> None:
        """Raises WebSocketOnly, NotFound."""
        address = urlsplit(request.path)
        if address.path != PATH:
            raise NotFound
        query = parse_qs(address.query)
        if query.get("transport") != ["websocket"] or query.get("EIO") != ["4"]:
            raise WebSocketOnly

    def opened(self, web_socket: WebSocket) -> None:
        """It has so long to sign in."""
        telemetry.count(metrics.SOCKETS_OPENED)
        self.heartbeat.begin(web_socket)
        web_socket.frames_left, web_socket.frames_left_at = float(FRAMES_BEFORE_SIGN_IN), _now()
        ping, pong = self._settings.socket_ping_seconds, self._settings.socket_pong_seconds
        web_socket.send(socket_io.opened(secrets.token_urlsafe(15), ping, pong, FRAME_BYTES))

    def received(self, web_socket: WebSocket, text: str) -> None:
        """Whatever is no packet of a client's, or comes without an end, ends its socket."""
        left = _count(web_socket)
        if left < -FRAMES_TOO_MANY or (left < 0 and web_socket.connection is None):
            log("socket-flooded", severity="WARNING")
            web_socket.close(POLICY_VIOLATION, "too many frames")
            return
        try:
            self._take(web_socket, socket_io.read(text), is_too_many=left < 0)
        except NotAPacket:
            web_socket.close(POLICY_VIOLATION, "not a packet")

    def too_slow(self, web_socket: WebSocket) -> None:
        """Its client resumes by number."""
        log("socket-too-slow", severity="WARNING", signed_in=web_socket.connection is not None)

    def gone(self, web_socket: WebSocket) -> None:
        """Nothing is kept of it."""
        telemetry.count(metrics.SOCKETS_CLOSED, web_socket.ended_by)
        self.heartbeat.sockets.discard(web_socket)
        if connection := web_socket.connection:
            web_socket.connection = None
            self._presence.leave(connection, comes_back=web_socket.comes_back)
            self._forget(connection)

    # Packets.

    def _take(self, web_socket: WebSocket, packet: Sign | Connect | ClientEvent, *, is_too_many: bool) -> None:
        if isinstance(packet, Sign):
            if packet.kind == "pong":
                self.heartbeat.heard_pong(web_socket)
            else:
                web_socket.close()
        elif isinstance(packet, Connect):
            self._take_connect(web_socket, packet)
        elif web_socket.connection is None:
            raise NotAPacket
        else:
            self._do(self._acknowledge(web_socket.connection, packet, is_too_many=is_too_many))

    def _take_connect(self, web_socket: WebSocket, packet: Connect) -> None:
        if packet.namespace != "/":
            web_socket.send(socket_io.refused(NotFound(), packet.namespace))
        elif web_socket.connection is None and not web_socket.is_signing_in:
            web_socket.is_signing_in = True
            self._do(self._connect(web_socket, packet.auth))

    async def _connect(self, web_socket: WebSocket, auth: object) -> None:
        try:
            await self._admit(web_socket, auth)
        except Problem as problem:
            log("socket-refused", problem=problem.urn())
            self._refuse(web_socket, problem)
        except Exception as error:  # noqa: BLE001 - the client is told nothing of it
            log_exception("socket-failed", error)
            self._refuse(web_socket, Problem())

    def _refuse(self, web_socket: WebSocket, problem: Problem) -> None:
        web_socket.send(socket_io.refused(problem))
        self.heartbeat.end_soon(web_socket, SECONDS_TO_READ_REFUSAL)

    async def _admit(self, web_socket: WebSocket, auth: object) -> None:
        """The session is looked at again once its channel is followed: its end may have fallen between."""
        assert web_socket.request
        caller = await sign_in.sign_in(self._lookups, web_socket.request, auth)
        address = sign_in.address_of(web_socket.request, web_socket.peer)
        connection = Connection(secrets.token_urlsafe(15), caller, address, web_socket)
        person = self._people.add(connection)
        try:
            await self._subscription.follow(*_channels(caller))
            await sign_in.require_open(self._lookups, caller)
            if not web_socket.is_open:
                raise NotSignedIn
        except BaseException:
            self._forget(connection)
            raise
        web_socket.connection, web_socket.request = connection, None
        web_socket.frames_left = float(FRAMES_AT_ONCE)
        self.heartbeat.keep(web_socket)
        web_socket.send(socket_io.connected(connection.id))
        self._presence.enter(connection, person)

    def _forget(self, connection: Connection) -> None:
        self._rooms.leave_all(connection)
        self._people.remove(connection)
        self._subscription.leave(*_channels(connection.caller))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Events.

    async def _acknowledge(self, connection: Connection, event: ClientEvent, *, is_too_many: bool) -> None:
        answer = as_ack(TooManyRequests()) if is_too_many else await self._observed(connection, event)
        if event.ack_id is not None:
            connection.send(socket_io.acknowledged(event.ack_id, answer))

    async def _observed(self, connection: Connection, event: ClientEvent) -> Acknowledgement:
        name = event.name if event.name in self._handlers else "unknown"
        telemetry.begin(str(uuid.uuid4()), f"socket {name}")
        return await answered(name, lambda: self._answer(connection, event))

    async def _answer(self, connection: Connection, event: ClientEvent) -> Acknowledgement:
        audit.acting.set(audit.Acting(connection.caller.user_id, connection.address))
        try:
            return await self._handle(connection, event)
        except ValidationError:
            return as_ack(Malformed())
        except Problem as problem:
            if problem.denial:
                await asyncio.to_thread(audit.record_denial, problem.denial)
            return as_ack(problem)
        except Exception as error:  # noqa: BLE001 - the client is told nothing of it
            log_exception("event-failed", error)
            return as_ack(Problem())

    async def _handle(self, connection: Connection, event: ClientEvent) -> Acknowledgement:
        handler = self._handlers.get(event.name) if isinstance(event.name, str) else None
        if handler is None:
            raise UnknownEvent
        return await handler(connection, event.argument)

    async def _join(self, connection: Connection, payload: object) -> Acknowledgement:
        asked = Join.model_validate(payload)
        joined = await self._rooms.join(connection, asked.conversation_id, asked.after)
        return joined.as_ack()

    async def _leave(self, connection: Connection, payload: object) -> Acknowledgement:
        asked = InConversation.model_validate(payload)
        async with connection.turn:
            self._rooms.leave(connection, asked.conversation_id)
        return {}

    async def _start_typing(self, connection: Connection, payload: object) -> Acknowledgement:
        asked = InConversation.model_validate(payload)
        await self._typing.report(connection, asked.conversation_id, typing=True)
        return {}

    async def _stop_typing(self, connection: Connection, payload: object) -> Acknowledgement:
        asked = InConversation.model_validate(payload)
        await self._typing.report(connection, asked.conversation_id, typing=False)
        return {}

    async def _read(self, connection: Connection, payload: object) -> Acknowledgement:
        asked = Read.model_validate(payload)
        state = await asyncio.to_thread(history.read, connection.caller, asked.conversation_id, asked.seq)
        if state.event:
            await publish(self._redis, state.event.channel, state.event.tagged_json())
        return {"lastReadSeq": state.last_read_seq}


def _count(web_socket: WebSocket) -> float:
    """How many more frames a socket may send at once; below 0, too many came."""
    moment = _now()
    earned = (moment - web_socket.frames_left_at) * FRAMES_PER_SECOND
    most = FRAMES_AT_ONCE if web_socket.connection else FRAMES_BEFORE_SIGN_IN
    web_socket.frames_left, web_socket.frames_left_at = min(most, web_socket.frames_left + earned) - 1, moment
    return web_socket.frames_left


def _channels(caller: Caller) -> tuple[str, ...]:
    """What a socket of theirs is told besides its rooms."""
    own = (session_channel(caller.user_id),)
    return (*own, alert_channel(caller.user_id)) if caller.role.is_staff else own


def _now() -> float:
    return asyncio.get_running_loop().time()
