"""A place on a waiting list, as what is offered to it is accepted, let go, or lapses."""

from typing import Final

from sqlalchemy import ColumnElement, ScalarSelect, func, select, update
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.scheduling import Appointment, AppointmentStatus, WaitlistEntry, WaitlistStatus

UNANSWERED_AT_MOST: Final = 3
"""So many offers may lapse unanswered; then the place is given up."""
NO_OFFER: Final = {"offered_appointment_id": None, "offered_at": None, "offer_expires_at": None}


def settle(db: Database, offered: Appointment, status: WaitlistStatus) -> None:
    """The place that this appointment was offered to, if it was to one, stands otherwise from now on."""
    if offered.waitlist_entry_id is None:
        return
    db.execute(
        update(WaitlistEntry)
        .where(
            WaitlistEntry.id == offered.waitlist_entry_id,
            WaitlistEntry.offered_appointment_id == offered.id,
            WaitlistEntry.status == WaitlistStatus.OFFERED,
        )
        .values(status=status, **({} if status is WaitlistStatus.ACCEPTED else NO_OFFER))
        .execution_options(synchronize_session=False)
    )


def return_lapsed(db: Database) -> None:
    """Whose offer lapsed waits on with their place, or no longer, after several; and nobody waits for what is past."""
    moment = now()
    lapsed = WaitlistEntry.status == WaitlistStatus.OFFERED, WaitlistEntry.offer_expires_at <= moment
    _change(db, WaitlistStatus.EXPIRED, *lapsed, _unanswered() >= UNANSWERED_AT_MOST)
    _change(db, WaitlistStatus.WAITING, *lapsed)
    _change(
        db, WaitlistStatus.EXPIRED, WaitlistEntry.status == WaitlistStatus.WAITING, WaitlistEntry.latest_at <= moment
    )


def _unanswered() -> ScalarSelect[int]:
    """How many offers to a place lapsed; what was declined is no such one."""
    return (
        select(func.count())
        .where(
            Appointment.patient_id == WaitlistEntry.patient_id,
            Appointment.waitlist_entry_id == WaitlistEntry.id,
            Appointment.status == AppointmentStatus.EXPIRED,
        )
        .scalar_subquery()
    )


def _change(db: Database, status: WaitlistStatus, *which: ColumnElement[bool]) -> None:
    db.execute(
        update(WaitlistEntry)
        .where(*which)
        .values(status=status, **NO_OFFER)
        .execution_options(synchronize_session=False)
    )
