"""People, and where they are signed in."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models.base import (
    Base,
    CreatedAt,
    Digest,
    Id,
    OneOf,
    UpdatedAt,
    index_where,
)
from shared.roles import Role


class UserStatus(StrEnum):
    """Whether a person may sign in; an erased one keeps an id and nothing else."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


class Transport(StrEnum):
    """How a session's token travels."""

    COOKIE = "cookie"
    BEARER = "bearer"


class User(Base):
    """A person: the address is lower-case, the zone an IANA name, the language a BCP 47 tag."""

    __tablename__ = "user"
    __table_args__ = (
        UniqueConstraint("email"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("status <> 'suspended' OR suspended_at IS NOT NULL", name="suspended_when"),
        CheckConstraint("status <> 'erased' OR password_hash IS NULL", name="erased_without_password"),
        Index("ix_user_role_status_created_at", "role", "status", "created_at"),
        Index("ix_user_created_at", "created_at"),
        index_where("ix_user_synthetic", "id", where="is_synthetic"),
        index_where("ix_user_counted", "role", where="status <> 'erased' AND is_synthetic IS false"),
        Index("ix_user_name", text("lower(name)")),
        Index("ix_user_last_word_of_name", text("substring(lower(name), '[^ ]+$')")),
    )

    id: Mapped[Id]
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(OneOf(Role))
    password_hash: Mapped[str | None]
    email_verified_at: Mapped[datetime | None]
    status: Mapped[UserStatus] = mapped_column(OneOf(UserStatus), default=UserStatus.ACTIVE)
    suspended_at: Mapped[datetime | None]
    suspension_reason: Mapped[str | None]
    erased_at: Mapped[datetime | None]
    time_zone: Mapped[str] = mapped_column(default="UTC")
    language: Mapped[str] = mapped_column(default="en")
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_synthetic: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Nobody's: an account by which the product looks after itself, in no directory, statistic or training."""
    last_signed_in_at: Mapped[datetime | None]
    password_changed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class Session(Base):
    """A sign-in on one device: the token's digest, its absolute end, and when it was last used.

    The idle end is computed from `last_seen_at` and the settings. While an administrator impersonates, `user_id`
    is the person seen, `impersonated_by` the administrator and `impersonation_reason` the code of why; the row in
    `impersonation` has the same id.
    """

    __tablename__ = "session"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash_length"),
        CheckConstraint("expires_at > created_at", name="expires_later"),
        CheckConstraint("(impersonated_by IS NULL) = (impersonation_reason IS NULL)", name="impersonation_reason"),
        index_where("ix_session_user_id_live", "user_id", where="revoked_at IS NULL"),
        index_where(
            "ix_session_impersonated_by_live",
            "impersonated_by",
            where="impersonated_by IS NOT NULL AND revoked_at IS NULL",
        ),
        Index("ix_session_expires_at", "expires_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    token_hash: Mapped[Digest]
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    user_agent: Mapped[str | None]
    ip: Mapped[str | None]
    transport: Mapped[Transport] = mapped_column(OneOf(Transport))
    two_factor_at: Mapped[datetime | None]
    stepped_up_at: Mapped[datetime | None]
    impersonated_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    impersonation_reason: Mapped[str | None]
