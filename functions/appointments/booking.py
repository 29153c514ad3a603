"""POST /api/appointments: a patient books a time of their therapist's, or of one who accepts new patients."""

from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared import outbox
from shared.appointments import note_change
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.scheduling import AppointmentStatus
from shared.database.transaction import transaction
from shared.events import AppointmentChange, AppointmentChanged
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, NotFound, Unprocessable
from shared.roles import patients
from shared.session import Caller

from . import kept_meetings, meetings, own_appointments
from .appointments import VIDEO, ShownAppointment, shown
from .moments import Moment
from .slots import Span
from .taking_time import TRIES, Wanted, book

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
    """Book a time, which is the caller's from the moment of the answer, or tell why it cannot be booked.

    What the caller has booked already is answered as it is: they may not have been told.
    """
    try:
        appointment, told = booked(caller, new)
    except (Conflict, Unprocessable):
        before = booked_before(caller, new)
        if before is None:
            raise
        return with_room(before)
    return with_room(appointment, told)


def with_room(appointment: ShownAppointment, *told: AppointmentChanged) -> BookedAppointment:
    """What was just booked, after what follows was handed over and its meeting was tried; or what was booked before."""
    outbox.hand_over(*told)
    room = meetings.make_now(told[0]) if told else kept_meetings.way_in(appointment.id)
    return BookedAppointment(
        appointment=appointment.model_copy(update={"video": VIDEO[room.status]}), zoom_join_url=room.join_url
    )


@transaction(tries=TRIES)
def booked(db: Database, caller: Caller, new: NewAppointment) -> tuple[ShownAppointment, AppointmentChanged]:
    """Check that the time can be booked, and take it: all of it as at one moment, or nothing."""
    if not own_appointments.may_book(db, caller.user_id, new.therapist_id):
        raise NotFound(denial=Denial(Action.APPOINTMENT_BOOKED, caller.user_id, new.therapist_id))
    made = book(db, Wanted(caller.user_id, new.therapist_id, new.start_at, new.end_at))
    meeting = own_appointments.named(db, made)
    own_appointments.note(db, meeting, Action.APPOINTMENT_BOOKED)
    return shown(meeting), note_change(db, made.id, made.version, AppointmentChange.BOOKED)


@transaction
def booked_before(db: Database, caller: Caller, new: NewAppointment) -> ShownAppointment | None:
    """The caller's own booking of this very time, where there is one."""
    between = Span(new.start_at, new.end_at)
    found = own_appointments.asked_for_before(db, caller, new.therapist_id, between, AppointmentStatus.BOOKED)
    return shown(found) if found else None
