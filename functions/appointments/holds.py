"""POST /api/appointments/holds and …/{id}/confirm: a time is kept for a patient for minutes, while they decide."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared.appointments import note_change, touch_schedule
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.scheduling import Appointment, AppointmentStatus, CancelReason, WaitlistStatus
from shared.database.transaction import transaction
from shared.events import AppointmentChange, AppointmentChanged, Event
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, NotFound, Unprocessable
from shared.roles import patients
from shared.session import Caller
from shared.settings import settings

from . import own_appointments, places
from .appointments import ShownAppointment, shown
from .booking import BookedAppointment, NewAppointment, with_room
from .booking_rules import TherapistNotAvailable
from .freed_time import note_freed
from .own_appointments import Meeting
from .slots import Span
from .taking_time import TRIES, Wanted, book, change, expire

routes = Routes()

AT_ONCE: Final = 2
"""Times that a patient may hold, beside those that they were offered."""
LAPSED_AT_MOST: Final = 200


class TooManyHolds(Conflict):
    """The patient holds as many times as one may."""

    title = "You are holding other times already; confirm one or let it go first"


class HoldExpired(Conflict):
    """The time is no longer held for the patient; perhaps it can still be booked."""

    title = "This time is no longer held for you"


class HeldAppointment(Schema):
    """What is held, and until when nobody else can have it."""

    appointment: ShownAppointment
    held_until: datetime


@routes.endpoint(
    "POST /api/appointments/holds", allow=patients, limit=Limit("hold-appointment", 20, per=60), status=201, once=True
)
def hold_appointment(caller: Caller, new: NewAppointment) -> HeldAppointment:
    """Keep a time for the caller alone for some minutes; nobody is told of it.

    What is held for the caller already is answered as it is: they may not have been told.
    """
    try:
        return held(caller, new)
    except (Conflict, Unprocessable):
        before = held_before(caller, new)
        if before is None:
            raise
        return before


@routes.endpoint("POST /api/appointments/{id}/confirm", allow=patients, limit=Limit("confirm-appointment", 30, per=60))
def confirm_appointment(caller: Caller, id: UUID) -> BookedAppointment:
    """Book what is held for the caller; what was confirmed already is answered as it is."""
    appointment, told = confirmed(caller, id)
    return with_room(appointment, *told)


@transaction(tries=TRIES)
def held(db: Database, caller: Caller, new: NewAppointment) -> HeldAppointment:
    """Take the time as a booking does. Raises NotFound, TooManyHolds, a booking's problems."""
    if not own_appointments.may_book(db, caller.user_id, new.therapist_id):
        raise NotFound(denial=Denial(Action.APPOINTMENT_HELD, caller.user_id, new.therapist_id))
    if _holds_of(db, caller.user_id) >= AT_ONCE:
        raise TooManyHolds
    until = min(now() + timedelta(minutes=settings().hold_minutes), new.start_at)
    wanted = Wanted(caller.user_id, new.therapist_id, new.start_at, new.end_at)
    meeting = own_appointments.named(db, book(db, wanted, status=AppointmentStatus.HELD, held_until=until))
    own_appointments.note(db, meeting, Action.APPOINTMENT_HELD)
    return HeldAppointment(appointment=shown(meeting), held_until=until)


@transaction
def held_before(db: Database, caller: Caller, new: NewAppointment) -> HeldAppointment | None:
    """The caller's own hold of this very time, where there is one and while it lasts."""
    between = Span(new.start_at, new.end_at)
    found = own_appointments.asked_for_before(db, caller, new.therapist_id, between, AppointmentStatus.HELD)
    until = found.appointment.held_until if found else None
    if found is None or until is None or until <= now():
        return None
    return HeldAppointment(appointment=shown(found), held_until=until)


@transaction(tries=TRIES)
def confirmed(
    db: Database, caller: Caller, appointment_id: UUID
) -> tuple[ShownAppointment, tuple[AppointmentChanged, ...]]:
    """Make it a booking, if it is still held. Raises NotFound, HoldExpired, TherapistNotAvailable."""
    action = Action.APPOINTMENT_CONFIRMED
    meeting = own_appointments.to_change(db, caller, appointment_id, action=action)
    if meeting.appointment.status is AppointmentStatus.BOOKED:
        own_appointments.note(db, meeting, Action.APPOINTMENT_READ)
        return shown(meeting), ()
    told = confirm(db, meeting, action)
    return shown(meeting), (told,)


def confirm(db: Database, meeting: Meeting, action: Action) -> AppointmentChanged:
    """Book what is held, within the caller's transaction, and settle the place that it was offered to."""
    found = meeting.appointment
    if found.status is not AppointmentStatus.HELD or found.held_until is None or found.held_until <= now():
        raise HoldExpired
    if not own_appointments.may_book(db, found.patient_id, found.therapist_id):
        raise TherapistNotAvailable
    change(db, found, status=AppointmentStatus.BOOKED, held_until=None)
    touch_schedule(db, found.therapist_id)
    places.settle(db, found, WaitlistStatus.ACCEPTED)
    own_appointments.note(db, meeting, action)
    return note_change(db, found.id, found.version, AppointmentChange.BOOKED)


def release(db: Database, meeting: Meeting, action: Action = Action.APPOINTMENT_RELEASED) -> tuple[Event, ...]:
    """Let go what is held, within the caller's transaction: nobody was told of it, and nobody is now.

    What to hand over after the commit, where somebody waits for the time. One that lapsed meanwhile is left as it is.
    """
    found = meeting.appointment
    change(
        db,
        found,
        status=AppointmentStatus.CANCELLED,
        cancelled_at=now(),
        cancelled_by=found.patient_id,
        cancel_reason=CancelReason.PATIENT_REQUEST,
    )
    touch_schedule(db, found.therapist_id)
    places.settle(db, found, WaitlistStatus.WAITING)
    own_appointments.note(db, meeting, action)
    return note_freed(db, found.therapist_id)


@transaction(tries=TRIES)
def expire_lapsed(db: Database) -> None:
    """Mark what was held too long; those to whom it was offered wait on. The next tick goes on where many are due."""
    lapsed = own_appointments.has_lapsed(now())
    due = db.execute(
        select(Appointment.id, Appointment.therapist_id)
        .where(lapsed)
        .order_by(Appointment.held_until)
        .limit(LAPSED_AT_MOST)
    ).all()
    expire(db, [row.id for row in due])
    if due:
        touch_schedule(db, *{row.therapist_id for row in due})
    places.return_lapsed(db)


def _holds_of(db: Database, patient_id: UUID) -> int:
    mine = (Appointment.patient_id == patient_id, Appointment.status == AppointmentStatus.HELD)
    alive = (Appointment.held_until > now(), Appointment.waitlist_entry_id.is_(None))
    return db.scalar(select(func.count()).select_from(Appointment).where(*mine, *alive)) or 0
