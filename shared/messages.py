"""A message and its analysis as people see them: the same over HTTP and over sockets."""

import base64
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.encryption import KeyRing, seal, unseal
from shared.database.models.analysis import MessageAnalysis
from shared.database.models.messaging import Message
from shared.events import MessageSent


class ShownMessage(Schema):
    """A message as the members of its conversation see it. A deleted one has no body."""

    id: UUID
    conversation_id: UUID
    seq: int
    sender_id: UUID
    client_id: str | None
    body: str | None
    version: int
    sent_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


class ShownAnalysis(Schema):
    """What the model said of a patient's message, for the patient's clinicians alone. Scores are probabilities."""

    id: UUID
    message_id: UUID
    label: str
    confidence: float
    all_scores: dict[str, float]
    model_version: str
    risk_level: str
    created_at: datetime


def seal_body(message_id: UUID, body: str) -> bytes:
    """What `message.body` holds."""
    return seal(KeyRing.MESSAGE, body, "message", "body", message_id)


def open_body(message_id: UUID, sealed: bytes) -> str:
    """The text that `message.body` holds."""
    return unseal(KeyRing.MESSAGE, sealed, "message", "body", message_id)


def open_earlier_body(version_id: UUID, sealed: bytes) -> str:
    """The text that `message_version.body` holds."""
    return unseal(KeyRing.MESSAGE, sealed, "message_version", "body", version_id)


def shown_message(message: Message) -> ShownMessage:
    """From the row."""
    return ShownMessage(
        id=message.id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        sender_id=message.sender_id,
        client_id=message.client_id,
        body=open_body(message.id, message.body) if message.body is not None else None,
        version=message.version,
        sent_at=message.sent_at,
        edited_at=message.edited_at,
        deleted_at=message.deleted_at,
    )


def shown_message_of(event: MessageSent) -> ShownMessage:
    """From the event that tells of it."""
    return ShownMessage(
        id=event.message_id,
        conversation_id=event.conversation_id,
        seq=event.seq,
        sender_id=event.sender_id,
        client_id=event.client_id,
        body=open_body(event.message_id, base64.b64decode(event.sealed_body)),
        version=event.version,
        sent_at=event.occurred_at,
    )


def shown_analysis(analysis: MessageAnalysis) -> ShownAnalysis:
    """From the row."""
    return ShownAnalysis(
        id=analysis.id,
        message_id=analysis.message_id,
        label=analysis.label,
        confidence=analysis.confidence,
        all_scores=analysis.all_scores,
        model_version=analysis.model_version,
        risk_level=analysis.risk_level,
        created_at=analysis.created_at,
    )


def messages_after(db: Database, conversation_id: UUID, after_seq: int, limit: int) -> list[ShownMessage]:
    """The next messages of a conversation that the caller was let into, oldest first."""
    rows = db.scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.seq > after_seq)
        .order_by(Message.seq)
        .limit(limit)
    )
    return [shown_message(row) for row in rows]


def messages_before(db: Database, conversation_id: UUID, before_seq: int, limit: int) -> list[ShownMessage]:
    """The last messages before a number, oldest first."""
    rows = db.scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.seq < before_seq)
        .order_by(Message.seq.desc())
        .limit(limit)
    )
    return [shown_message(row) for row in rows][::-1]


def analyses_of(db: Database, messages: Iterable[ShownMessage]) -> dict[UUID, ShownAnalysis]:
    """The analyses of these messages' present versions, by message: for clinicians alone."""
    versions = {message.id: message.version for message in messages}
    rows = db.scalars(select(MessageAnalysis).where(MessageAnalysis.message_id.in_(versions)))
    return {row.message_id: shown_analysis(row) for row in rows if row.message_version == versions[row.message_id]}
