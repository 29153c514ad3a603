"""Appointments as a calendar file (RFC 5545, RFC 5546), which says no more than a shared calendar may show.

Whoever sees the calendar sees a time, a word and a link to our own page, which asks who they are: nobody's name, no
purpose, no other person's address. There is no alarm in it: reminders are mailed, and calendars have their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from icalendar import Event

PRODUCT: Final = "-//Bloom Health//Appointments//EN"


class Method(StrEnum):
    """What a calendar is to do: take an entry in or change it, take it out, or just read."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
    PUBLISH = "PUBLISH"


class EntryStatus(StrEnum):
    """Whether an entry holds."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class Entry:
    """One appointment; `sequence` rises with each change that calendars are to learn of."""

    appointment_id: UUID
    sequence: int
    status: EntryStatus
    start_at: datetime
    end_at: datetime
    title: str
    description: str
    url: str


@dataclass(frozen=True)
class Organizer:
    """Whom the entries come from: ourselves."""

    name: str
    email: str


def calendar_file(
    method: Method, entries: Iterable[Entry], organizer: Organizer, reader_email: str, written_at: datetime
) -> bytes:
    """The file, in UTF-8 with lines of at most 75 bytes, for one reader; times are UTC.

    The entry of an appointment has the same UID for ever. To request or cancel takes the reader along as the only
    attendee; what is published has none (RFC 5546, 3.2.1).
    """
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method.value)
    for entry in entries:
        event = _event(entry, organizer, written_at)
        if method is not Method.PUBLISH:
            _invite(event, reader_email)
        calendar.add_component(event)
    file: bytes = calendar.to_ical()
    return file


def _event(entry: Entry, organizer: Organizer, written_at: datetime) -> "Event":
    from icalendar import Event

    event = Event()
    event.add("uid", str(entry.appointment_id))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", written_at)
    event.add("dtstart", entry.start_at)
    event.add("dtend", entry.end_at)
    event.add("summary", entry.title)
    event.add("description", entry.description)
    event.add("url", entry.url)
    event.add("status", entry.status.value)
    event.add("class", "PRIVATE")
    event.add("transp", "OPAQUE")
    event.add("organizer", f"mailto:{organizer.email}", parameters={"CN": organizer.name})
    return event


def _invite(event: "Event", reader_email: str) -> None:
    """The reader is coming and need not say so: nobody reads answers to the organizer's address."""
    asked = {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
    event.add("attendee", f"mailto:{reader_email}", parameters=asked)
