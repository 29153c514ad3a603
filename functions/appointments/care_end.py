"""What ends with a care relationship: the two people's appointments ahead, and the therapist's seat in the room."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.audit_actions import Action
from shared.database.models.care import CareRelationship
from shared.database.models.messaging import Conversation
from shared.database.models.scheduling import (
    Appointment,
    AppointmentSeries,
    AppointmentStatus,
    CancelReason,
    SeriesStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from shared.events import CareEnded
from shared.http.endpoint import Routes
from shared.http.schema import PushDelivery
from shared.redis import RedisAway, publish
from shared.roles import pubsub

from .taking_time import touch_schedule

routes = Routes()

STILL_AHEAD = (AppointmentStatus.HELD, AppointmentStatus.PENDING, AppointmentStatus.BOOKED)
IN_THE_QUEUE = (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)


@routes.endpoint("POST /api/internal/appointments/events", allow=pubsub)
def consume_event(push: PushDelivery) -> None:
    """Tell the therapist's sockets once more; while Redis is away it comes again with a later sweep."""
    event = outbox.open_event(push.event_id)
    if isinstance(event, CareEnded):
        try:
            publish(event.channel, event.tagged_json())
        except RedisAway:
            outbox.put_back(event.id)


def call_off(db: Database, care: CareRelationship, actor_id: UUID, moment: datetime) -> None:
    """Cancel what the two have ahead, their series, and the patient's place in the therapist's queue."""
    cancelled = _cancel_appointments(db, care, actor_id, moment)
    for (appointment_id,) in cancelled:
        audit.record(
            db,
            Action.APPOINTMENT_CANCELLED,
            subject_id=care.patient_id,
            resource=("appointment", appointment_id),
            details={"reason": CancelReason.CARE_ENDED},
        )
    if cancelled:
        touch_schedule(db, care.therapist_id)
    _leave_queue(db, care)


def keep_word(db: Database, care: CareRelationship, moment: datetime) -> CareEnded | None:
    """The event that takes the therapist out of the conversation on open sockets, where there is one."""
    conversation_id = db.scalar(select(Conversation.id).where(Conversation.care_relationship_id == care.id))
    if conversation_id is None:
        return None
    event = CareEnded(
        occurred_at=moment,
        care_relationship_id=care.id,
        conversation_id=conversation_id,
        therapist_id=care.therapist_id,
    )
    outbox.record(db, event)
    return event


def spread_word(event: CareEnded | None) -> None:
    """The relay learns it at once; where Redis is away, the outbox tells it later."""
    if event is None:
        return
    try:
        publish(event.channel, event.tagged_json())
    except RedisAway:
        return
    outbox.mark_delivered(event.id)


def _cancel_appointments(
    db: Database, care: CareRelationship, actor_id: UUID, moment: datetime
) -> list[Row[tuple[UUID]]]:
    return list(
        db.execute(
            update(Appointment)
            .where(
                Appointment.patient_id == care.patient_id,
                Appointment.therapist_id == care.therapist_id,
                Appointment.status.in_(STILL_AHEAD),
                Appointment.start_at > moment,
            )
            .values(
                status=AppointmentStatus.CANCELLED,
                cancelled_at=moment,
                cancelled_by=actor_id,
                cancel_reason=CancelReason.CARE_ENDED,
                version=Appointment.version + 1,
                ics_sequence=Appointment.ics_sequence + 1,
            )
            .returning(Appointment.id)
        )
    )


def _leave_queue(db: Database, care: CareRelationship) -> None:
    db.execute(
        update(AppointmentSeries)
        .where(
            AppointmentSeries.patient_id == care.patient_id,
            AppointmentSeries.therapist_id == care.therapist_id,
            AppointmentSeries.status == SeriesStatus.ACTIVE,
        )
        .values(status=SeriesStatus.CANCELLED)
    )
    db.execute(
        update(WaitlistEntry)
        .where(
            WaitlistEntry.patient_id == care.patient_id,
            WaitlistEntry.therapist_id == care.therapist_id,
            WaitlistEntry.status.in_(IN_THE_QUEUE),
        )
        .values(status=WaitlistStatus.WITHDRAWN)
    )
