"""Events kept with the change that they tell of, until they are delivered."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Integer
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models.base import Base, CreatedAt, Id, Sealed, index_where


class OutboxEvent(Base):
    """An event kept with the change it tells of; its payload is sealed with the event keys.

    A sweeper claims what `delivered_at` does not mark, by `created_at` and SKIP LOCKED.
    """

    __tablename__ = "outbox_event"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts"),
        index_where("ix_outbox_event_undelivered", "created_at", where="delivered_at IS NULL"),
        index_where("ix_outbox_event_delivered_at", "delivered_at", where="delivered_at IS NOT NULL"),
    )

    id: Mapped[Id]
    type: Mapped[str]
    aggregate_id: Mapped[uuid.UUID]
    payload: Mapped[Sealed]
    created_at: Mapped[CreatedAt]
    delivered_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_attempt_at: Mapped[datetime | None]
