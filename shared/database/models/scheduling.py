"""When therapists are free, what is booked, who came, and who waits for a place."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models import accounts as _accounts  # noqa: F401 - the tables that foreign keys name
from shared.database.models.base import (
    Base,
    CreatedAt,
    Id,
    OneOf,
    Sealed,
    UpdatedAt,
    index_where,
    unique_where,
)

WALL_CLOCK = "start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440"
OCCUPYING = "status IN ('held', 'pending', 'booked', 'in_session')"
UNSETTLED = "status IN ('booked', 'in_session')"


class AppointmentStatus(StrEnum):
    """Where an appointment stands; the first four occupy both people's time."""

    HELD = "held"
    PENDING = "pending"
    BOOKED = "booked"
    IN_SESSION = "in_session"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    EXPIRED = "expired"


class CancelReason(StrEnum):
    """Why an appointment was called off, coded so that it can be counted without reading anyone's words."""

    PATIENT_REQUEST = "patient_request"
    THERAPIST_UNAVAILABLE = "therapist_unavailable"
    ILLNESS = "illness"
    TECHNICAL = "technical"
    CARE_ENDED = "care_ended"
    ACCOUNT_CLOSED = "account_closed"
    OTHER = "other"


class ZoomStatus(StrEnum):
    """How far the meeting at Zoom follows the appointment."""

    WANTED = "wanted"
    CREATED = "created"
    FAILED = "failed"
    DELETED = "deleted"


class Attendance(StrEnum):
    """Whether someone came, from Zoom's notices or by the therapist's correction."""

    UNKNOWN = "unknown"
    ATTENDED = "attended"
    NO_SHOW = "no_show"


class SeriesStatus(StrEnum):
    """Whether a series still makes appointments."""

    ACTIVE = "active"
    CANCELLED = "cancelled"


class WaitlistStatus(StrEnum):
    """Where someone stands in the queue; an offer is theirs alone until it expires."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class AvailabilityRule(Base):
    """Free time every week, by the wall clock of an IANA zone: weekday 0 is Monday, minutes count from midnight."""

    __tablename__ = "availability_rule"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint(WALL_CLOCK, name="minutes"),
        CheckConstraint("effective_until IS NULL OR effective_until >= effective_from", name="effective"),
        UniqueConstraint("therapist_id", "weekday", "start_minute", "effective_from"),
    )

    id: Mapped[Id]
    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    weekday: Mapped[int] = mapped_column(SmallInteger)
    start_minute: Mapped[int] = mapped_column(Integer)
    end_minute: Mapped[int] = mapped_column(Integer)
    time_zone: Mapped[str]
    effective_from: Mapped[date]
    effective_until: Mapped[date | None]
    created_at: Mapped[CreatedAt]


class AvailabilityException(Base):
    """A date that differs from the rules: closed, wholly (no minutes) or in part, or open beyond them."""

    __tablename__ = "availability_exception"
    __table_args__ = (
        CheckConstraint("(start_minute IS NULL) = (end_minute IS NULL)", name="both_minutes"),
        CheckConstraint(f"start_minute IS NULL OR ({WALL_CLOCK})", name="minutes"),
        CheckConstraint("NOT available OR start_minute IS NOT NULL", name="open_needs_minutes"),
        Index("ix_availability_exception_therapist_id_on_date", "therapist_id", "on_date"),
    )

    id: Mapped[Id]
    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    on_date: Mapped[date]
    available: Mapped[bool]
    start_minute: Mapped[int | None] = mapped_column(Integer)
    end_minute: Mapped[int | None] = mapped_column(Integer)
    time_zone: Mapped[str]
    created_at: Mapped[CreatedAt]


class AppointmentSeries(Base):
    """Appointments that repeat weekly at one wall-clock time; all of them were free, or none was booked."""

    __tablename__ = "appointment_series"
    __table_args__ = (
        CheckConstraint("interval_weeks BETWEEN 1 AND 8", name="interval_weeks"),
        CheckConstraint("occurrences BETWEEN 2 AND 52", name="occurrences"),
        Index("ix_appointment_series_patient_id", "patient_id"),
        Index("ix_appointment_series_therapist_id", "therapist_id"),
    )

    id: Mapped[Id]
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    status: Mapped[SeriesStatus] = mapped_column(OneOf(SeriesStatus), default=SeriesStatus.ACTIVE)
    first_start_at: Mapped[datetime]
    minutes: Mapped[int] = mapped_column(Integer)
    interval_weeks: Mapped[int] = mapped_column(Integer, default=1)
    occurrences: Mapped[int] = mapped_column(Integer)
    time_zone: Mapped[str]
    created_at: Mapped[CreatedAt]


class Appointment(Base):
    """A time that two people share; `blocked_from` to `blocked_until` adds the therapist's buffers.

    Overlaps are refused by a query inside the serializable transaction that books; the two unique indexes are the
    second net. `version` rises with every change (compare and swap), `ics_sequence` with what calendars must learn.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        CheckConstraint("patient_id <> therapist_id", name="two_people"),
        CheckConstraint("start_at < end_at", name="ends_later"),
        CheckConstraint("blocked_from <= start_at AND blocked_until >= end_at", name="blocked"),
        CheckConstraint("status <> 'held' OR held_until IS NOT NULL", name="held_until"),
        CheckConstraint("status <> 'cancelled' OR cancelled_at IS NOT NULL", name="cancelled_when"),
        CheckConstraint("version >= 1", name="version"),
        unique_where("uq_appointment_therapist_start", "therapist_id", "start_at", where=OCCUPYING),
        unique_where("uq_appointment_patient_start", "patient_id", "start_at", where=OCCUPYING),
        index_where("ix_appointment_therapist_blocked", "therapist_id", "blocked_until", where=OCCUPYING),
        index_where("ix_appointment_patient_ends", "patient_id", "end_at", where=OCCUPYING),
        Index("ix_appointment_therapist_id_start_at", "therapist_id", "start_at"),
        Index("ix_appointment_patient_id_start_at", "patient_id", "start_at"),
        Index("ix_appointment_start_at", "start_at"),
        index_where("ix_appointment_held_until", "held_until", where="status = 'held'"),
        unique_where("uq_appointment_zoom_meeting_id", "zoom_meeting_id", where="zoom_meeting_id IS NOT NULL"),
        index_where("ix_appointment_unsettled", "start_at", where=UNSETTLED),
        index_where("ix_appointment_zoom_host", "zoom_host_id", "start_at", where="zoom_host_id IS NOT NULL"),
    )

    id: Mapped[Id]
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    series_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("appointment_series.id"), index=True)
    status: Mapped[AppointmentStatus] = mapped_column(OneOf(AppointmentStatus))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    blocked_from: Mapped[datetime]
    blocked_until: Mapped[datetime]
    time_zone: Mapped[str]
    held_until: Mapped[datetime | None]
    """Of a time that was never more than held; what was confirmed has none."""
    waitlist_entry_id: Mapped[uuid.UUID | None]
    """Whose place on the waiting list it was offered to; the place may be gone when the appointment is still kept."""
    version: Mapped[int] = mapped_column(Integer, default=1)
    ics_sequence: Mapped[int] = mapped_column(Integer, default=0)

    zoom_status: Mapped[ZoomStatus] = mapped_column(OneOf(ZoomStatus), default=ZoomStatus.WANTED)
    zoom_meeting_id: Mapped[str | None]
    zoom_meeting_uuid: Mapped[str | None]
    zoom_host_id: Mapped[str | None]
    zoom_registrant_id: Mapped[str | None]
    zoom_join_url: Mapped[Sealed | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    rescheduled_at: Mapped[datetime | None]
    rescheduled_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    rescheduled_from: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    cancel_reason: Mapped[CancelReason | None] = mapped_column(OneOf(CancelReason))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class AppointmentAttendee(Base):
    """One person's presence; `present_since` is set while Zoom says they are in, seconds add up as they leave."""

    __tablename__ = "appointment_attendee"
    __table_args__ = (
        CheckConstraint("attended_seconds >= 0", name="attended_seconds"),
        Index("ix_appointment_attendee_user_id", "user_id"),
    )

    appointment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("appointment.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    attendance: Mapped[Attendance] = mapped_column(OneOf(Attendance), default=Attendance.UNKNOWN)
    first_joined_at: Mapped[datetime | None]
    present_since: Mapped[datetime | None]
    last_left_at: Mapped[datetime | None]
    attended_seconds: Mapped[int] = mapped_column(Integer, default=0)
    marked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    marked_at: Mapped[datetime | None]


class WaitlistEntry(Base):
    """Someone who waits for a therapist's time; first come, first offered, and one open entry per pair."""

    __tablename__ = "waitlist_entry"
    __table_args__ = (
        CheckConstraint("earliest_at < latest_at", name="window"),
        CheckConstraint(
            "status <> 'offered' OR (offered_appointment_id IS NOT NULL AND offer_expires_at IS NOT NULL)",
            name="offer",
        ),
        unique_where("uq_waitlist_entry_open", "patient_id", "therapist_id", where="status IN ('waiting', 'offered')"),
        index_where("ix_waitlist_entry_queue", "therapist_id", "created_at", where="status = 'waiting'"),
        index_where("ix_waitlist_entry_offer_expires_at", "offer_expires_at", where="status = 'offered'"),
    )

    id: Mapped[Id]
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    status: Mapped[WaitlistStatus] = mapped_column(OneOf(WaitlistStatus), default=WaitlistStatus.WAITING)
    earliest_at: Mapped[datetime]
    latest_at: Mapped[datetime]
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    offered_appointment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("appointment.id"))
    offered_at: Mapped[datetime | None]
    offer_expires_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class Reminder(StrEnum):
    """How long before an appointment its people are reminded of it."""

    DAY_BEFORE = "day-before"
    HOUR_BEFORE = "hour-before"


class ReminderProgress(Base):
    """How far appointments were looked at for a reminder: all up to this start and, among those at it, this id."""

    __tablename__ = "reminder_progress"
    __table_args__ = (UniqueConstraint("reminder"),)

    id: Mapped[Id]
    reminder: Mapped[Reminder] = mapped_column(OneOf(Reminder))
    reached_at: Mapped[datetime]
    reached_id: Mapped[uuid.UUID]
