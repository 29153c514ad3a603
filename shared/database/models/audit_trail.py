"""The audit trail, and the seals over it."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models.base import (
    Base,
    CreatedAt,
    Digest,
    Id,
    OneOf,
)


class AuditOutcome(StrEnum):
    """How what was tried ended."""

    SUCCESS = "success"
    DENIED = "denied"
    FAILURE = "failure"


class AuditEvent(Base):
    """Who did what to whose record; never changed and never deleted, and without foreign keys so that it outlives all.

    `actor_id` did it, for `acting_as` where an administrator impersonates; `details` holds ids and codes alone.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_occurred_at", "occurred_at", "id"),
        Index("ix_audit_event_subject_id_occurred_at", "subject_id", "occurred_at"),
        Index("ix_audit_event_actor_id_occurred_at", "actor_id", "occurred_at"),
        Index("ix_audit_event_action_occurred_at", "action", "occurred_at"),
    )

    id: Mapped[Id]
    occurred_at: Mapped[CreatedAt]
    actor_id: Mapped[uuid.UUID | None]
    acting_as: Mapped[uuid.UUID | None]
    subject_id: Mapped[uuid.UUID | None]
    action: Mapped[str]
    purpose: Mapped[str | None]
    outcome: Mapped[AuditOutcome] = mapped_column(OneOf(AuditOutcome))
    resource_type: Mapped[str | None]
    resource_id: Mapped[uuid.UUID | None]
    ip: Mapped[str | None]
    request_id: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


class AuditSeal(Base):
    """One link of the chain over the trail: the events of [from_at, until_at), and those that came late for one before.

    Writers only insert events and never meet. One sealer closes a span a while after it is over; what was committed
    later still is in the next seal. Numbers and spans are unique, so of two sealers one fails. `digest` covers every
    other column but the key's and the signature's, `events_digest` the leaves; `signature` is over `digest`.
    """

    __tablename__ = "audit_seal"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("from_at"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("from_at < until_at", name="span"),
        CheckConstraint("event_count >= 0", name="event_count"),
        CheckConstraint(
            "octet_length(events_digest) = 32 AND octet_length(previous_digest) = 32 AND octet_length(digest) = 32",
            name="digest_lengths",
        ),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(BigInteger)
    format: Mapped[int] = mapped_column(SmallInteger)
    """How events and seals were made into bytes."""
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    event_count: Mapped[int] = mapped_column(BigInteger)
    events_digest: Mapped[Digest]
    previous_digest: Mapped[Digest]
    digest: Mapped[Digest]
    key_id: Mapped[str | None]
    signature: Mapped[bytes | None]
    sealed_at: Mapped[CreatedAt]


class AuditSealLeaves(Base):
    """Which events a seal covers: the id (16 bytes) and the SHA-256 (32) of each, by (occurred_at, id).

    A row for each event would double the trail; this is 48 bytes an event. They go with the events when those are old
    enough to go, and the seal stays.
    """

    __tablename__ = "audit_seal_leaves"
    __table_args__ = (CheckConstraint("mod(octet_length(leaves), 48) = 0", name="whole"),)

    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("audit_seal.id"), primary_key=True)
    """The seal's."""
    leaves: Mapped[bytes]
