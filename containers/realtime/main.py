"""The relay: what Redis tells of is told to sockets; GET /health, GET /ready, and Socket.IO over WebSocket alone."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

import socketio

from containers.realtime import history, problems
from containers.realtime.client_events import ClientEvents
from containers.realtime.connection import Engine, People, Person
from containers.realtime.personal_channels import (
    end_sockets_of_ended_sessions,
    shut_out_of_ended_care,
    take_alert,
    take_revocation,
)
from containers.realtime.problems import Send, WebSocketOnly
from containers.realtime.redis_subscription import RedisSubscription
from containers.realtime.rooms import Rooms
from containers.realtime.typing_notices import TypingNotices
from containers.realtime.web_socket import Receive, Scope, WebSocket
from shared.events import MessageSent
from shared.problems import MethodNotAllowed, NotFound, Problem, Unavailable
from shared.settings import Settings
from shared.telemetry import log_exception

PATH: Final = "/socket.io/"
FRAME_BYTES: Final = 64 * 1024
SECONDS_TO_REACH_DATABASE: Final = 2.0


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO over our own engine."""

    def _engineio_server_class(self) -> type[Engine]:
        return Engine


class Relay:
    """One instance; `asgi` is what a server runs."""

    def __init__(self, settings: Settings) -> None:
        """Nothing connects before the lifespan starts."""
        self._settings = settings
        self._subscription = RedisSubscription(settings.redis_url, self._take, self._returned)
        self._people = People()
        self._rooms = Rooms(self._subscription)
        self._typing = TypingNotices(self._rooms, settings.redis_url, settings.typing_expires_seconds)
        self._events = ClientEvents(self._people, self._rooms, self._typing, self._subscription)
        self._sockets = _socket_server(settings)
        self._sockets.register_namespace(self._events)
        self._check_permissions = asyncio.Event()

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """https://asgi.readthedocs.io/en/stable/specs/main.html"""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            try:
                await self._http(scope["method"], scope["path"], send)
            except Problem as problem:
                await problems.answer(send, problem)

    async def _http(self, method: str, path: str, send: Send) -> None:
        if path.startswith(PATH.rstrip("/")):
            raise WebSocketOnly
        if path not in ("/health", "/ready"):
            raise NotFound
        if method != "GET":
            raise MethodNotAllowed
        if path == "/health":
            await problems.answer_json(send, 200, {"status": "up"})
        else:
            await self._ready(send)

    async def _ready(self, send: Send) -> None:
        parts = {"redis": self._subscription.is_alive, "database": await _database_is_reachable()}
        said = {name: "up" if up else "away" for name, up in parts.items()}
        if all(parts.values()):
            await problems.answer_json(send, 200, {"status": "ready", **said})
        else:
            await problems.answer(send, Unavailable(), state="degraded", **said)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if scope["path"] != PATH or query.get("transport") != ["websocket"] or query.get("EIO") != ["4"]:
            await receive()
            problem = WebSocketOnly() if scope["path"] == PATH else NotFound()
            await problems.answer(send, problem, prefix="websocket.http")
            return
        web_socket = WebSocket(scope, receive, send)
        web_socket.close_after(self._settings.socket_sign_in_seconds)
        try:
            await self._sockets.handle_request(scope, web_socket.receive, send)
        finally:
            web_socket.ended()
            if web_socket.connection:
                self._events.forget(web_socket.connection)

    def _take(self, channel: str, payload: bytes) -> None:
        """Something from Redis, whoever published it."""
        subject, _, subject_id = channel.partition(":")
        try:
            if subject in ("message", "typing"):
                self._take_in_room(subject, UUID(subject_id), payload)
            elif person := self._people.find(UUID(subject_id)):
                self._take_for_person(subject, person, payload)
        except Exception as error:  # noqa: BLE001 - one bad payload must not end what follows every channel
            log_exception("payload-not-understood", error)

    def _take_for_person(self, subject: str, person: Person, payload: bytes) -> None:
        if subject == "alert":
            take_alert(person, self._rooms, payload)
        else:
            take_revocation(person, payload)

    def _take_in_room(self, subject: str, conversation_id: UUID, payload: bytes) -> None:
        room = self._rooms.find(conversation_id)
        if room is None:
            return
        if subject == "typing":
            self._typing.take(room, payload)
            return
        sent = MessageSent.model_validate_json(payload)
        if sent.conversation_id == conversation_id:
            room.take(sent)

    def _returned(self) -> None:
        """What was published while Redis was away is lost, the ends of sessions and of care included."""
        self._rooms.catch_up()
        self._check_permissions.set()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._running():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @contextlib.asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        threads = ThreadPoolExecutor(self._settings.database_pool_size, thread_name_prefix="database")
        asyncio.get_running_loop().set_default_executor(threads)
        tasks = [asyncio.create_task(work) for work in self._background()]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._sockets.shutdown()
        await self._typing.close()

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        return [self._subscription.run(), self._watch_permissions()]

    async def _watch_permissions(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.sessions_checked_seconds):
                    await self._check_permissions.wait()
            self._check_permissions.clear()
            try:
                await end_sockets_of_ended_sessions(self._people)
                await shut_out_of_ended_care(self._people, self._rooms)
            except Exception as error:  # noqa: BLE001 - the next look may go well
                log_exception("permissions-not-checked", error)


def _socket_server(settings: Settings) -> SocketServer:
    # The library quotes what clients sent in its log lines; ours say what happened without that.
    quiet = logging.getLogger("engineio.quiet")
    quiet.disabled = True
    return SocketServer(
        async_mode="asgi",
        transports=["websocket"],
        cors_allowed_origins=[],
        max_http_buffer_size=FRAME_BYTES,
        ping_interval=settings.socket_ping_seconds,
        ping_timeout=settings.socket_pong_seconds,
        logger=quiet,
        engineio_logger=quiet,
    )


async def _database_is_reachable() -> bool:
    try:
        async with asyncio.timeout(SECONDS_TO_REACH_DATABASE):
            await asyncio.to_thread(history.reach)
    except (Unavailable, TimeoutError):
        return False
    return True
