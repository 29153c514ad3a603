"""Reminders a day and an hour before an appointment, noted once for each version of it that comes so near.

Time only goes on, so each appointment's start passes the line of 24 hours ahead once, and that of one hour once. How
far the appointments were looked at is kept for each line in one row; what has passed it since is what is due, and both
are written in one transaction. So what is booked nearer than that, or moved there, is reminded of by the mail that
says so and not once more, and what is moved away passes the line again as the version that it has become.

What cannot be held by then, since an account is paused or a licence not in force, is called off and not reminded of.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session as Database

from shared import outbox
from shared.appointments import hand_over
from shared.clock import now
from shared.database.models.scheduling import Appointment, Reminder, ReminderProgress
from shared.database.transaction import expect_unique, transaction
from shared.events import Event, ReminderDue

from .booking_rules import CHANGEABLE
from .unable import call_off_unable

AT_ONCE: Final = 100
"""Appointments in one transaction."""
TIMES_AT_MOST: Final = 50
"""Transactions in one tick for each reminder; the others go with the next."""
JUST_TOLD: Final = timedelta(minutes=30)
"""Whose time was told so recently needs no reminder yet."""
_LAST_ID: Final = UUID(int=2**128 - 1)


@dataclass(frozen=True)
class Timing:
    """How long before the start a reminder is due, and how late it still helps."""

    ahead: timedelta
    at_most_late: timedelta

    def is_timely(self, start_at: datetime, moment: datetime) -> bool:
        """Whether it may be sent at this moment: neither early nor so late that it says something else."""
        return self.ahead - self.at_most_late < start_at - moment <= self.ahead


TIMINGS: Final = {
    Reminder.DAY_BEFORE: Timing(timedelta(hours=24), timedelta(hours=2)),
    Reminder.HOUR_BEFORE: Timing(timedelta(hours=1), timedelta(minutes=30)),
}


class _AnotherTick(Exception):
    """Somebody else began with the very first reminders at this moment; caught here."""


def remind_of_what_is_near() -> None:
    """Note every reminder that is due now, and hand it over; a tick that comes late leaves out what is too late."""
    moment = now()
    for reminder in Reminder:
        for _ in range(TIMES_AT_MOST):
            if not _noted(reminder, moment):
                break


def _noted(reminder: Reminder, moment: datetime) -> bool:
    """Whether there was so much that there may be more."""
    try:
        looked_at, events = note_due(reminder, moment)
    except _AnotherTick:
        return False
    hand_over(*events)
    return looked_at == AT_ONCE


@transaction
def note_due(db: Database, reminder: Reminder, moment: datetime) -> tuple[int, list[Event]]:
    """Note some of what passed the line, the nearest first; how many appointments it were, and what to hand over."""
    timing = TIMINGS[reminder]
    line, too_late = moment + timing.ahead, moment + timing.ahead - timing.at_most_late
    progress = _progress(db, reminder, too_late)
    since = max((progress.reached_at, progress.reached_id), (too_late, _LAST_ID))
    if since >= (line, _LAST_ID):
        return 0, []
    near = db.scalars(
        select(Appointment)
        .where(tuple_(Appointment.start_at, Appointment.id) > since, Appointment.start_at <= line)
        .where(Appointment.status.in_(CHANGEABLE))
        .where(func.coalesce(Appointment.rescheduled_at, Appointment.created_at) <= moment - JUST_TOLD)
        .order_by(Appointment.start_at, Appointment.id)
        .limit(AT_ONCE)
    ).all()
    last = (near[-1].start_at, near[-1].id) if len(near) == AT_ONCE else (line, _LAST_ID)
    progress.reached_at, progress.reached_id = last
    called_off = call_off_unable(db, [found.id for found in near], moment)
    off = {event.aggregate_id for event in called_off}
    events = [event for found in near if found.id not in off for event in _events(found, reminder, moment)]
    for event in events:
        outbox.record(db, event)
    return len(near), [*called_off, *events]


def _progress(db: Database, reminder: Reminder, first: datetime) -> ReminderProgress:
    progress = db.scalar(select(ReminderProgress).where(ReminderProgress.reminder == reminder))
    if progress is None:
        progress = ReminderProgress(reminder=reminder, reached_at=first, reached_id=_LAST_ID)
        with expect_unique(db, "uq_reminder_progress_reminder", _AnotherTick):
            db.add(progress)
    return progress


def _events(found: Appointment, reminder: Reminder, moment: datetime) -> list[ReminderDue]:
    return [
        ReminderDue(
            occurred_at=moment,
            appointment_id=found.id,
            version=found.version,
            user_id=user_id,
            reminder=reminder.value,
        )
        for user_id in (found.patient_id, found.therapist_id)
    ]
