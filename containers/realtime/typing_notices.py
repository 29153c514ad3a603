"""Who is typing: passed through Redis by id, told to the others in the room, and over by itself."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis

from containers.realtime import history
from containers.realtime.connection import Connection
from containers.realtime.redis_commands import publish
from containers.realtime.rooms import Room
from containers.realtime.socket_io import frame
from shared.events import TypingNoticed, typing_channel
from shared.problems import NotFound, Unavailable

SECONDS_BETWEEN_NOTICES: Final = 2.0
SECONDS_BEFORE_ASKING_AGAIN: Final = 10.0
"""Whether somebody wants to be seen typing: what they chose counts from so much later on at the latest."""


@dataclass
class Typist:
    """Somebody whom a room was told of: when (seconds of the clock), and what ends it."""

    told_at: float
    timer: asyncio.TimerHandle


@dataclass(slots=True)
class Typing:
    """Of one room: most never have any."""

    names: dict[UUID, str] = field(default_factory=dict)
    typists: dict[UUID, Typist] = field(default_factory=dict)
    reported: dict[UUID, float] = field(default_factory=dict)
    """When a notice from this instance last went out, by user."""
    visible: dict[UUID, tuple[bool, float]] = field(default_factory=dict)
    """Whether a user of this instance wants to be seen typing, and when the database said so."""


class TypingNotices:
    """Notices from this instance's sockets to Redis, and from Redis to this instance's sockets."""

    def __init__(self, redis: Redis, expires_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`redis` is published to."""
        self._redis = redis
        self._expires_seconds = expires_seconds
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    async def report(self, connection: Connection, conversation_id: UUID, *, typing: bool) -> None:
        """A member types or stopped. Raises NotFound where the socket did not join."""
        room = connection.rooms.get(conversation_id)
        if room is None:
            raise NotFound
        user_id, moment, room_typing = connection.caller.user_id, self._clock(), _of(room)
        last = room_typing.reported.get(user_id, -SECONDS_BETWEEN_NOTICES)
        if typing and moment - last < SECONDS_BETWEEN_NOTICES:
            return
        room_typing.reported[user_id] = moment if typing else -SECONDS_BETWEEN_NOTICES
        if typing and not await self._is_visible(room_typing, user_id, moment):
            return
        notice = TypingNoticed(
            conversation_id=conversation_id, user_id=user_id, typing=typing, origin=str(connection.caller.session_id)
        )
        await publish(self._redis, typing_channel(conversation_id), notice.model_dump_json())

    async def _is_visible(self, room_typing: Typing, user_id: UUID, moment: float) -> bool:
        visible, asked_at = room_typing.visible.get(user_id, (False, -SECONDS_BEFORE_ASKING_AGAIN))
        if moment - asked_at < SECONDS_BEFORE_ASKING_AGAIN:
            return visible
        try:
            privacy = await asyncio.to_thread(history.privacy_of, [user_id])
        except Unavailable:
            return False
        visible = user_id in privacy and privacy[user_id].typing_visible
        room_typing.visible[user_id] = visible, moment
        return visible

    def take(self, room: Room, payload: bytes) -> None:
        """A notice from Redis. Raises ValueError for what is none."""
        notice = TypingNoticed.model_validate_json(payload)
        if notice.typing:
            self._start(room, notice.user_id)
        else:
            self._stop(room, notice.user_id)

    def _start(self, room: Room, user_id: UUID) -> None:
        room_typing = _of(room)
        moment, known = self._clock(), room_typing.typists.get(user_id)
        if known:
            known.timer.cancel()
        timer = asyncio.get_running_loop().call_later(self._expires_seconds, self._stop, room, user_id)
        is_news = known is None or moment - known.told_at >= SECONDS_BETWEEN_NOTICES
        told_at = moment if known is None or is_news else known.told_at
        room_typing.typists[user_id] = Typist(told_at, timer)
        if is_news:
            self._do(self._tell_name(room, user_id))

    def _stop(self, room: Room, user_id: UUID) -> None:
        if typist := _of(room).typists.pop(user_id, None):
            typist.timer.cancel()
            told = {"conversationId": str(room.conversation_id), "userId": str(user_id)}
            _tell_others(room, user_id, "user-stopped-typing", told)

    async def _tell_name(self, room: Room, user_id: UUID) -> None:
        names = _of(room).names
        if user_id not in names:
            names[user_id] = await asyncio.to_thread(history.name_of, user_id)
        if user_id in _of(room).typists:
            told = {"conversationId": str(room.conversation_id), "userId": str(user_id), "name": names[user_id]}
            _tell_others(room, user_id, "user-typing", told)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _of(room: Room) -> Typing:
    if room.typing is None:
        room.typing = Typing()
    return room.typing


def _tell_others(room: Room, user_id: UUID, event: str, told: dict[str, str]) -> None:
    packet = frame(event, json.dumps(told))
    for connection in list(room.seats):
        if connection.caller.user_id != user_id:
            connection.send_if_clear(packet)
