"""What has reached somewhere else or came from there, and what makes a repeat harmless."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models.base import Base, CreatedAt, Digest, Id, OneOf, Sealed, index_where


class EmailStatus(StrEnum):
    """How far a mail has come; `sending` is claimed before the mail server is spoken to."""

    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class EmailDelivery(Base):
    """One mail, so that an event delivered twice mails once; no address, no text.

    `event_id` names the mail for ever: the event it tells of, or an id made of that and its reader. Until
    `claimed_until` somebody is about to hand it to the mail server.
    """

    __tablename__ = "email_delivery"
    __table_args__ = (
        UniqueConstraint("event_id"),
        CheckConstraint("status <> 'sent' OR sent_at IS NOT NULL", name="sent_when"),
        Index("ix_email_delivery_user_id_created_at", "user_id", "created_at"),
    )

    id: Mapped[Id]
    event_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    user_id: Mapped[uuid.UUID]
    status: Mapped[EmailStatus] = mapped_column(OneOf(EmailStatus), default=EmailStatus.SENDING)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[CreatedAt]
    sent_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]


class WebhookReceipt(Base):
    """What is needed of a notice, sealed with the event keys before it is answered; its key makes it count once."""

    __tablename__ = "webhook_receipt"
    __table_args__ = (
        UniqueConstraint("provider", "dedupe_key"),
        index_where("ix_webhook_receipt_unprocessed", "received_at", where="processed_at IS NULL"),
        Index("ix_webhook_receipt_provider_subject", "provider", "subject"),
    )

    id: Mapped[Id]
    provider: Mapped[str]
    dedupe_key: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str | None]
    """What it is about, as its provider names it: for Zoom the number of the meeting."""
    payload: Mapped[Sealed]
    received_at: Mapped[CreatedAt]
    processed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)


class IdempotencyRecord(Base):
    """The first answer to a key, per caller and route, sealed with the event keys.

    `answer` and `status` are missing while the first request is in flight, which it may be until `in_flight_until`.
    """

    __tablename__ = "idempotency_record"
    __table_args__ = (
        UniqueConstraint("caller", "route", "key"),
        CheckConstraint("octet_length(request_digest) = 32", name="request_digest_length"),
        CheckConstraint("(status IS NULL) = (answer IS NULL)", name="answered"),
        CheckConstraint("status IS NOT NULL OR in_flight_until IS NOT NULL", name="in_flight"),
        CheckConstraint("char_length(key) BETWEEN 1 AND 255", name="key_length"),
        Index("ix_idempotency_record_expires_at", "expires_at"),
    )

    id: Mapped[Id]
    caller: Mapped[str]
    route: Mapped[str]
    key: Mapped[str]
    request_digest: Mapped[Digest]
    status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[Sealed | None]
    in_flight_until: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
