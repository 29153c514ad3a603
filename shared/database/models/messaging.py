"""Conversations, who is in them, and what was written, sealed."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models import care as _care  # noqa: F401 - the tables that foreign keys name
from shared.database.models.base import Base, CreatedAt, Id, Sealed


class Conversation(Base):
    """A room; `last_seq` is the gapless counter, raised in the transaction that keeps a message."""

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("care_relationship_id"), CheckConstraint("last_seq >= 0", name="last_seq"))

    id: Mapped[Id]
    care_relationship_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("care_relationship.id"))
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    last_message_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class ConversationMember(Base):
    """Someone who may read and write in a conversation, and how far they have read."""

    __tablename__ = "conversation_member"
    __table_args__ = (
        CheckConstraint("last_read_seq >= 0", name="last_read_seq"),
        Index("ix_conversation_member_user_id", "user_id"),
    )

    conversation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    last_read_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    last_read_at: Mapped[datetime | None]
    joined_at: Mapped[CreatedAt]
    left_at: Mapped[datetime | None]


class Message(Base):
    """What someone wrote, sealed with the message keys.

    A repeated `client_id` is answered with this row. Whether the repeat says the same is found by opening the first
    version (`message_version` once it was edited): repeats are rare, and a digest beside the body would be one more
    thing to guess it by.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "sender_id", "client_id"),
        CheckConstraint("seq > 0", name="seq"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("client_id IS NULL OR char_length(client_id) BETWEEN 1 AND 128", name="client_id"),
        CheckConstraint("body IS NOT NULL OR deleted_at IS NOT NULL", name="body"),
        Index("ix_message_sender_id_sent_at", "sender_id", "sent_at"),
        Index("ix_message_sent_at", "sent_at"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id"))
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    seq: Mapped[int] = mapped_column(BigInteger)
    client_id: Mapped[str | None]
    body: Mapped[Sealed | None]
    version: Mapped[int] = mapped_column(Integer, default=1)
    sent_at: Mapped[CreatedAt]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class MessageVersion(Base):
    """A body that an edit replaced; its id, not the message's, is what its ciphertext is bound to."""

    __tablename__ = "message_version"
    __table_args__ = (UniqueConstraint("message_id", "version"), CheckConstraint("version >= 1", name="version"))

    id: Mapped[Id]
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(Integer)
    body: Mapped[Sealed]
    replaced_at: Mapped[CreatedAt]
