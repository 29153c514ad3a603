"""POST /api/appointments/{id}/cancel: either of its two people calls an appointment off, and its time is free again."""

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared.appointments import hand_over, note_change, touch_schedule
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.scheduling import AppointmentStatus, CancelReason
from shared.database.transaction import transaction
from shared.events import AppointmentChange, Event
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import FieldFault, Unprocessable
from shared.roles import Role, patients_and_therapists
from shared.session import Caller

from . import own_appointments
from .appointments import ShownAppointment, shown
from .booking_rules import require_changeable, require_version
from .holds import release
from .rescheduling import Version
from .taking_time import TRIES, change

routes = Routes()

# The others are given by what ends an account or a care relationship, and by nobody.
_ANYONES: Final = frozenset(
    {CancelReason.PATIENT_REQUEST, CancelReason.ILLNESS, CancelReason.TECHNICAL, CancelReason.OTHER}
)
REASONS: Final = {
    Role.PATIENT: _ANYONES,
    Role.THERAPIST: _ANYONES | {CancelReason.THERAPIST_UNAVAILABLE},
}


class Cancelling(Schema):
    """Why, and where the caller wants to be sure that nothing changed, the version that they looked at."""

    reason: CancelReason
    version: Version | None = None


@routes.endpoint(
    "POST /api/appointments/{id}/cancel", allow=patients_and_therapists, limit=Limit("cancel-appointment", 30, per=60)
)
def cancel_appointment(caller: Caller, id: UUID, cancelling: Cancelling) -> ShownAppointment:
    """Call an appointment off before it begins; what a patient does late is marked and not refused.

    One that was called off already is answered as it is.
    """
    require_reason(caller, cancelling.reason)
    appointment, told = cancelled(caller, id, cancelling)
    hand_over(*told)
    return appointment


def require_reason(caller: Caller, reason: CancelReason) -> None:
    """Raises Unprocessable for a reason that is another role's to give, or nobody's."""
    if reason not in REASONS[caller.role]:
        raise Unprocessable(errors=[FieldFault("/reason", "is not a reason that you can give")])


@transaction(tries=TRIES)
def cancelled(
    db: Database, caller: Caller, appointment_id: UUID, cancelling: Cancelling
) -> tuple[ShownAppointment, tuple[Event, ...]]:
    """Check that it can still be called off, and free both people's time. What was only held is let go."""
    meeting = own_appointments.to_change(db, caller, appointment_id, action=Action.APPOINTMENT_CANCELLED)
    found = meeting.appointment
    if found.status is AppointmentStatus.CANCELLED:
        own_appointments.note(db, meeting, Action.APPOINTMENT_READ)
        return shown(meeting), ()
    if found.status is AppointmentStatus.HELD and found.patient_id == caller.user_id:
        freed = release(db, meeting)
        return shown(meeting), freed
    require_changeable(found)
    require_version(found, cancelling.version)
    change(
        db,
        found,
        status=AppointmentStatus.CANCELLED,
        cancelled_at=now(),
        cancelled_by=caller.user_id,
        cancel_reason=cancelling.reason,
    )
    touch_schedule(db, found.therapist_id)
    own_appointments.note(db, meeting, Action.APPOINTMENT_CANCELLED)
    return shown(meeting), (note_change(db, found.id, found.version, AppointmentChange.CANCELLED),)
