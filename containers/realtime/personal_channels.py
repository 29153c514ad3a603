"""What one person alone is told: analyses and risk alerts to clinicians, and the end of a session to its sockets."""

import asyncio
import json
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from engineio.packet import Packet

from containers.realtime.connection import DISCONNECT, Connection, People, Person, frame
from shared.events import MessageAnalysed, RiskRaised
from shared.problems import Unavailable
from shared.session import still_open
from shared.telemetry import log

SESSIONS_A_LOOK: Final = 1000


def take_alert(person: Person, payload: bytes) -> None:
    """A clinician's event from Redis, told once. Raises ValueError for what is none."""
    fields = json.loads(payload)
    event = _event(fields.pop("type"), fields)
    if person.is_news(event.id):
        person.send(_packet(event))


def _event(kind: str, fields: dict[str, object]) -> MessageAnalysed | RiskRaised:
    if kind == MessageAnalysed.type:
        return MessageAnalysed.model_validate(fields)
    if kind == RiskRaised.type:
        return RiskRaised.model_validate(fields)
    raise ValueError("an event that is not for clinicians")


def _packet(event: MessageAnalysed | RiskRaised) -> Packet:
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
