"""What a message said before it was edited or deleted: kept for the record, and for who has to look into an alert."""

from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.messaging import Message, MessageVersion
from shared.messages import open_body, open_earlier_body, seal_earlier_body


def keep_version(db: Database, message: Message) -> None:
    """Put what a message says now beside it, before that changes or goes."""
    assert message.body is not None
    version = MessageVersion(id=uuid4(), message_id=message.id, version=message.version, replaced_at=now())
    version.body = seal_earlier_body(version.id, open_body(message.id, message.body))
    db.add(version)


def body_at(db: Database, message: Message, version: int) -> str | None:
    """What a message said in one of its versions, whatever became of it; None where the record is gone.

    For those who were let into the conversation, or who were told of a risk in that version.
    """
    if version == message.version and message.body is not None:
        return open_body(message.id, message.body)
    kept = db.scalar(
        select(MessageVersion).where(MessageVersion.message_id == message.id, MessageVersion.version == version)
    )
    return open_earlier_body(kept.id, kept.body) if kept else None


def body_of_version(db: Database, message_id: UUID, version: int) -> str | None:
    """As `body_at`, for who has only the message's id: an alert names the version that raised it."""
    message = db.get(Message, message_id)
    return body_at(db, message, version) if message else None


def is_version_of(db: Database, message_id: UUID, version: int) -> bool:
    """Whether a message says what it said in this version, so neither edited since nor deleted."""
    query = select(Message.id).where(Message.id == message_id, Message.version == version, Message.deleted_at.is_(None))
    return db.scalar(query) is not None
