"""What becomes of appointments when something changes or ends, wherever that is decided: time is freed, people told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Row, or_, select, tuple_, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import (
    Appointment,
    AppointmentSeries,
    AppointmentStatus,
    CancelReason,
    SeriesStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from shared.events import AppointmentChange, AppointmentChanged, Event, MeetingWanted

STILL_AHEAD: Final = (AppointmentStatus.HELD, AppointmentStatus.PENDING, AppointmentStatus.BOOKED)
IN_THE_QUEUE: Final = (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)


def note_change(db: Database, appointment_id: UUID, version: int, change: AppointmentChange) -> AppointmentChanged:
    """Keep in the caller's transaction that an appointment changed: mails follow, and its meeting at Zoom does.

    Hand the event over (`hand_over`) after the commit; what is left behind, the sweeper hands over.
    """
    event = AppointmentChanged(occurred_at=now(), appointment_id=appointment_id, version=version, change=change)
    outbox.record(db, event)
    outbox.record(db, meeting_of(event))
    return event


def meeting_of(event: AppointmentChanged) -> MeetingWanted:
    """The event that was kept with a change, and brings the meeting to it."""
    own_id = uuid5(event.id, MeetingWanted.type)
    return MeetingWanted(id=own_id, occurred_at=event.occurred_at, appointment_id=event.appointment_id)


def hand_over(*events: Event) -> None:
    """Hand over what `note_change` and `call_off` gave, and with each change the meeting that it wants."""
    meetings = (meeting_of(event) for event in events if isinstance(event, AppointmentChanged))
    outbox.hand_over(*events, *meetings)


def touch_schedule(db: Database, *therapist_ids: UUID) -> None:
    """Raise its version, since the therapist's free time is another from now on: those who book at once meet here."""
    db.execute(
        update(TherapistProfile)
        .where(TherapistProfile.user_id.in_(therapist_ids))
        .values(
            schedule_version=TherapistProfile.schedule_version + 1,
            updated_at=TherapistProfile.updated_at,  # the profile itself stays as it is
        )
        .execution_options(synchronize_session=False)
    )


def has_ahead(db: Database, person_id: UUID) -> bool:
    """Whether somebody has an appointment ahead of them, on either side."""
    mine = or_(Appointment.patient_id == person_id, Appointment.therapist_id == person_id)
    ahead = select(Appointment.id).where(mine, Appointment.status.in_(STILL_AHEAD), Appointment.end_at > now())
    return db.scalar(ahead.limit(1)) is not None


def of_patient(
    db: Database, patient_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[Appointment]:
    """A patient's appointments, the latest first, for who was let into the record: it leaves no entry.

    `before` is the start and id that the page before ended with. What was never more than held is none.
    """
    query = select(Appointment).where(Appointment.patient_id == patient_id, Appointment.held_until.is_(None))
    if before is not None:
        query = query.where(tuple_(Appointment.start_at, Appointment.id) < before)
    return list(db.scalars(query.order_by(Appointment.start_at.desc(), Appointment.id.desc()).limit(limit)))


def call_off(
    db: Database, concerning: ColumnElement[bool], *, actor_id: UUID | None, reason: CancelReason, after: datetime
) -> tuple[Event, ...]:
    """Cancel the appointments that `concerning` names and that begin later than `after`; what to hand over of it."""
    ahead = (concerning, Appointment.status.in_(STILL_AHEAD), Appointment.start_at > after)
    told = dict(db.execute(select(Appointment.id, Appointment.status).where(*ahead)).tuples().all())
    cancelled = _cancelled(db, told, actor_id=actor_id, reason=reason)
    for found in cancelled:
        audit.record(
            db,
            Action.APPOINTMENT_CANCELLED,
            actor_id=actor_id,
            subject_id=found.patient_id,
            resource=("appointment", found.id),
            details={"reason": reason},
        )
    if cancelled:
        touch_schedule(db, *{found.therapist_id for found in cancelled})
    return tuple(
        note_change(db, found.id, found.version, AppointmentChange.CANCELLED)
        for found in cancelled
        if told[found.id] is not AppointmentStatus.HELD  # of which nobody was told yet
    )


def leave_queues(db: Database, series: ColumnElement[bool], places: ColumnElement[bool]) -> None:
    """End the series and the places on waiting lists that these conditions name."""
    db.execute(
        update(AppointmentSeries)
        .where(series, AppointmentSeries.status == SeriesStatus.ACTIVE)
        .values(status=SeriesStatus.CANCELLED)
    )
    db.execute(
        update(WaitlistEntry)
        .where(places, WaitlistEntry.status.in_(IN_THE_QUEUE))
        .values(status=WaitlistStatus.WITHDRAWN)
    )


def _cancelled(
    db: Database, appointment_ids: Iterable[UUID], *, actor_id: UUID | None, reason: CancelReason
) -> list[Row[Any]]:
    cancelled = (
        update(Appointment)
        .where(Appointment.id.in_(list(appointment_ids)))
        .values(
            status=AppointmentStatus.CANCELLED,
            cancelled_at=now(),
            cancelled_by=actor_id,
            cancel_reason=reason,
            version=Appointment.version + 1,
            ics_sequence=Appointment.ics_sequence + 1,
        )
        .returning(Appointment.id, Appointment.version, Appointment.patient_id, Appointment.therapist_id)
        .execution_options(synchronize_session=False)
    )
    return list(db.execute(cancelled))
