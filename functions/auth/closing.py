"""What ends with an account: its appointments, its places on waiting lists, and its care relationships."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.care import CareRelationship, CareStatus
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

STILL_AHEAD = (AppointmentStatus.HELD, AppointmentStatus.PENDING, AppointmentStatus.BOOKED)


def cancel_appointments(db: Database, person_id: UUID, *, after: datetime) -> int:
    """Call off the person's appointments that begin later than `after`; how many there were."""
    moment = now()
    cancelled = db.execute(
        update(Appointment)
        .where(
            _concerns(Appointment, person_id),
            Appointment.status.in_(STILL_AHEAD),
            Appointment.start_at > after,
        )
        .values(
            status=AppointmentStatus.CANCELLED,
            cancelled_at=moment,
            cancelled_by=person_id,
            cancel_reason=CancelReason.ACCOUNT_CLOSED,
            version=Appointment.version + 1,
            ics_sequence=Appointment.ics_sequence + 1,
        )
        .returning(Appointment.id, Appointment.patient_id)
    ).all()
    for appointment_id, patient_id in cancelled:
        audit.record(
            db,
            Action.APPOINTMENT_CANCELLED,
            subject_id=patient_id,
            actor_id=person_id,
            resource=("appointment", appointment_id),
        )
    return len(cancelled)


def take_no_more_patients(db: Database, therapist_id: UUID) -> None:
    """Patients are no longer offered this therapist."""
    db.execute(
        update(TherapistProfile).where(TherapistProfile.user_id == therapist_id).values(accepts_new_patients=False)
    )


def leave_queues(db: Database, person_id: UUID) -> None:
    """End series and places on waiting lists, the person's own and, for a therapist, those of who waits for them."""
    db.execute(
        update(AppointmentSeries)
        .where(_concerns(AppointmentSeries, person_id), AppointmentSeries.status == SeriesStatus.ACTIVE)
        .values(status=SeriesStatus.CANCELLED)
    )
    db.execute(
        update(WaitlistEntry)
        .where(
            _concerns(WaitlistEntry, person_id),
            WaitlistEntry.status.in_((WaitlistStatus.WAITING, WaitlistStatus.OFFERED)),
        )
        .values(status=WaitlistStatus.WITHDRAWN)
    )


def end_care(db: Database, person_id: UUID) -> None:
    """End what was accepted and decline what was asked for, on either side."""
    moment = now()
    mine = _concerns(CareRelationship, person_id)
    ended = db.execute(
        update(CareRelationship)
        .where(mine, CareRelationship.status == CareStatus.ACCEPTED)
        .values(status=CareStatus.ENDED, ended_at=moment, ended_by=person_id)
        .returning(CareRelationship.id, CareRelationship.patient_id)
    ).all()
    for care_id, patient_id in ended:
        audit.record(
            db,
            Action.CARE_ENDED,
            subject_id=patient_id,
            actor_id=person_id,
            resource=("care_relationship", care_id),
        )
    db.execute(
        update(CareRelationship)
        .where(mine, CareRelationship.status == CareStatus.REQUESTED)
        .values(status=CareStatus.DECLINED, declined_at=moment)
    )


def _concerns(model: Any, person_id: UUID) -> Any:
    return or_(model.patient_id == person_id, model.therapist_id == person_id)
