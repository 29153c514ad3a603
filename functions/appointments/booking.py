"""POST /api/appointments: a patient books a time of their therapist's, or of one who accepts new patients."""

from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.scheduling import (
    Appointment,
    AppointmentAttendee,
    AppointmentStatus,
    ZoomStatus,
)
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Denial, NotFound
from shared.roles import patients
from shared.session import Caller

from . import own_appointments
from .appointments import ShownAppointment, shown
from .moments import Moment
from .taking_time import TRIES, Wanted, each_start_once, take_time

routes = Routes()


class NewAppointment(Schema):
    """Whom to meet, from when until when."""

    therapist_id: UUID
    start_at: Moment
    end_at: Moment


class BookedAppointment(Schema):
    """What was booked, and where it is held by video, once there is such a place."""

    appointment: ShownAppointment
    zoom_join_url: str | None


@routes.endpoint(
    "POST /api/appointments", allow=patients, limit=Limit("book-appointment", 20, per=60), status=201, once=True
)
def book_appointment(caller: Caller, new: NewAppointment) -> BookedAppointment:
    """Book a time, which is the caller's from the moment of the answer, or tell why it cannot be booked."""
    return BookedAppointment(appointment=booked(caller, new), zoom_join_url=None)


@transaction(tries=TRIES)
def booked(db: Database, caller: Caller, new: NewAppointment) -> ShownAppointment:
    """Check that the time can be booked, and take it: all of it as at one moment, or nothing."""
    if not own_appointments.may_book(db, caller.user_id, new.therapist_id):
        raise NotFound(denial=Denial(Action.APPOINTMENT_BOOKED, caller.user_id, new.therapist_id))
    wanted = Wanted(caller.user_id, new.therapist_id, new.start_at, new.end_at)
    taken = take_time(db, wanted)
    made = Appointment(
        patient_id=caller.user_id,
        therapist_id=new.therapist_id,
        status=AppointmentStatus.BOOKED,
        start_at=new.start_at,
        end_at=new.end_at,
        blocked_from=taken.blocked.start_at,
        blocked_until=taken.blocked.end_at,
        time_zone=taken.time_zone,
        # No therapist's Zoom is connected, so that nobody is promised a room.
        zoom_status=ZoomStatus.FAILED,
        created_at=now(),
    )
    with each_start_once(db):
        db.add(made)
    people = (made.patient_id, made.therapist_id)
    db.add_all(AppointmentAttendee(appointment_id=made.id, user_id=user_id) for user_id in people)
    meeting = own_appointments.named(db, made)
    own_appointments.note(db, meeting, Action.APPOINTMENT_BOOKED)
    return shown(meeting)
