"""PATCH /api/appointments/{id}: an appointment takes another time and frees the one it had, in one step."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.orm import Session as Database

from shared.appointments import hand_over, note_change
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.transaction import transaction
from shared.events import AppointmentChange, AppointmentChanged
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.roles import patients_and_therapists
from shared.session import Caller

from . import own_appointments
from .appointments import ShownAppointment, shown
from .booking_rules import TherapistNotAvailable, require_changeable, require_version
from .moments import Moment
from .taking_time import TRIES, Wanted, change, each_start_once, take_time

routes = Routes()

Version = Annotated[int, Field(ge=1, le=2**31 - 2)]


class NewTime(Schema):
    """From when until when instead, and the version of the appointment that the caller looked at."""

    start_at: Moment
    end_at: Moment
    version: Version


@routes.endpoint(
    "PATCH /api/appointments/{id}", allow=patients_and_therapists, limit=Limit("move-appointment", 20, per=60)
)
def reschedule_appointment(caller: Caller, id: UUID, new: NewTime) -> ShownAppointment:
    """Move an appointment by the rules of a booking; one that is already at that time is answered as it is."""
    appointment, told = moved(caller, id, new)
    hand_over(*told)
    return appointment


@transaction(tries=TRIES)
def moved(
    db: Database, caller: Caller, appointment_id: UUID, new: NewTime
) -> tuple[ShownAppointment, tuple[AppointmentChanged, ...]]:
    """Check that the new time can be booked and that nobody changed the appointment meanwhile, and move it."""
    meeting = own_appointments.to_change(db, caller, appointment_id, action=Action.APPOINTMENT_RESCHEDULED)
    found = meeting.appointment
    require_changeable(found)
    if (found.start_at, found.end_at) == (new.start_at, new.end_at):  # a repeat of what was done is told the same
        own_appointments.note(db, meeting, Action.APPOINTMENT_READ)
        return shown(meeting), ()
    require_version(found, new.version)
    if not own_appointments.may_move(db, found):
        raise TherapistNotAvailable
    wanted = Wanted(found.patient_id, found.therapist_id, new.start_at, new.end_at, moving=found.id)
    taken = take_time(db, wanted)
    with each_start_once(db):
        change(
            db,
            found,
            start_at=new.start_at,
            end_at=new.end_at,
            blocked_from=taken.blocked.start_at,
            blocked_until=taken.blocked.end_at,
            time_zone=taken.time_zone,
            rescheduled_at=now(),
            rescheduled_by=caller.user_id,
            rescheduled_from=found.start_at,
        )
    own_appointments.note(db, meeting, Action.APPOINTMENT_RESCHEDULED)
    return shown(meeting), (note_change(db, found.id, found.version, AppointmentChange.RESCHEDULED),)
