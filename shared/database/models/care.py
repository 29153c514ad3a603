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
    index_where,
    unique_where,
)


class CareStatus(StrEnum):
    """Where the link stands; a therapist sees the patient's data while it is accepted, and at no other time."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    ENDED = "ended"


class CareKind(StrEnum):
    """What a link rests on: the two people's own wish, or an alert that somebody else had to answer."""

    STANDING = "standing"
    COVERAGE = "coverage"


class CareRelationship(Base):
    """A patient asked, a therapist answered; one open link (requested or accepted) of a kind per pair.

    Of kind `coverage`, nobody asked: `alert_id` (a risk event's) was escalated to the therapist, who is let into the
    alert's conversation until `expires_at`, and not a moment longer whether or not the row says `ended` by then.
    """

    __tablename__ = "care_relationship"
    __table_args__ = (
        CheckConstraint("patient_id <> therapist_id", name="two_people"),
        CheckConstraint("status <> 'accepted' OR accepted_at IS NOT NULL", name="accepted_when"),
        CheckConstraint("status <> 'ended' OR ended_at IS NOT NULL", name="ended_when"),
        CheckConstraint("status <> 'declined' OR declined_at IS NOT NULL", name="declined_when"),
        CheckConstraint(
            "kind <> 'coverage' OR (expires_at IS NOT NULL AND alert_id IS NOT NULL)", name="coverage_ends"
        ),
        unique_where(
            "uq_care_relationship_open_kind",
            "patient_id",
            "therapist_id",
            "kind",
            where="status IN ('requested', 'accepted')",
        ),
        index_where("ix_care_relationship_coverage", "expires_at", where="kind = 'coverage' AND status = 'accepted'"),
        Index("ix_care_relationship_therapist_id_status", "therapist_id", "status"),
        Index("ix_care_relationship_patient_id_status", "patient_id", "status"),
    )

    id: Mapped[Id]
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[CareKind] = mapped_column(OneOf(CareKind), default=CareKind.STANDING, server_default="standing")
    status: Mapped[CareStatus] = mapped_column(OneOf(CareStatus), default=CareStatus.REQUESTED)
    note: Mapped[Sealed | None]
    requested_at: Mapped[CreatedAt]
    accepted_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    alert_id: Mapped[uuid.UUID | None]
    declined_at: Mapped[datetime | None]
    decline_reason: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
