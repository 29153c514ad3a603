"""Conversations, who is in them, and what was written, sealed."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models import care as _care  # noqa: F401 - the tables that foreign keys name
from shared.database.models.base import Base, CreatedAt, Id, Sealed, index_where


class Conversation(Base):
    """A room; `last_seq` is the gapless counter, raised in the transaction that keeps a message.

    `last_revision` counts edits and deletions in the same way.
    """

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("care_relationship_id"), CheckConstraint("last_seq >= 0", name="last_seq"))

    id: Mapped[Id]
    care_relationship_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("care_relationship.id"))
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    last_revision: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    last_message_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class ConversationMember(Base):
    """Someone who may read and write in a conversation, and how far they have read.

    `mailed_at` is when they were last told by mail that there is something to read; not again before they have read.
    """

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
    mailed_at: Mapped[datetime | None]
    joined_at: Mapped[CreatedAt]
    left_at: Mapped[datetime | None]


class Message(Base):
    """What someone wrote, sealed with the message keys. `revision` is the number of its last edit or deletion.

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
        index_where("ix_message_conversation_id_revision", "conversation_id", "revision", where="revision IS NOT NULL"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id"))
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    seq: Mapped[int] = mapped_column(BigInteger)
    client_id: Mapped[str | None]
    body: Mapped[Sealed | None]
    version: Mapped[int] = mapped_column(Integer, default=1)
    revision: Mapped[int | None] = mapped_column(BigInteger)
    sent_at: Mapped[CreatedAt]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class MessageVersion(Base):
    """A body that an edit or a deletion replaced; its id, not the message's, is what its ciphertext is bound to."""

    __tablename__ = "message_version"
    __table_args__ = (UniqueConstraint("message_id", "version"), CheckConstraint("version >= 1", name="version"))

    id: Mapped[Id]
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(Integer)
    body: Mapped[Sealed]
    replaced_at: Mapped[CreatedAt]


class MessageSearchPack(Base):
    """The words of a block of messages as a search compares them, sealed with the message keys; made of the messages
    and made again at any time.

    `block` counts stretches of a fixed number of messages from the conversation's first; `form` is how the words were
    brought into shape, and a pack of another form is left aside. The block's messages were sent from `oldest_at` to
    `newest_at`.
    """

    __tablename__ = "message_search_pack"
    __table_args__ = (UniqueConstraint("conversation_id", "block"), CheckConstraint("block >= 0", name="block"))

    id: Mapped[Id]
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    block: Mapped[int] = mapped_column(Integer)
    form: Mapped[int] = mapped_column(SmallInteger)
    oldest_at: Mapped[datetime]
    newest_at: Mapped[datetime]
    words: Mapped[Sealed]
