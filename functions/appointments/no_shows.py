"""What time alone makes of appointments: who did not come after a while, what has begun, and what is over by now."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, or_, select, text
from sqlalchemy.orm import Session as Database
from sqlalchemy.orm import aliased

from shared.clock import now
from shared.database.models.scheduling import (
    UNSETTLED,
    Appointment,
    AppointmentAttendee,
    AppointmentStatus,
    Attendance,
)
from shared.database.transaction import look_up, transaction
from shared.problems import Unavailable
from shared.settings import settings
from shared.telemetry import log_exception

from .attendance import LINGERS, OPENS_BEFORE
from .settling import settle
from .taking_time import TRIES
from .zoom_notices import notices_of

AT_MOST: Final = 500
"""In one call; the others wait for the next, a minute later."""


def settle_due() -> int:
    """Settle each appointment that time alone may have changed; how many were. Raises Unavailable where one failed."""
    due = [appointment_id for (appointment_id,) in look_up(_due(), {})]
    settled = sum(_is_settled(appointment_id) for appointment_id in due)
    if settled < len(due):
        raise Unavailable("not all could be settled")
    return settled


def _is_settled(appointment_id: UUID) -> bool:
    try:
        settle_one(appointment_id)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others are due as well
        log_exception("appointment-not-settled", error)
        return False
    return True


@transaction(tries=TRIES)
def settle_one(db: Database, appointment_id: UUID) -> None:
    """By all that is known of it now; a notice that comes at this moment is looked at with this, or after it."""
    found = db.get(Appointment, appointment_id, with_for_update=True)
    if found is not None:
        settle(db, found, notices_of(db, found), now())


def _due() -> Select[Any]:
    moment = now()
    patient, therapist = aliased(AppointmentAttendee), aliased(AppointmentAttendee)
    somebody_waits = and_(
        Appointment.start_at <= moment - timedelta(minutes=settings().no_show_minutes),
        therapist.first_joined_at.is_not(None),
        patient.first_joined_at.is_(None),
        patient.attendance == Attendance.UNKNOWN,
        patient.marked_at.is_(None),
    )
    was_opened_early = and_(
        Appointment.status == AppointmentStatus.BOOKED,
        Appointment.started_at.is_not(None),
        Appointment.ended_at.is_(None),
    )
    return (
        select(Appointment.id)
        .join(patient, (patient.appointment_id == Appointment.id) & (patient.user_id == Appointment.patient_id))
        .join(therapist, (therapist.appointment_id == Appointment.id) & (therapist.user_id == Appointment.therapist_id))
        .where(
            text(UNSETTLED),  # in the words of the index
            Appointment.start_at <= moment + OPENS_BEFORE,
            or_(somebody_waits, was_opened_early, Appointment.end_at <= moment - LINGERS),
        )
        .order_by(Appointment.start_at)
        .limit(AT_MOST)
    )
