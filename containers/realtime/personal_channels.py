"""What one person alone is told: analyses, risk alerts and the end of care to clinicians, and the end of a session."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from containers.realtime import history
from containers.realtime.connection import Connection, People, Person
from containers.realtime.observed import delivering
from containers.realtime.presence import Presence, give_way
from containers.realtime.rooms import Rooms
from containers.realtime.socket_io import DISCONNECT, frame
from shared.events import CareEnded, Event, MessageAnalysed, RiskAlertChanged, RiskRaised
from shared.problems import Unavailable
from shared.roles import Role
from shared.session import still_open
from shared.telemetry import log

SESSIONS_A_LOOK: Final = 1000
SEATS_A_LOOK: Final = 1000


@dataclass(frozen=True)
class Told:
    """How clinicians are told of an event of theirs: under which name, and which of its fields they are shown."""

    event: type[Event]
    name: str
    shown: Mapping[str, Any] = field(default_factory=dict)
    """As pydantic's `model_dump` takes it."""

    def frame_of(self, event: Event) -> bytes:
        """What their sockets are sent."""
        return frame(self.name, event.model_dump_json(**self.shown))


TOLD: Final = {
    told.event.type: told
    for told in (
        Told(MessageAnalysed, "message-analysed", {"include": {"message_id", "conversation_id", "analysis"}}),
        Told(RiskRaised, "risk-alert", {"exclude": {"id", "clinician_ids", "traceparent"}}),
        Told(
            RiskAlertChanged,
            "risk-alert-changed",
            {"include": {"risk_event_id", "status", "version", "escalation_step"}},
        ),
        Told(CareEnded, "care-ended", {"include": {"conversation_id"}}),
    )
}
"""Everything that travels on the channel of one of the staff, by the `type` that it is tagged with."""


def take_alert(person: Person | None, rooms: Rooms, presence: Presence, payload: bytes) -> None:
    """A clinician's event from Redis, told once. Raises ValueError, KeyError for what is none.

    Without a `person`, their channel is followed for the patients who see whether they are there.
    """
    fields = json.loads(payload)
    told = TOLD[fields.pop("type")]
    event = told.event.model_validate(fields)
    if isinstance(event, CareEnded):
        _end_care(event, person, rooms, presence)
    if person and person.is_news(event.id):
        with delivering(event, lambda: len(person.connections)):
            person.send(told.frame_of(event))


def _end_care(event: CareEnded, person: Person | None, rooms: Rooms, presence: Presence) -> None:
    for connection in list(person.connections) if person else ():
        rooms.shut_out(connection, event.conversation_id)
    room = rooms.find(event.conversation_id)
    if room is None:
        return
    if room.watches and room.watches[1] == event.therapist_id:
        presence.unwatch(room)
    room.tell_members_changed()


async def shut_out_of_ended_care(people: People, rooms: Rooms, presence: Presence) -> None:
    """Look every clinician's seat up: a licence may have lapsed, and word that care ended may have been lost."""
    seats = [
        (conversation_id, connection.caller.user_id)
        for connection in people
        if connection.caller.role is Role.THERAPIST
        for conversation_id in connection.rooms
    ]
    seats += [(room.conversation_id, room.watches[1]) for room in rooms if room.watches]
    await _empty_what_does_not_stand(list(set(seats)), people, rooms, presence)


async def shut_out_of_ended_coverage(people: People, rooms: Rooms, presence: Presence) -> None:
    """Whoever covers for another clinician does so until a moment that nobody sends word of in time; few do at once."""
    seats = [(room_id, connection.caller.user_id) for room_id, connection in rooms.covering]
    await _empty_what_does_not_stand(list(set(seats)), people, rooms, presence)


async def _empty_what_does_not_stand(
    wanted: list[tuple[UUID, UUID]], people: People, rooms: Rooms, presence: Presence
) -> None:
    for start in range(0, len(wanted), SEATS_A_LOOK):
        looked_up = wanted[start : start + SEATS_A_LOOK]
        try:
            standing = await asyncio.to_thread(history.seats_that_stand, looked_up)
        except Unavailable:
            log("seats-not-checked", severity="WARNING")
            continue
        for conversation_id, clinician_id in set(looked_up) - standing:
            _empty_seat(conversation_id, people.find(clinician_id), clinician_id, rooms, presence)


def _empty_seat(conversation_id: UUID, person: Person | None, clinician_id: UUID, rooms: Rooms, at: Presence) -> None:
    for connection in list(person.connections) if person else ():
        if conversation_id in connection.rooms:
            rooms.shut_out(connection, conversation_id)
    room = rooms.find(conversation_id)
    if room and room.watches and room.watches[1] == clinician_id:
        at.unwatch(room)


def take_session_word(person: Person, payload: bytes) -> None:
    """Sessions of a person ended, or some of their sockets are too many: so end the sockets.

    Raises ValueError, KeyError, TypeError for what is neither.
    """
    word = json.loads(payload)
    if "socketIds" in word:
        for connection in [one for one in person.connections if one.id in word["socketIds"]]:
            give_way(connection)
    else:
        _end_sockets(person.connections, {UUID(session_id) for session_id in word["sessionIds"]})


async def end_sockets_of_ended_sessions(people: People) -> None:
    """Look every open socket's session up: it may have run out, and word of its end may have been lost."""
    connections = list(people)
    session_ids = list({connection.caller.session_id for connection in connections})
    for start in range(0, len(session_ids), SESSIONS_A_LOOK):
        looked_up = session_ids[start : start + SESSIONS_A_LOOK]
        try:
            _end_sockets(connections, set(looked_up) - await asyncio.to_thread(still_open, looked_up))
        except Unavailable:
            log("sessions-not-checked", severity="WARNING")


def _end_sockets(connections: Iterable[Connection], ended: set[UUID]) -> None:
    for connection in list(connections):
        session_id = connection.caller.session_id
        if session_id in ended:
            connection.end(
                frame("session-revoked", json.dumps({"sessionId": str(session_id)})), DISCONNECT, reason="session ended"
            )
