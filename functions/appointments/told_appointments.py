"""Appointments as they are at the moment at which somebody is told of them by mail.

Each is read for its own two people alone, and nobody looks at it: the mail is the answer to what they did themselves.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.scheduling import Appointment, AppointmentSeries, WaitlistEntry, WaitlistStatus
from shared.database.transaction import transaction

from .booking_rules import CHANGEABLE


@transaction
def as_it_is(db: Database, appointment_id: UUID) -> Appointment | None:
    """The appointment."""
    return db.get(Appointment, appointment_id)


def is_ahead(found: Appointment) -> bool:
    """Whether it stands and has not begun."""
    return found.status in CHANGEABLE and found.start_at > now()


@transaction
def people_of_series(db: Database, series_id: UUID) -> tuple[UUID, UUID] | None:
    """The patient and the therapist."""
    series = db.get(AppointmentSeries, series_id)
    return (series.patient_id, series.therapist_id) if series else None


@transaction
def ahead_in_series(db: Database, series_id: UUID) -> Sequence[Appointment]:
    """What stands of a series and has not begun, the first first."""
    mine = select(Appointment).where(Appointment.series_id == series_id).order_by(Appointment.start_at)
    return [found for found in db.scalars(mine) if is_ahead(found)]


@transaction
def open_offer(db: Database, entry_id: UUID, appointment_id: UUID) -> tuple[WaitlistEntry, Appointment] | None:
    """A place on the waiting list and the time that is offered to it, while it is and can still be taken."""
    entry = db.get(WaitlistEntry, entry_id)
    if entry is None or entry.status is not WaitlistStatus.OFFERED or entry.offered_appointment_id != appointment_id:
        return None
    if entry.offer_expires_at is None or entry.offer_expires_at <= now():
        return None
    return entry, db.get_one(Appointment, appointment_id)
