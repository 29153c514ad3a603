"""What one person alone is told: analyses, risk alerts and the end of care to clinicians, and the end of a session."""

import asyncio
import json
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from engineio.packet import Packet

from containers.realtime import history
from containers.realtime.connection import DISCONNECT, Connection, People, Person, frame
from containers.realtime.rooms import Rooms
from shared.events import CareEnded, MessageAnalysed, RiskRaised
from shared.problems import Unavailable
from shared.roles import Role
from shared.session import still_open
from shared.telemetry import log

SESSIONS_A_LOOK: Final = 1000
SEATS_A_LOOK: Final = 1000


def take_alert(person: Person, rooms: Rooms, payload: bytes) -> None:
    """A clinician's event from Redis, told once. Raises ValueError for what is none."""
    fields = json.loads(payload)
    event = _event(fields.pop("type"), fields)
    if isinstance(event, CareEnded):
        for connection in list(person.connections):
            rooms.shut_out(connection, event.conversation_id)
    if person.is_news(event.id):
        person.send(_packet(event))


async def shut_out_of_ended_care(people: People, rooms: Rooms) -> None:
    """Look every clinician's seat up: a licence may have lapsed, and word that care ended may have been lost."""
    seats = [
        (conversation_id, connection)
        for connection in people
        if connection.caller.role is Role.THERAPIST
        for conversation_id in connection.rooms
    ]
    for start in range(0, len(seats), SEATS_A_LOOK):
        looked_up = seats[start : start + SEATS_A_LOOK]
        wanted = {(conversation_id, connection.caller.user_id) for conversation_id, connection in looked_up}
        try:
            standing = await asyncio.to_thread(history.seats_that_stand, wanted)
        except Unavailable:
            log("seats-not-checked", severity="WARNING")
            continue
        for conversation_id, connection in looked_up:
            if (conversation_id, connection.caller.user_id) not in standing:
                rooms.shut_out(connection, conversation_id)


def _event(kind: str, fields: dict[str, object]) -> MessageAnalysed | RiskRaised | CareEnded:
    if kind == CareEnded.type:
        return CareEnded.model_validate(fields)
    if kind == MessageAnalysed.type:
        return MessageAnalysed.model_validate(fields)
    if kind == RiskRaised.type:
        return RiskRaised.model_validate(fields)
    raise ValueError("an event that is not for clinicians")


def _packet(event: MessageAnalysed | RiskRaised | CareEnded) -> Packet:
    if isinstance(event, CareEnded):
        return frame("care-ended", event.model_dump_json(include={"conversation_id"}))
    if isinstance(event, MessageAnalysed):
        return frame("message-analysed", event.model_dump_json(include={"message_id", "conversation_id", "analysis"}))
    return frame("risk-alert", event.model_dump_json(exclude={"id", "clinician_ids"}))


def take_revocation(person: Person, payload: bytes) -> None:
    """Sessions of a person ended: so do their sockets. Raises ValueError, KeyError, TypeError for what is none."""
    ended = {UUID(session_id) for session_id in json.loads(payload)["sessionIds"]}
    _end_sockets(person.connections, ended)


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
            connection.end(frame("session-revoked", json.dumps({"sessionId": str(session_id)})), DISCONNECT)
