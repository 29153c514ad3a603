"""Administrators who look on or into a record, and erasure."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models import accounts as _accounts  # noqa: F401 - the tables that foreign keys name
from shared.database.models.base import (
    Base,
    CreatedAt,
    Id,
    OneOf,
    Sealed,
    index_where,
    unique_where,
)


class ErasureStatus(StrEnum):
    """How far an erasure has come; a held one waits for a legal hold to end."""

    PENDING = "pending"
    CANCELLED = "cancelled"
    HELD = "held"
    RUNNING = "running"
    COMPLETED = "completed"


class ImpersonationEnding(StrEnum):
    """How an impersonation ended: an administrator closed it, its time was over, or its session was ended."""

    CLOSED = "closed"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Impersonation(Base):
    """An administrator looks on as somebody; its session has the same id, and may be gone before this row."""

    __tablename__ = "impersonation"
    __table_args__ = (
        CheckConstraint("administrator_id <> user_id", name="two_people"),
        CheckConstraint("expires_at > began_at", name="expires_later"),
        CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name="ended"),
        unique_where("uq_impersonation_open", "administrator_id", where="ended_at IS NULL"),
        Index("ix_impersonation_user_id_began_at", "user_id", "began_at"),
        Index("ix_impersonation_began_at", "began_at", "id"),
    )

    id: Mapped[Id]
    administrator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    reason_code: Mapped[str]
    reason: Mapped[Sealed]
    began_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ending: Mapped[ImpersonationEnding | None] = mapped_column(OneOf(ImpersonationEnding))


class BreakGlassGrant(Base):
    """An administrator's emergency look at one patient's record: a reason, a clock, a review that must be closed.

    `ended_by` is empty where its time was over; `reminded_at` is when the privacy officer was last told that nobody has
    reviewed it.
    """

    __tablename__ = "break_glass_grant"
    __table_args__ = (
        CheckConstraint("administrator_id <> patient_id", name="two_people"),
        CheckConstraint("expires_at > granted_at", name="expires_later"),
        CheckConstraint("(reviewed_at IS NULL) = (reviewed_by IS NULL)", name="reviewed"),
        CheckConstraint("reviewed_by IS NULL OR reviewed_by <> administrator_id", name="reviewed_by_another"),
        unique_where("uq_break_glass_grant_open", "administrator_id", "patient_id", where="ended_at IS NULL"),
        Index("ix_break_glass_grant_patient_id_granted_at", "patient_id", "granted_at"),
        Index("ix_break_glass_grant_granted_at", "granted_at", "id"),
        index_where("ix_break_glass_grant_unended", "expires_at", where="ended_at IS NULL"),
        index_where("ix_break_glass_grant_unreviewed", "review_due_at", where="reviewed_at IS NULL"),
    )

    id: Mapped[Id]
    administrator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    reason_code: Mapped[str]
    reason: Mapped[Sealed]
    granted_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    patient_told: Mapped[bool] = mapped_column(default=True, server_default="true")
    review_due_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    review_outcome: Mapped[str | None]
    review_note: Mapped[Sealed | None]


class ErasureRequest(Base):
    """A person's wish to be forgotten: due after a grace period, done step by step, with a receipt."""

    __tablename__ = "erasure_request"
    __table_args__ = (
        CheckConstraint("due_at >= requested_at", name="due_later"),
        CheckConstraint("status <> 'cancelled' OR cancelled_at IS NOT NULL", name="cancelled_when"),
        CheckConstraint("status <> 'completed' OR completed_at IS NOT NULL", name="completed_when"),
        CheckConstraint("status <> 'held' OR hold_reason IS NOT NULL", name="hold_reason"),
        unique_where("uq_erasure_request_open", "user_id", where="status IN ('pending', 'held', 'running')"),
        index_where("ix_erasure_request_due_at", "due_at", where="status IN ('pending', 'running')"),
    )

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    status: Mapped[ErasureStatus] = mapped_column(OneOf(ErasureStatus), default=ErasureStatus.PENDING)
    requested_at: Mapped[CreatedAt]
    due_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    hold_reason: Mapped[str | None]
    steps: Mapped[dict[str, Any]] = mapped_column(default=dict)
    receipt: Mapped[dict[str, Any] | None]
