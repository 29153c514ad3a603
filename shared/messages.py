"""A message and its analysis as people see them, and what of a conversation somebody missed: over HTTP and sockets.

A conversation has two counters without gaps. `seq` numbers messages as they are sent; `revision` numbers edits and
deletions, and each message carries the number of its last one. Whoever was away gives the last of both that they know:
`messages_after` is what was sent since, in its present state, and `changes_after` is each message that was changed
since, once, however often it was. So of the revisions that were missed only the last of each message comes, in rising
order; the last of all is always among them. Live, a change whose revision is the next one can be told as it is;
where one is missing between, `changes_after` gives everything up to now. What it says of a message that was not told
yet may be left aside: `messages_after` brings that message in the same state or a later one.
"""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.attachments import ShownFile, attached_files, shown_attachments
from shared.contract import Schema
from shared.database.encryption import KeyRing, seal, unseal
from shared.database.models.analysis import Label, MessageAnalysis
from shared.database.models.learning import MLFeedback
from shared.database.models.messaging import Message
from shared.events import AttachedFile, MessageDeleted, MessageSent, MessageUpdated, MessageWritten


class ShownMessage(Schema):
    """A message as the members of its conversation see it. A deleted one has no body and carries nothing.

    `revision` is the number of its last edit or deletion within the conversation, and null where there was none.
    """

    id: UUID
    conversation_id: UUID
    seq: int
    sender_id: UUID
    client_id: str | None
    body: str | None
    version: int
    revision: int | None = None
    sent_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    attachments: tuple[ShownFile, ...] = ()


class StandingFeedback(Schema):
    """What a therapist answered to an analysis; whoever gave it can revise it, naming the `revision` that they saw."""

    id: UUID
    therapist_id: UUID
    is_correct: bool
    corrected_label: Label | None
    revision: int


class ShownAnalysis(Schema):
    """What the model said of a patient's message, for the patient's clinicians alone. Scores are probabilities.

    It is about the words alone: nothing looks into files that came with them, so that is for a person to do.
    """

    id: UUID
    message_id: UUID
    message_version: int
    label: str
    confidence: float
    all_scores: dict[str, float]
    model_version: str
    risk_level: str
    created_at: datetime
    feedback: StandingFeedback | None = None
    attachments_analysed: Literal[False] = False


def seal_body(message_id: UUID, body: str) -> bytes:
    """What `message.body` holds."""
    return seal(KeyRing.MESSAGE, body, "message", "body", message_id)


def open_body(message_id: UUID, sealed: bytes) -> str:
    """The text that `message.body` holds."""
    return unseal(KeyRing.MESSAGE, sealed, "message", "body", message_id)


def seal_earlier_body(version_id: UUID, body: str) -> bytes:
    """What `message_version.body` holds."""
    return seal(KeyRing.MESSAGE, body, "message_version", "body", version_id)


def open_earlier_body(version_id: UUID, sealed: bytes) -> str:
    """The text that `message_version.body` holds."""
    return unseal(KeyRing.MESSAGE, sealed, "message_version", "body", version_id)


def shown_message(message: Message, files: Iterable[AttachedFile] = ()) -> ShownMessage:
    """From the row, and the files that it carries."""
    return ShownMessage(
        id=message.id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        sender_id=message.sender_id,
        client_id=message.client_id,
        body=open_body(message.id, message.body) if message.body is not None else None,
        version=message.version,
        revision=message.revision,
        sent_at=message.sent_at,
        edited_at=message.edited_at,
        deleted_at=message.deleted_at,
        attachments=shown_attachments(files),
    )


def shown_messages(db: Database, messages: Iterable[Message]) -> list[ShownMessage]:
    """From rows, in their order, with the files that they carry: one query for all."""
    found = list(messages)
    files = attached_files(db, [message.id for message in found if message.deleted_at is None])
    return [shown_message(message, files.get(message.id, ())) for message in found]


def shown_message_of(event: MessageSent | MessageUpdated | MessageDeleted) -> ShownMessage:
    """From the event that tells of it."""
    return ShownMessage(
        id=event.message_id,
        conversation_id=event.conversation_id,
        seq=event.seq,
        sender_id=event.sender_id,
        client_id=event.client_id,
        version=event.version,
        attachments=() if isinstance(event, MessageDeleted) else shown_attachments(event.attachments),
        **_state_of(event),
    )


def body_of(event: MessageWritten) -> str:
    """The text of the version that an event tells of."""
    return open_body(event.message_id, base64.b64decode(event.sealed_body))


def _state_of(event: MessageSent | MessageUpdated | MessageDeleted) -> dict[str, Any]:
    if isinstance(event, MessageSent):
        return {"body": body_of(event), "sent_at": event.occurred_at}
    change = {"revision": event.revision, "sent_at": event.sent_at}
    if isinstance(event, MessageUpdated):
        return change | {"body": body_of(event), "edited_at": event.occurred_at}
    return change | {"body": None, "edited_at": event.edited_at, "deleted_at": event.occurred_at}


def shown_analysis(analysis: MessageAnalysis, feedback: MLFeedback | None = None) -> ShownAnalysis:
    """From the row, and what a therapist answered to it."""
    return ShownAnalysis(
        id=analysis.id,
        message_id=analysis.message_id,
        message_version=analysis.message_version,
        label=analysis.label,
        confidence=analysis.confidence,
        all_scores=analysis.all_scores,
        model_version=analysis.model_version,
        risk_level=analysis.risk_level,
        created_at=analysis.created_at,
        feedback=StandingFeedback(
            id=feedback.id,
            therapist_id=feedback.therapist_id,
            is_correct=feedback.is_correct,
            corrected_label=feedback.corrected_label,
            revision=feedback.revision,
        )
        if feedback
        else None,
    )


def messages_after(db: Database, conversation_id: UUID, after_seq: int, limit: int) -> list[ShownMessage]:
    """The next messages of a conversation that the caller was let into, oldest first."""
    rows = db.scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.seq > after_seq)
        .order_by(Message.seq)
        .limit(limit)
    )
    return shown_messages(db, rows)


def messages_before(db: Database, conversation_id: UUID, before_seq: int, limit: int) -> list[ShownMessage]:
    """The last messages before a number, oldest first."""
    rows = db.scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.seq < before_seq)
        .order_by(Message.seq.desc())
        .limit(limit)
    )
    return shown_messages(db, rows)[::-1]


def changes_after(db: Database, conversation_id: UUID, after_revision: int, limit: int) -> list[ShownMessage]:
    """The messages that were edited or deleted since, each in its present state, in the order of their last change."""
    rows = db.scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.revision > after_revision)
        .order_by(Message.revision)
        .limit(limit)
    )
    return shown_messages(db, rows)


def analyses_of(db: Database, messages: Iterable[ShownMessage]) -> dict[UUID, ShownAnalysis]:
    """The analyses of these messages' present versions, by message: for clinicians alone."""
    versions = {message.id: message.version for message in messages}
    if not versions:
        return {}
    query = (
        select(MessageAnalysis, MLFeedback)
        .outerjoin(MLFeedback, MLFeedback.analysis_id == MessageAnalysis.id)
        .where(MessageAnalysis.message_id.in_(versions))
    )
    return {
        analysis.message_id: shown_analysis(analysis, feedback)
        for analysis, feedback in db.execute(query)
        if analysis.message_version == versions[analysis.message_id]
    }
