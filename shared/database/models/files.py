"""Uploaded files, the messages they hang on, and who else may open them."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models import messaging as _messaging  # noqa: F401 - the tables that foreign keys name
from shared.database.models.base import Base, CreatedAt, Digest, Id, OneOf, Sealed, index_where


class FileStatus(StrEnum):
    """How far a file has come; only a clean one can be opened, and where there is no scanner an unscanned one."""

    PENDING = "pending"
    UPLOADED = "uploaded"
    CLEAN = "clean"
    UNSCANNED = "unscanned"
    INFECTED = "infected"
    REFUSED = "refused"
    DELETED = "deleted"


class Refusal(StrEnum):
    """Why a file was refused when its upload was looked at."""

    SIZE = "size"
    CHECKSUM = "checksum"
    TYPE = "type"


class FileAsset(Base):
    """One uploaded object in the bucket; its name for people is sealed with the message keys."""

    __tablename__ = "file_asset"
    __table_args__ = (
        UniqueConstraint("object_name"),
        CheckConstraint("size_bytes >= 0", name="size_bytes"),
        CheckConstraint("sha256 IS NULL OR octet_length(sha256) = 32", name="sha256_length"),
        CheckConstraint("status <> 'deleted' OR deleted_at IS NOT NULL", name="deleted_when"),
        Index("ix_file_asset_owner_id_created_at", "owner_id", "created_at"),
        index_where("ix_file_asset_unfinished", "created_at", where="status IN ('pending', 'uploaded')"),
        index_where(
            "ix_file_asset_loose",
            "completed_at",
            where="conversation_id IS NULL AND status IN ('uploaded', 'clean', 'unscanned')",
        ),
        index_where(
            "ix_file_asset_to_remove",
            "created_at",
            where="object_removed_at IS NULL AND status IN ('infected', 'refused', 'deleted')",
        ),
    )

    id: Mapped[Id]
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    conversation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("conversation.id"), index=True)
    status: Mapped[FileStatus] = mapped_column(OneOf(FileStatus), default=FileStatus.PENDING)
    object_name: Mapped[str]
    file_name: Mapped[Sealed]
    content_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[Digest | None]
    created_at: Mapped[CreatedAt]
    completed_at: Mapped[datetime | None]
    scanned_at: Mapped[datetime | None]
    """When it was last given to the scanner, whether or not that answered."""
    refused_for: Mapped[Refusal | None] = mapped_column(OneOf(Refusal))
    deleted_at: Mapped[datetime | None]
    object_removed_at: Mapped[datetime | None]
    """Since when the bucket no longer holds it."""


class MessageAttachment(Base):
    """A file that a message carries, in the order it was given."""

    __tablename__ = "message_attachment"
    __table_args__ = (
        CheckConstraint("position >= 0", name="position"),
        Index("ix_message_attachment_file_id", "file_id"),
    )

    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), primary_key=True)
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("file_asset.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, default=0)


class FileShare(Base):
    """Leave to open a file, given to a member of the conversation it belongs to."""

    __tablename__ = "file_share"
    __table_args__ = (
        UniqueConstraint("file_id", "shared_with_id"),
        CheckConstraint("shared_with_id <> shared_by_id", name="two_people"),
        Index("ix_file_share_shared_with_id", "shared_with_id"),
    )

    id: Mapped[Id]
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("file_asset.id", ondelete="CASCADE"))
    shared_with_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    shared_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None]
