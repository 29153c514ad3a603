"""What patients and therapists tell about themselves."""

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models import accounts as _accounts  # noqa: F401 - the tables that foreign keys name
from shared.database.models.base import (
    Base,
    CreatedAt,
    OneOf,
    Sealed,
    UpdatedAt,
    index_where,
)


class CredentialsStatus(StrEnum):
    """Where a therapist's licence stands; only a verified one is shown to patients."""

    UNSUBMITTED = "unsubmitted"
    PENDING = "pending"
    VERIFIED = "verified"
    REJECTED = "rejected"


class PatientProfile(Base):
    """What a patient tells, sealed with the clinical keys; the country (ISO 3166 alpha-2) picks the crisis lines."""

    __tablename__ = "patient_profile"
    __table_args__ = (CheckConstraint("country IS NULL OR char_length(country) = 2", name="country"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    country: Mapped[str | None]
    date_of_birth: Mapped[Sealed | None]
    phone: Mapped[Sealed | None]
    emergency_contact: Mapped[Sealed | None]
    about: Mapped[Sealed | None]
    completed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class TherapistProfile(Base):
    """What a therapist offers, the licence, and the rules of their calendar (minutes and days).

    Bookings of a therapist meet on this row: `schedule_version` is raised by whatever changes free time.
    """

    __tablename__ = "therapist_profile"
    __table_args__ = (
        CheckConstraint("session_minutes BETWEEN 10 AND 480", name="session_minutes"),
        CheckConstraint("slot_step_minutes BETWEEN 5 AND 480", name="slot_step_minutes"),
        CheckConstraint("buffer_before_minutes BETWEEN 0 AND 240", name="buffer_before_minutes"),
        CheckConstraint("buffer_after_minutes BETWEEN 0 AND 240", name="buffer_after_minutes"),
        CheckConstraint("minimum_notice_minutes >= 0", name="minimum_notice_minutes"),
        CheckConstraint("booking_horizon_days BETWEEN 1 AND 730", name="booking_horizon_days"),
        CheckConstraint("daily_maximum BETWEEN 1 AND 100", name="daily_maximum"),
        CheckConstraint(
            "credentials_status NOT IN ('verified', 'rejected') OR reviewed_at IS NOT NULL", name="reviewed_when"
        ),
        index_where(
            "ix_therapist_profile_open",
            "user_id",
            where="accepts_new_patients AND credentials_status = 'verified'",
        ),
        Index("ix_therapist_profile_credentials_status", "credentials_status", "credentials_submitted_at"),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    bio: Mapped[str] = mapped_column(default="")
    specialties: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=list)
    accepts_new_patients: Mapped[bool] = mapped_column(default=False)

    license_number: Mapped[str | None]
    license_region: Mapped[str | None]
    license_expires_on: Mapped[date | None]
    credentials_status: Mapped[CredentialsStatus] = mapped_column(
        OneOf(CredentialsStatus), default=CredentialsStatus.UNSUBMITTED
    )
    credentials_submitted_at: Mapped[datetime | None]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    rejection_reason: Mapped[str | None]

    session_minutes: Mapped[int] = mapped_column(Integer, default=50)
    slot_step_minutes: Mapped[int] = mapped_column(Integer, default=30)
    buffer_before_minutes: Mapped[int] = mapped_column(Integer, default=0)
    buffer_after_minutes: Mapped[int] = mapped_column(Integer, default=10)
    minimum_notice_minutes: Mapped[int] = mapped_column(Integer, default=120)
    booking_horizon_days: Mapped[int] = mapped_column(Integer, default=60)
    daily_maximum: Mapped[int | None] = mapped_column(Integer)
    schedule_version: Mapped[int] = mapped_column(Integer, default=1)

    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
