"""Who is there: every socket's heartbeat in Redis, right across instances and devices, told inside open care alone.

Redis holds, by user, each open socket with the moment at which it counts no longer (`sockets:{userId}`), so that what a
killed instance held runs out by itself; and when somebody was last there (`seen:{userId}`). The same set says who has
too many sockets open: the oldest give way.
"""

import asyncio
import json
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis

from containers.realtime import history
from containers.realtime.connection import Connection, People, Person
from containers.realtime.history import Entered
from containers.realtime.problems import TooManySockets
from containers.realtime.redis_commands import AWAY
from containers.realtime.redis_subscription import RedisSubscription
from containers.realtime.rooms import Room, Rooms
from containers.realtime.socket_io import DISCONNECT, frame
from containers.realtime.web_socket import POLICY_VIOLATION
from shared.contract import Schema, UtcTime
from shared.events import alert_channel, presence_channel, session_channel
from shared.problems import Unavailable
from shared.settings import Settings
from shared.telemetry import log_exception

SOCKETS_PER_PERSON: Final = 5
SECONDS_SEEN_IS_KEPT: Final = 30 * 24 * 3600
AT_ONCE: Final = 200

# Times are Redis's own, in milliseconds. A socket is `when it was opened:its id`, so that the oldest come first.
_ENTER: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if last and tonumber(last) <= now then
  redis.call('SET', KEYS[2], string.format('%d', last - ARGV[2]), 'EX', ARGV[4])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local member = string.format('%d%06d:', time[1], time[2]) .. ARGV[1]
redis.call('ZADD', KEYS[1], now + ARGV[2], member)
redis.call('EXPIRE', KEYS[1], ARGV[4])
local open = redis.call('ZRANGE', KEYS[1], 0, -1)
table.sort(open)
local answer = {member}
for place = 1, #open - ARGV[3] do
  redis.call('ZREM', KEYS[1], open[place])
  answer[#answer + 1] = open[place]
end
return answer
"""
_LEAVE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 and redis.call('ZCOUNT', KEYS[1], now, '+inf') == 0 then
  redis.call('SET', KEYS[2], now, 'EX', ARGV[2])
  return 1
end
return 0
"""
_LOOK: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if last and tonumber(last) > now then return {1, false} end
if last then return {0, string.format('%d', last - ARGV[1])} end
return {0, redis.call('GET', KEYS[2])}
"""


class ShownPresence(Schema):
    """Whether somebody is there, and since when not; null where that is not known."""

    user_id: UUID
    online: bool
    last_seen_at: UtcTime | None


@dataclass(slots=True)
class Watched:
    """Somebody whose presence is told on this instance: to whom, and what was told last."""

    is_shown: bool
    rooms: set[UUID] = field(default_factory=set)
    newcomers: list[Connection] = field(default_factory=list)
    """Who was told nothing yet."""
    told: ShownPresence | None = None


class Presence:
    """This instance's sockets to Redis, and what Redis says of others to this instance's sockets."""

    def __init__(
        self, settings: Settings, redis: Redis, people: People, rooms: Rooms, subscription: RedisSubscription
    ) -> None:
        """Without Redis nobody is told anything, and nothing else is lost."""
        self._redis = redis
        self._expires_ms = int(settings.presence_expires_seconds * 1000)
        self._people, self._rooms, self._subscription = people, rooms, subscription
        self._members: dict[Connection, str] = {}
        self._watched: dict[UUID, Watched] = {}
        self._changed: set[UUID] = set()
        self._looking: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._enter, self._leave, self._look = (self._redis.register_script(it) for it in (_ENTER, _LEAVE, _LOOK))

    async def run(self) -> None:
        """Beat, until cancelled: what this instance holds is renewed, and what it shows looked up."""
        while True:
            await asyncio.sleep(self._expires_ms / 2500)
            await self._try(self._beat())

    # This instance's sockets.

    def enter(self, connection: Connection, person: Person) -> None:
        """A socket was signed in; where it is one too many, the oldest gives way, wherever it is."""
        for oldest in person.connections[:-SOCKETS_PER_PERSON]:
            give_way(oldest)
        self._do(self._tell_entry(connection))

    def leave(self, connection: Connection, *, comes_back: bool) -> None:
        """A socket is gone; where its client was asked to connect again, nobody is to see it come and go."""
        if comes_back:
            self._members.pop(connection, None)
        else:
            self._do(self._tell_leaving(connection))

    async def _tell_entry(self, connection: Connection) -> None:
        user_id = connection.caller.user_id
        limits = (self._expires_ms, SOCKETS_PER_PERSON, SECONDS_SEEN_IS_KEPT)
        member, *too_old = await self._enter(keys=_keys(user_id), args=[connection.id, *limits])
        if connection.is_open:
            self._members[connection] = member.decode()
        else:
            await self._leave(keys=_keys(user_id), args=[member, SECONDS_SEEN_IS_KEPT])
        await self._redis.publish(presence_channel(user_id), "")
        if too_old:
            ids = ",".join(f'"{gone.decode().partition(":")[2]}"' for gone in too_old)
            await self._redis.publish(session_channel(user_id), f'{{"socketIds":[{ids}]}}')

    async def _tell_leaving(self, connection: Connection) -> None:
        member = self._members.pop(connection, None)
        if member is None:
            return
        user_id = connection.caller.user_id
        if await self._leave(keys=_keys(user_id), args=[member, SECONDS_SEEN_IS_KEPT]):
            await self._redis.publish(presence_channel(user_id), "")

    async def _beat(self) -> None:
        seconds, micros = await self._redis.time()
        ends = seconds * 1000 + micros // 1000 + self._expires_ms
        pipeline = self._redis.pipeline(transaction=False)
        for number, (connection, member) in enumerate(list(self._members.items()), start=1):
            key = _keys(connection.caller.user_id)[0]
            pipeline.zadd(key, {member: ends})
            pipeline.expire(key, SECONDS_SEEN_IS_KEPT)
            if number % AT_ONCE == 0:
                await pipeline.execute()
        await pipeline.execute()
        self._look_at(*self._watched)

    def announce(self) -> None:
        """Redis is back, and may have forgotten everything."""
        unknown = [connection for connection in self._people if connection not in self._members]
        for connection in unknown:
            self._do(self._tell_entry(connection))
        self._do(self._beat())

    # What this instance shows.

    def watch(self, room: Room, connection: Connection, entered: Entered) -> None:
        """A socket sat down in a room: while the care is open it is told whether the other person is there."""
        pair = (entered.membership.patient_id, entered.membership.clinician_id)
        if not entered.membership.is_open or connection.caller.user_id not in pair:
            return
        if room.watches is None:
            room.watches = pair
            self._do(self._subscription.follow(*_followed(pair)))
        other_id = entered.other_than(connection.caller.user_id)
        watched = self._watched.setdefault(other_id, Watched(is_shown=False))
        watched.rooms.add(room.conversation_id)
        watched.newcomers.append(connection)
        self._look_at(other_id)

    def unwatch(self, room: Room) -> None:
        """Nobody sits there any more, or its care has ended: at once nobody there is shown anybody."""
        if room.watches is None:
            return
        pair, room.watches = room.watches, None
        self._subscription.leave(*_followed(pair))
        for person_id in pair:
            if watched := self._watched.get(person_id):
                watched.rooms.discard(room.conversation_id)
                if watched.told:
                    nothing = ShownPresence(user_id=person_id, online=False, last_seen_at=None)
                    _tell_room(room, person_id, frame("presence", nothing.model_dump_json()))
                if not watched.rooms:
                    del self._watched[person_id]

    def noticed(self, user_id: UUID) -> None:
        """Something changed about somebody: what it is, Redis is asked."""
        self._look_at(user_id)

    def _look_at(self, *user_ids: UUID) -> None:
        self._changed.update(user_id for user_id in user_ids if user_id in self._watched)
        if self._looking is None and self._changed:
            self._looking = asyncio.create_task(self._look_at_all())

    async def _look_at_all(self) -> None:
        try:
            while self._changed:
                wanted = [self._changed.pop() for _ in range(min(AT_ONCE, len(self._changed)))]
                await self._try(self._look_at_some(wanted))
        finally:
            self._looking = None

    async def _look_at_some(self, user_ids: list[UUID]) -> None:
        privacy = await asyncio.to_thread(history.privacy_of, user_ids)
        pipeline = self._redis.pipeline(transaction=False)
        for user_id in user_ids:
            await self._look(keys=_keys(user_id), args=[self._expires_ms], client=pipeline)
        for user_id, (online, seen) in zip(user_ids, await pipeline.execute(), strict=True):
            if watched := self._watched.get(user_id):
                watched.is_shown = user_id in privacy and privacy[user_id].presence_visible
                seen_at = datetime.fromtimestamp(int(seen) / 1000, UTC) if seen else None
                self._tell(watched, ShownPresence(user_id=user_id, online=bool(online), last_seen_at=seen_at))

    def _tell(self, watched: Watched, state: ShownPresence) -> None:
        """Everybody what is new, and newcomers what is not; of somebody who shows nothing, nothing is ever said."""
        shown = state if watched.is_shown else ShownPresence(user_id=state.user_id, online=False, last_seen_at=None)
        newcomers, watched.newcomers = watched.newcomers, []
        packet = frame("presence", shown.model_dump_json())
        if shown != watched.told and (watched.told or watched.is_shown):
            watched.told = shown
            for room in filter(None, map(self._rooms.find, watched.rooms)):
                _tell_room(room, state.user_id, packet)
        elif watched.is_shown:
            for connection in newcomers:
                connection.send_if_clear(packet)

    # However it goes, nobody waits for it.

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._try(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _try(self, work: Awaitable[None]) -> None:
        try:
            await work
        except (*AWAY, Unavailable):
            return  # nobody is told; the next beat tells
        except Exception as error:  # noqa: BLE001 - presence is worth no more than a line
            log_exception("presence-failed", error)


def give_way(connection: Connection) -> None:
    """A person has opened more sockets than they may: this one is closed, and does not come back by itself."""
    why = json.dumps({"type": TooManySockets.urn(), "title": TooManySockets.title})
    connection.end(frame("too-many-sockets", why), DISCONNECT, code=POLICY_VIOLATION, reason="too many sockets")


def _tell_room(room: Room, about: UUID, packet: bytes) -> None:
    for connection in list(room.seats):
        if connection.caller.user_id != about:
            connection.send_if_clear(packet)


def _keys(user_id: UUID) -> list[str]:
    return [f"sockets:{user_id}", f"seen:{user_id}"]


def _followed(pair: tuple[UUID, UUID]) -> tuple[str, ...]:
    """Both people's presence, and the word that the care between them has ended."""
    return (*map(presence_channel, pair), alert_channel(pair[1]))
