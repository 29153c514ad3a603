"""What ends with an account: its appointments, its places on waiting lists, and its care relationships."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.orm import Session as Database

from shared import appointments, audit
from shared.audit_actions import Action
from shared.care_end import keep_word
from shared.clock import now
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.profiles import TherapistProfile
from shared.database.models.scheduling import Appointment, AppointmentSeries, CancelReason, WaitlistEntry
from shared.events import CareEnded, Event


def cancel_appointments(db: Database, person_id: UUID, *, after: datetime) -> tuple[Event, ...]:
    """Call off the person's appointments that begin later than `after`; what to hand over of it after the commit."""
    return appointments.call_off(
        db,
        _concerns(Appointment, person_id),
        actor_id=person_id,
        reason=CancelReason.ACCOUNT_CLOSED,
        after=after,
    )


def take_no_more_patients(db: Database, therapist_id: UUID) -> None:
    """Patients are no longer offered this therapist."""
    db.execute(
        update(TherapistProfile).where(TherapistProfile.user_id == therapist_id).values(accepts_new_patients=False)
    )


def leave_queues(db: Database, person_id: UUID) -> None:
    """End series and places on waiting lists, the person's own and, for a therapist, those of who waits for them."""
    appointments.leave_queues(db, _concerns(AppointmentSeries, person_id), _concerns(WaitlistEntry, person_id))


def end_care(db: Database, person_id: UUID) -> tuple[CareEnded, ...]:
    """End what was accepted and decline what was asked for, on either side; what sockets are to be told of it."""
    moment = now()
    mine = _concerns(CareRelationship, person_id)
    ended = db.execute(
        update(CareRelationship)
        .where(mine, CareRelationship.status == CareStatus.ACCEPTED)
        .values(status=CareStatus.ENDED, ended_at=moment, ended_by=person_id)
        .returning(CareRelationship.id, CareRelationship.patient_id, CareRelationship.therapist_id)
    ).all()
    for care_id, patient_id, _ in ended:
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
    words = (keep_word(db, care_id, therapist_id, moment) for care_id, _, therapist_id in ended)
    return tuple(word for word in words if word)


def _concerns(model: Any, person_id: UUID) -> Any:
    return or_(model.patient_id == person_id, model.therapist_id == person_id)
