"""What people agreed to, and when they withdrew it."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models import accounts as _accounts  # noqa: F401 - the tables that foreign keys name
from shared.database.models.base import (
    Base,
    CreatedAt,
    Id,
    OneOf,
    unique_where,
)


class ConsentKind(StrEnum):
    """What a person agrees to, each on its own."""

    TERMS = "terms"
    TELEHEALTH = "telehealth"
    MESSAGE_ANALYSIS = "message_analysis"
    TRAINING = "training"


class Consent(Base):
    """One agreement to one version of a text, until withdrawn; the rows together are the history."""

    __tablename__ = "consent"
    __table_args__ = (
        unique_where("uq_consent_standing", "user_id", "kind", where="withdrawn_at IS NULL"),
        CheckConstraint("withdrawn_at IS NULL OR withdrawn_at >= given_at", name="withdrawn_later"),
        Index("ix_consent_user_id_given_at", "user_id", "given_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[ConsentKind] = mapped_column(OneOf(ConsentKind))
    document_version: Mapped[str]
    given_at: Mapped[CreatedAt]
    withdrawn_at: Mapped[datetime | None]
