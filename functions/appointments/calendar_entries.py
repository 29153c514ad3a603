"""What a reader's calendar is given of an appointment: the time, a word, and the way to our own page."""

from collections.abc import Iterable
from email.utils import parseaddr
from typing import Final
from uuid import UUID

from shared.clock import now
from shared.database.models.scheduling import Appointment, AppointmentStatus
from shared.settings import settings

from .calendar_file import Entry, EntryStatus, Method, Organizer, calendar_file
from .mail_languages import words_for
from .mail_times import Clock

_NOT_YET: Final = frozenset({AppointmentStatus.HELD, AppointmentStatus.PENDING})
_OFF: Final = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.EXPIRED})


def path_of(appointment_id: UUID) -> str:
    """Our own page of an appointment, from which its people join it."""
    return f"/appointments/{appointment_id}"


def calendar_of(method: Method, appointments: Iterable[Appointment], reader_email: str, clock: Clock) -> bytes:
    """A calendar file with these appointments, for the reader with this address and clock."""
    entries = [_entry(found, clock) for found in appointments]
    return calendar_file(method, entries, Organizer(*parseaddr(settings().mail_from)), reader_email, now())


def _entry(found: Appointment, clock: Clock) -> Entry:
    words, url = words_for(clock.language), settings().base_url + path_of(found.id)
    status = status_of(found.status)
    description = str(clock.span(found.start_at, found.end_at))
    if status is not EntryStatus.CANCELLED:
        description += f"\n{words.calendar_join} {url}"
    return Entry(
        appointment_id=found.id,
        sequence=found.ics_sequence,
        status=status,
        start_at=found.start_at,
        end_at=found.end_at,
        title=words.calendar_title,
        description=description,
        url=url,
    )


def status_of(status: AppointmentStatus) -> EntryStatus:
    """Whether the entry of an appointment in this status holds."""
    if status in _OFF:
        return EntryStatus.CANCELLED
    return EntryStatus.TENTATIVE if status in _NOT_YET else EntryStatus.CONFIRMED
