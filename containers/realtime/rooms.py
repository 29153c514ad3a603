"""Rooms: every member's socket is told each message and each change once and in order, whatever Redis loses."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from containers.realtime import history
from containers.realtime.connection import Connection
from containers.realtime.history import Entered, Entering, Page, Place
from containers.realtime.lookups import Lookups
from containers.realtime.observed import delivering, told
from containers.realtime.redis_subscription import RedisSubscription
from containers.realtime.seats import Seat, analysed_frame, changed_frame
from containers.realtime.socket_io import frame
from shared import audit, telemetry
from shared.events import MessageDeleted, MessageSent, MessageUpdated, ReadAdvanced, message_channel, typing_channel
from shared.messages import shown_message_of
from shared.problems import NotFound, Problem, TooManyRequests, Unavailable
from shared.telemetry import count, log, log_exception
from shared.telemetry.metrics import CATCH_UPS

if TYPE_CHECKING:
    from containers.realtime.typing_notices import Typing

ROOMS_PER_SOCKET: Final = 128
SECONDS_BEFORE_READING_AGAIN: Final = 1.0


@dataclass
class Joined:
    """What acknowledges a `join`."""

    recovered: bool
    """Whether everything after the number asked for was sent; without one there is nothing to recover."""
    last_seq: int
    last_revision: int

    def as_ack(self) -> dict[str, Any]:
        """As the client sees it."""
        return {"recovered": self.recovered, "lastSeq": self.last_seq, "lastRevision": self.last_revision}


@dataclass(slots=True)
class Room:
    """A conversation with sockets on this instance."""

    conversation_id: UUID
    seq: int = 0
    """The last message that every seat was told; while nobody sits, the last that passed by."""
    revision: int = 0
    """The last edit or deletion, in the same way."""
    entrants: int = 0
    """Sockets that sit here or are on their way in."""
    seats: dict[Connection, Seat] = field(default_factory=dict)
    typing: "Typing | None" = None
    watches: tuple[UUID, UUID] | None = None
    """Patient and clinician, while each is shown whether the other is there."""
    reading: asyncio.Task[None] | None = None
    read_again: bool = False

    def take(self, sent: MessageSent) -> None:
        """A message from Redis: told if it is the next one, looked for in the database if one is missing before it."""
        if sent.seq <= self.seq:
            return
        if not self.seats:
            self.seq = sent.seq
        elif sent.seq == self.seq + 1:
            with delivering(sent, self.seats.__len__):
                self._tell(sent.seq, frame("new-message", shown_message_of(sent).model_dump_json()))
        else:
            self.catch_up()

    def take_change(self, changed: MessageUpdated | MessageDeleted) -> None:
        """An edit or a deletion from Redis, in the same way."""
        if changed.revision <= self.revision:
            return
        if not self.seats:
            self.revision = changed.revision
        elif changed.revision == self.revision + 1 and changed.seq <= self.seq:
            with delivering(changed, self.seats.__len__):
                self.revision, packet = changed.revision, changed_frame(shown_message_of(changed))
                for seat in list(self.seats.values()):
                    seat.tell_change(changed.revision, packet)
        else:
            self.catch_up()

    def take_reading(self, read: ReadAdvanced) -> None:
        """Somebody has read so far."""
        packet = frame("read", read.model_dump_json(include={"conversation_id", "user_id", "seq"}))
        for connection in list(self.seats):
            if read.for_everyone or connection.caller.user_id == read.user_id:
                connection.send(packet)

    def tell_members_changed(self) -> None:
        """Somebody left for good: whoever stays may ask who is there, and whether they can still write."""
        packet = frame("members-changed", json.dumps({"conversationId": str(self.conversation_id)}))
        for connection in list(self.seats):
            connection.send(packet)

    def catch_up(self) -> None:
        """Read what follows the last that was told, and then once more if asked again meanwhile."""
        if self.reading:
            self.read_again = True
        elif self.seats:
            self.reading = asyncio.create_task(self._catch_up())

    def seat(self, seat: Seat) -> bool:
        """Sit down, unless something passed by that the socket was not told; whether that went well."""
        if seat.seq < self.seq or seat.revision < self.revision:
            return False
        if not self.seats:
            self.seq, self.revision = seat.place
        self.seats[seat.connection] = seat
        return True

    def _tell(self, seq: int, packet: bytes) -> None:
        self.seq = seq
        for seat in list(self.seats.values()):
            seat.tell(seq, packet)

    async def _catch_up(self) -> None:
        count(CATCH_UPS)
        try:
            while self.seats:
                self.read_again = False
                page = await self._read()
                self._tell_page(page)
                if page.is_last and not self.read_again:
                    return
        finally:
            self.reading = None

    async def _read(self) -> Page:
        """The next page, however long the database is away; an empty one where nobody waits for it any more."""
        while self.seats:
            for_clinician = any(seat.is_clinicians for seat in self.seats.values())
            try:
                place = Place(self.seq, self.revision)
                return await asyncio.to_thread(history.page_after, self.conversation_id, place, for_clinician)
            except Problem as problem:
                log("catch-up-delayed", severity="WARNING", problem=problem.urn())
            except Exception as error:  # noqa: BLE001 - the room lives on, and what failed is logged
                log_exception("catch-up-failed", error)
                break
            await asyncio.sleep(SECONDS_BEFORE_READING_AGAIN)
        return Page()

    def _tell_page(self, page: Page) -> None:
        knew = {seat: seat.seq for seat in self.seats.values()}
        for message in page.messages:
            if message.seq > self.seq:
                self._tell(message.seq, frame("new-message", message.model_dump_json()))
                told("message-sent", message.sent_at, len(self.seats))
        for seat, seq in knew.items():
            seat.tell_changes(page, seq)
        self.revision = max(self.revision, page.revision)
        for analysis in page.analyses.values():
            packet = analysed_frame(analysis, self.conversation_id)
            for seat in list(self.seats.values()):
                if seat.is_clinicians:
                    seat.connection.send(packet)


class Rooms:
    """Every conversation with sockets on this instance, and the way into it."""

    def __init__(self, subscription: RedisSubscription, lookups: Lookups) -> None:
        """`subscription` follows the rooms' channels."""
        self._subscription = subscription
        self._lookups = lookups
        self._rooms: dict[UUID, Room] = {}
        self.by_channel: dict[bytes, Room] = {}
        """By the channel that brings a room's messages."""
        self.covering: set[tuple[UUID, Connection]] = set()
        """Seats of clinicians who are let in for a while, for another."""
        self.entered: Callable[[Room, Connection, Entered], None] = _nothing
        """Called when a socket has sat down."""
        self.emptied: Callable[[Room], None] = _nothing
        """Called when the last has left."""

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def find(self, conversation_id: UUID) -> Room | None:
        """The room, if somebody is in it."""
        return self._rooms.get(conversation_id)

    def catch_up(self) -> None:
        """What was published meanwhile may be lost: read it, for every room."""
        for room in self._rooms.values():
            room.catch_up()

    async def join(self, connection: Connection, conversation_id: UUID, after: Place | None) -> Joined:
        """Let a socket in, once it was told what it missed. Raises NotFound, TooManyRequests, Unavailable."""
        async with connection.turn:
            self.leave(connection, conversation_id)
            if connection.shut_out_of:
                connection.shut_out_of.discard(conversation_id)
            if len(connection.rooms) >= ROOMS_PER_SOCKET:
                raise TooManyRequests
            room = self._rooms.get(conversation_id) or self._open(conversation_id)
            room.entrants += 1
            try:
                return await self._enter(room, connection, after)
            finally:
                if connection not in room.seats:
                    self._let_go(room)

    def leave(self, connection: Connection, conversation_id: UUID) -> None:
        """Let a socket out, if it is in."""
        room = connection.rooms.pop(conversation_id, None)
        if room:
            del room.seats[connection]
            self.covering.discard((conversation_id, connection))
            self._let_go(room)

    def shut_out(self, connection: Connection, conversation_id: UUID) -> None:
        """Let a socket out that may no longer be in, or not in at all where it is on its way."""
        if connection.shut_out_of is None:
            connection.shut_out_of = set()
        connection.shut_out_of.add(conversation_id)
        self.leave(connection, conversation_id)

    def leave_all(self, connection: Connection) -> None:
        """Let a socket out of wherever it is."""
        for conversation_id in list(connection.rooms):
            self.leave(connection, conversation_id)

    def _open(self, conversation_id: UUID) -> Room:
        room = self._rooms[conversation_id] = Room(conversation_id)
        self.by_channel[message_channel(conversation_id).encode()] = room
        return room

    def _let_go(self, room: Room) -> None:
        self._subscription.leave(*_channels(room))
        room.entrants -= 1
        if not room.seats:
            self.emptied(room)
        if not room.entrants:
            del self._rooms[room.conversation_id], self.by_channel[message_channel(room.conversation_id).encode()]

    async def _enter(self, room: Room, connection: Connection, after: Place | None) -> Joined:
        """Subscribed before the database is read, so that what comes in between passes by and is read too."""
        await self._subscription.follow(*_channels(room))
        returns = self._subscription.returns
        entered = await self._ask(room, connection, after)
        page = entered.page
        recovered = after is not None and after.seq <= entered.place.seq
        seat = Seat(connection, after.or_at_most(entered.place) if after and recovered else entered.place)
        while True:
            await seat.tell_in_step(page, room.conversation_id)
            if not connection.is_open:
                raise Unavailable
            if connection.shut_out_of and room.conversation_id in connection.shut_out_of:
                raise NotFound
            if page.is_last and returns == self._subscription.returns and room.seat(seat):
                connection.rooms[room.conversation_id] = room
                if entered.covers(connection.caller):
                    self.covering.add((room.conversation_id, connection))
                self.entered(room, connection, entered)
                return Joined(recovered, *seat.place)
            returns, awaited = self._subscription.returns, Place(room.seq, room.revision)
            page = await self._next_page(room, seat)
            if not page.messages and (seat.seq < awaited.seq or page.revision < awaited.revision):
                raise Unavailable  # Redis told of something that the database does not hold

    async def _ask(self, room: Room, connection: Connection, after: Place | None) -> Entered:
        """Together with others on their way in; whom that finds nothing for asks alone, which says and audits why."""
        entering = Entering(room.conversation_id, connection.caller, after, audit.acting.get(), telemetry.current.get())
        if entered := await self._lookups.enter(entering):
            return entered
        return await asyncio.to_thread(history.enter, entering)

    async def _next_page(self, room: Room, seat: Seat) -> Page:
        """Word that care has ended may be lost while Redis is away, so a clinician is looked up again."""
        caller = seat.connection.caller
        return await asyncio.to_thread(history.page_on_the_way, caller, room.conversation_id, seat.place)


def _channels(room: Room) -> tuple[str, str]:
    return message_channel(room.conversation_id), typing_channel(room.conversation_id)


def _nothing(*_: object) -> None:
    """Until somebody wants to know."""
