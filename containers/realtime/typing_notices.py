"""Who is typing: passed through Redis by id, told to the others in the room, and over by itself."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from containers.realtime import history
from containers.realtime.connection import Connection, frame
from containers.realtime.rooms import Room, Rooms
from shared.events import TypingNoticed, typing_channel
from shared.problems import NotFound

SECONDS_BETWEEN_NOTICES: Final = 2.0
SECONDS_TO_PUBLISH: Final = 0.5


@dataclass
class Typist:
    """Somebody whom a room was told of: when (seconds of the clock), and what ends it."""

    told_at: float
    timer: asyncio.TimerHandle


class TypingNotices:
    """Notices from this instance's sockets to Redis, and from Redis to this instance's sockets."""

    def __init__(
        self, rooms: Rooms, redis_url: str, expires_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`redis_url` is published to, over connections of its own."""
        self._rooms = rooms
        self._redis: Redis = Redis.from_url(
            redis_url, socket_timeout=SECONDS_TO_PUBLISH, socket_connect_timeout=SECONDS_TO_PUBLISH
        )
        self._expires_seconds = expires_seconds
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    async def report(self, connection: Connection, conversation_id: UUID, *, typing: bool) -> None:
        """A member types or stopped. Raises NotFound where the socket did not join."""
        room = connection.rooms.get(conversation_id)
        if room is None:
            raise NotFound
        user_id, moment = connection.caller.user_id, self._clock()
        if typing and moment - room.reported.get(user_id, -SECONDS_BETWEEN_NOTICES) < SECONDS_BETWEEN_NOTICES:
            return
        room.reported[user_id] = moment if typing else -SECONDS_BETWEEN_NOTICES
        notice = TypingNoticed(
            conversation_id=conversation_id, user_id=user_id, typing=typing, origin=str(connection.caller.session_id)
        )
        try:
            await self._redis.publish(typing_channel(conversation_id), notice.model_dump_json())
        except (RedisError, OSError):
            return  # a notice is not worth an error

    def take(self, room: Room, payload: bytes) -> None:
        """A notice from Redis. Raises ValueError for what is none."""
        notice = TypingNoticed.model_validate_json(payload)
        if notice.typing:
            self._start(room, notice.user_id)
        else:
            self._stop(room, notice.user_id)

    async def close(self) -> None:
        """Let the connections go."""
        await self._redis.aclose()

    def _start(self, room: Room, user_id: UUID) -> None:
        moment, known = self._clock(), room.typists.get(user_id)
        if known:
            known.timer.cancel()
        timer = asyncio.get_running_loop().call_later(self._expires_seconds, self._stop, room, user_id)
        is_news = known is None or moment - known.told_at >= SECONDS_BETWEEN_NOTICES
        told_at = moment if known is None or is_news else known.told_at
        room.typists[user_id] = Typist(told_at, timer)
        if is_news:
            self._do(self._tell_name(room, user_id))

    def _stop(self, room: Room, user_id: UUID) -> None:
        if typist := room.typists.pop(user_id, None):
            typist.timer.cancel()
            told = {"conversationId": str(room.conversation_id), "userId": str(user_id)}
            _tell_others(room, user_id, "user-stopped-typing", told)

    async def _tell_name(self, room: Room, user_id: UUID) -> None:
        if user_id not in room.names:
            room.names[user_id] = await asyncio.to_thread(history.name_of, user_id)
        if user_id in room.typists:
            told = {"conversationId": str(room.conversation_id), "userId": str(user_id), "name": room.names[user_id]}
            _tell_others(room, user_id, "user-typing", told)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _tell_others(room: Room, user_id: UUID, event: str, told: dict[str, str]) -> None:
    packet = frame(event, json.dumps(told))
    for connection in list(room.seats):
        if connection.caller.user_id != user_id:
            connection.send_if_clear(packet)
