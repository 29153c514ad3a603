"""The link that lets a therapist see a patient."""

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
    Sealed,
    unique_where,
)


class CareStatus(StrEnum):
    """Where the link stands; a therapist sees the patient's data while it is accepted, and at no other time."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    ENDED = "ended"


class CareRelationship(Base):
    """A patient asked, a therapist answered; one open link (requested or accepted) per pair."""

    __tablename__ = "care_relationship"
    __table_args__ = (
        CheckConstraint("patient_id <> therapist_id", name="two_people"),
        CheckConstraint("status <> 'accepted' OR accepted_at IS NOT NULL", name="accepted_when"),
        CheckConstraint("status <> 'ended' OR ended_at IS NOT NULL", name="ended_when"),
        CheckConstraint("status <> 'declined' OR declined_at IS NOT NULL", name="declined_when"),
        unique_where(
            "uq_care_relationship_open", "patient_id", "therapist_id", where="status IN ('requested', 'accepted')"
        ),
        Index("ix_care_relationship_therapist_id_status", "therapist_id", "status"),
        Index("ix_care_relationship_patient_id_status", "patient_id", "status"),
    )

    id: Mapped[Id]
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    status: Mapped[CareStatus] = mapped_column(OneOf(CareStatus), default=CareStatus.REQUESTED)
    note: Mapped[Sealed | None]
    requested_at: Mapped[CreatedAt]
    accepted_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    decline_reason: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
