"""The relay: what Redis tells of is told to sockets; GET /health, GET /ready, and Socket.IO over WebSocket alone."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import UUID

from containers.realtime import history, problems
from containers.realtime.client_events import PATH, ClientEvents, Parts
from containers.realtime.connection import People
from containers.realtime.lookups import Lookups
from containers.realtime.observed import answer_metrics, watch
from containers.realtime.personal_channels import (
    end_sockets_of_ended_sessions,
    shut_out_of_ended_care,
    shut_out_of_ended_coverage,
    take_alert,
    take_session_word,
)
from containers.realtime.presence import Presence
from containers.realtime.problems import Send, WebSocketOnly
from containers.realtime.redis_commands import redis_at
from containers.realtime.redis_subscription import RedisSubscription
from containers.realtime.rooms import Room, Rooms
from containers.realtime.typing_notices import TypingNotices
from containers.realtime.web_socket import WebSocket
from shared.events import MessageDeleted, MessageSent, MessageUpdated, ReadAdvanced
from shared.problems import MethodNotAllowed, NotFound, Problem, Unavailable
from shared.settings import Settings
from shared.telemetry import log_exception, metrics
from shared.telemetry.leaving import Leaving

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Scope = MutableMapping[str, Any]

SECONDS_TO_REACH_DATABASE: Final = 2.0
SECONDS_BETWEEN_LOOKS_AT_COVERAGE: Final = 0.5
SECONDS_BETWEEN_LOOKS_AT_WHAT_LEAVES: Final = 1.0
SECONDS_TO_END_WORK: Final = 0.5
TAGGED: Final = b'{"type":'
"""How everything on a conversation's channel begins that is not a new message."""


class Relay:
    """One instance; `asgi` is what a server runs."""

    def __init__(self, settings: Settings, leaving: Leaving) -> None:
        """Nothing connects before the lifespan starts; `leaving` is what leaves from time to time."""
        self._leaving = leaving
        self._settings = settings
        self._subscription = RedisSubscription(settings.redis_url, self._take, self._returned)
        lookups = Lookups()
        self._people = People()
        self._rooms = Rooms(self._subscription, lookups)
        self._redis = redis_at(settings.redis_url)
        self._typing = TypingNotices(self._redis, settings.typing_expires_seconds)
        self._presence = Presence(settings, self._redis, self._people, self._rooms, self._subscription)
        self._rooms.entered, self._rooms.emptied = self._presence.watch, self._presence.unwatch
        self._events = ClientEvents(
            settings,
            Parts(self._redis, self._people, self._rooms, self._typing, self._presence, self._subscription, lookups),
        )
        self._check_permissions = asyncio.Event()
        self._be_watched()

    def _be_watched(self) -> None:
        watch(metrics.SOCKETS_OPEN, self._events.heartbeat.sockets.__len__)
        watch(metrics.ROOMS_OPEN, self._rooms.by_channel.__len__)
        watch(metrics.REDIS_FOLLOWED, lambda: self._subscription.is_alive)
        watch(metrics.REDIS_RETURNS, lambda: self._subscription.returns)

    def web_socket(self, *, server_state: Any, **_: Any) -> WebSocket:
        """What takes over from uvicorn's HTTP at an upgrade; it is called as uvicorn calls a protocol's class."""
        return WebSocket(self._events, server_state.connections)

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """https://asgi.readthedocs.io/en/stable/specs/main.html"""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            try:
                await self._http(scope, send)
            except Problem as problem:
                await problems.answer(send, problem)

    async def _http(self, scope: Scope, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if path.startswith(PATH.rstrip("/")):
            raise WebSocketOnly
        if path not in ("/health", "/ready", "/metrics"):
            raise NotFound
        if method != "GET":
            raise MethodNotAllowed
        if path == "/health":
            await problems.answer_json(send, 200, {"status": "up"})
        elif path == "/metrics":
            await answer_metrics(send, _accepted(scope))
        else:
            await self._ready(send)

    async def _ready(self, send: Send) -> None:
        parts = {"redis": self._subscription.is_alive, "database": await _database_is_reachable()}
        said = {name: "up" if up else "away" for name, up in parts.items()}
        if all(parts.values()):
            await problems.answer_json(send, 200, {"status": "ready", **said})
        else:
            await problems.answer(send, Unavailable(), state="degraded", **said)

    def _take(self, channel: bytes, payload: bytes) -> None:
        """Something from Redis, whoever published it."""
        try:
            if room := self._rooms.by_channel.get(channel):
                _take_in_room(room, payload)
            else:
                self._take_besides(channel.decode(), payload)
        except Exception as error:  # noqa: BLE001 - one bad payload must not end what follows every channel
            log_exception("payload-not-understood", error)

    def _take_besides(self, channel: str, payload: bytes) -> None:
        subject, _, subject_id = channel.partition(":")
        if subject == "typing":
            if room := self._rooms.find(UUID(subject_id)):
                self._typing.take(room, payload)
        elif subject != "message":  # of a room that was just left
            self._take_for_person(subject, UUID(subject_id), payload)

    def _take_for_person(self, subject: str, user_id: UUID, payload: bytes) -> None:
        person = self._people.find(user_id)
        if subject == "presence":
            self._presence.noticed(user_id)
        elif subject == "alert":
            take_alert(person, self._rooms, self._presence, payload)
        elif person:
            take_session_word(person, payload)

    def _returned(self) -> None:
        """What was published while Redis was away is lost, the ends of sessions and of care included."""
        self._rooms.catch_up()
        self._presence.announce()
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
        tasks = {asyncio.create_task(work) for work in self._background()}
        yield
        while tasks:  # a client library may take a cancellation for a broken connection, and go on
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=SECONDS_TO_END_WORK)
        await self._redis.aclose()

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self._subscription.run(),
            self._events.heartbeat.run(),
            self._presence.run(),
            self._watch_permissions(),
            self._watch_coverage(),
            self._leave(),
        ]

    async def _leave(self) -> None:
        """Spans and numbers leave by themselves: an instance's CPU is always there."""
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS_AT_WHAT_LEAVES)
            await asyncio.to_thread(self._leaving.run_due)

    async def _watch_coverage(self) -> None:
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS_AT_COVERAGE)
            try:
                await shut_out_of_ended_coverage(self._people, self._rooms, self._presence)
            except Exception as error:  # noqa: BLE001 - the next look may go well
                log_exception("coverage-not-checked", error)

    async def _watch_permissions(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.sessions_checked_seconds):
                    await self._check_permissions.wait()
            self._check_permissions.clear()
            try:
                await end_sockets_of_ended_sessions(self._people)
                await shut_out_of_ended_care(self._people, self._rooms, self._presence)
            except Exception as error:  # noqa: BLE001 - the next look may go well
                log_exception("permissions-not-checked", error)


def _take_in_room(room: Room, payload: bytes) -> None:
    if payload.startswith(TAGGED):
        _take_tagged(room, payload)
        return
    sent = MessageSent.model_validate_json(payload)
    if sent.conversation_id == room.conversation_id:
        room.take(sent)


def _take_tagged(room: Room, payload: bytes) -> None:
    """An edit, a deletion, or how far somebody has read. Raises ValueError, KeyError for what is none."""
    fields = json.loads(payload)
    kind, conversation_id = fields.pop("type"), fields["conversationId"]
    if conversation_id != str(room.conversation_id):
        return
    if kind == ReadAdvanced.type:
        room.take_reading(ReadAdvanced.model_validate(fields))
    elif kind == MessageUpdated.type:
        room.take_change(MessageUpdated.model_validate(fields))
    elif kind == MessageDeleted.type:
        room.take_change(MessageDeleted.model_validate(fields))
    else:
        raise ValueError("an event that is not for rooms")


def _accepted(scope: Scope) -> str:
    """The `Accept` of a request."""
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")


async def _database_is_reachable() -> bool:
    try:
        async with asyncio.timeout(SECONDS_TO_REACH_DATABASE):
            await asyncio.to_thread(history.reach)
    except (Unavailable, TimeoutError):
        return False
    return True
