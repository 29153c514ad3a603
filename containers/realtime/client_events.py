"""The events of a socket, from CONNECT to its end: which there are, what they carry, and what acknowledges them."""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from uuid import UUID

import socketio
from pydantic import ConfigDict, Field, StrictInt, ValidationError
from socketio.exceptions import ConnectionRefusedError as Refused

from containers.realtime import sign_in
from containers.realtime.connection import Connection, People
from containers.realtime.problems import UnknownEvent, as_ack
from containers.realtime.redis_subscription import RedisSubscription
from containers.realtime.rooms import Rooms
from containers.realtime.typing_notices import TypingNotices
from containers.realtime.web_socket import WebSocket
from shared import audit, telemetry
from shared.contract import Schema
from shared.events import alert_channel, session_channel
from shared.problems import Malformed, NotSignedIn, Problem
from shared.roles import Role
from shared.session import Caller
from shared.settings import settings
from shared.telemetry import log, log_exception

SECONDS_TO_READ_REFUSAL: Final = 1.0


class InConversation(Schema):
    """Which conversation; what newer clients add is ignored."""

    model_config = ConfigDict(extra="ignore")

    conversation_id: UUID


class Join(InConversation):
    """Into which conversation, and after which message the client wants what it missed."""

    after_seq: Annotated[StrictInt, Field(ge=0, le=2**62)] | None = None


Acknowledgement = dict[str, Any] | None
Handler = Callable[[Connection, Any], Awaitable[Acknowledgement]]


class ClientEvents(socketio.AsyncNamespace):  # type: ignore[misc]
    """The default namespace."""

    def __init__(self, people: People, rooms: Rooms, typing: TypingNotices, subscription: RedisSubscription) -> None:
        """What the events act upon."""
        super().__init__("/")
        self._people, self._rooms, self._typing, self._subscription = people, rooms, typing, subscription
        self._connections: dict[str, Connection] = {}
        self._handlers: dict[str, Handler] = {
            "join": self._join,
            "leave": self._leave,
            "typing": self._start_typing,
            "stop-typing": self._stop_typing,
        }

    async def trigger_event(self, event: object, sid: str, *arguments: Any) -> Any:
        """Everything that the library hears: its own two events, and by any name what clients send."""
        if event == "connect" and len(arguments) > 1 and arguments[0] is self.server.get_environ(sid):
            return await self._connect(sid, *arguments)
        if event == "disconnect" and not self.server.manager.is_connected(sid, "/"):
            self._disconnect(sid)
            return None
        return await self._acknowledge(sid, event, arguments[0] if arguments else None)

    async def _connect(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        web_socket: WebSocket = environ["asgi.scope"]["state"]["web_socket"]
        try:
            connection = await self._admit(sid, environ, auth, web_socket)
        except Problem as problem:
            web_socket.close_after(SECONDS_TO_READ_REFUSAL)
            log("socket-refused", problem=problem.urn())
            raise Refused(problem.title, {"type": problem.urn()}) from None
        except Exception as error:  # noqa: BLE001 - the client is told nothing of it
            web_socket.close_after(SECONDS_TO_READ_REFUSAL)
            log_exception("socket-failed", error)
            raise Refused(Problem.title, {"type": Problem.urn()}) from None
        self._connections[sid] = web_socket.connection = connection

    async def _admit(self, sid: str, environ: dict[str, Any], auth: object, web_socket: WebSocket) -> Connection:
        """The session is looked at again once its channel is followed: its end may have fallen between."""
        caller = await sign_in.sign_in(environ, auth)
        queue = self.server.eio.sockets[self.server.manager.eio_sid_from_sid(sid, "/")].queue
        connection = Connection(sid, caller, sign_in.address_of(environ), web_socket, queue)
        self._people.add(connection)
        try:
            await self._subscription.follow(*_channels(caller))
            await sign_in.require_open(caller)
            if not web_socket.is_open:
                raise NotSignedIn
        except BaseException:
            self.forget(connection)
            raise
        lifetime = settings().socket_minutes * 60 * random.uniform(0.9, 1.1)  # noqa: S311 - spreads reconnections
        connection.begin(lifetime)
        return connection

    def _disconnect(self, sid: str) -> None:
        if connection := self._connections.get(sid):
            connection.end()

    def forget(self, connection: Connection) -> None:
        """The socket is gone."""
        connection.closed()
        self._connections.pop(connection.sid, None)
        self._rooms.leave_all(connection)
        self._people.remove(connection)
        self._subscription.leave(*_channels(connection.caller))

    async def _acknowledge(self, sid: str, event: object, payload: object) -> Acknowledgement:
        connection = self._connections.get(sid)
        if connection is None or not connection.is_open:
            return as_ack(NotSignedIn())
        audit.acting.set(audit.Acting(connection.caller.user_id, connection.address))
        telemetry.current.set(telemetry.RequestTrace(str(uuid.uuid4())))
        try:
            connection.count_event()
            return await self._handle(connection, event, payload)
        except ValidationError:
            return as_ack(Malformed())
        except Problem as problem:
            if problem.denial:
                await asyncio.to_thread(audit.record_denial, problem.denial)
            return as_ack(problem)
        except Exception as error:  # noqa: BLE001 - the client is told nothing of it
            log_exception("event-failed", error)
            return as_ack(Problem())

    async def _handle(self, connection: Connection, event: object, payload: object) -> Acknowledgement:
        handler = self._handlers.get(event) if isinstance(event, str) else None
        if handler is None:
            raise UnknownEvent
        return await handler(connection, payload)

    async def _join(self, connection: Connection, payload: object) -> Acknowledgement:
        asked = Join.model_validate(payload)
        joined = await self._rooms.join(connection, asked.conversation_id, asked.after_seq)
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


def _channels(caller: Caller) -> tuple[str, ...]:
    """What a socket of theirs is told besides its rooms."""
    own = (session_channel(caller.user_id),)
    return (*own, alert_channel(caller.user_id)) if caller.role is Role.THERAPIST else own
