"""What ends with a care relationship: the two people's appointments ahead, their series, a place in the queue."""

from datetime import datetime

from sqlalchemy import and_
from sqlalchemy.orm import Session as Database

from shared import appointments
from shared.database.models.care import CareRelationship
from shared.database.models.scheduling import Appointment, AppointmentSeries, CancelReason, WaitlistEntry
from shared.events import Event


def call_off(db: Database, care: CareRelationship, moment: datetime) -> tuple[Event, ...]:
    """Cancel what the two have ahead; what is to be handed over of it after the commit."""
    series, place = AppointmentSeries, WaitlistEntry
    pair = (care.patient_id, care.therapist_id)
    appointments.leave_queues(
        db,
        and_(series.patient_id == pair[0], series.therapist_id == pair[1]),
        and_(place.patient_id == pair[0], place.therapist_id == pair[1]),
    )
    assert care.ended_by is not None
    return appointments.call_off(
        db,
        and_(Appointment.patient_id == pair[0], Appointment.therapist_id == pair[1]),
        actor_id=care.ended_by,
        reason=CancelReason.CARE_ENDED,
        after=moment,
    )
