"""Calendar files: two readers by other hands understand them, whatever the words are."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from functions.appointments.calendar_entries import status_of
from functions.appointments.calendar_file import Entry, EntryStatus, Method, Organizer, calendar_file
from shared.database.models.scheduling import AppointmentStatus

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
ID = UUID("6f0b6a3c-8c5e-4b7e-9a43-0a6e7f2f9b11")
US = Organizer("Bloom Health", "no-reply@bloomhealth.us")
READER = "nia+mail@people.test"
ENTRY = Entry(
    ID,
    3,
    EntryStatus.CONFIRMED,
    START,
    START + timedelta(minutes=50),
    "Appointment",
    "Tuesday\nhttps://bloomhealth.us/appointments/1",
    "https://bloomhealth.us/appointments/1",
)
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200)
# Neither reader keeps spaces at the ends apart from the fold, nor does anybody write them there.
TEXT = WORDS.map(str.strip)


def made(method: Method = Method.REQUEST, *entries: Entry) -> bytes:
    return calendar_file(method, entries or (ENTRY,), US, READER, NOON)


def by_icalendar(file: bytes) -> Any:
    [event] = Calendar.from_ical(file).walk("VEVENT")
    return event


def by_vobject(file: bytes) -> Any:
    return vobject.readOne(file.decode())


@pytest.mark.parametrize("method", Method)
def test_both_readers_find_everything(method: Method) -> None:
    one, other = by_icalendar(made(method)), by_vobject(made(method))
    assert other.method.value == str(Calendar.from_ical(made(method))["METHOD"]) == method.value
    event = other.vevent
    assert str(one["UID"]) == event.uid.value == str(ID)
    assert (one["SEQUENCE"], event.sequence.value) == (3, "3")
    assert one.decoded("DTSTART") == event.dtstart.value == START
    assert one.decoded("DTEND") == event.dtend.value == START + timedelta(minutes=50)
    assert one.decoded("DTSTAMP") == event.dtstamp.value == NOON
    assert str(one["SUMMARY"]) == event.summary.value == "Appointment"
    assert str(one["DESCRIPTION"]) == event.description.value == ENTRY.description
    assert str(one["URL"]) == event.url.value == ENTRY.url
    assert str(one["STATUS"]) == event.status.value == "CONFIRMED"
    assert str(one["CLASS"]) == "PRIVATE"
    assert str(one["ORGANIZER"]) == event.organizer.value == "mailto:no-reply@bloomhealth.us"
    assert one["ORGANIZER"].params["CN"] == "Bloom Health"


@pytest.mark.parametrize("method", [Method.REQUEST, Method.CANCEL])
def test_its_reader_is_the_only_attendee_and_need_not_answer(method: Method) -> None:
    one, other = by_icalendar(made(method)), by_vobject(made(method))
    assert str(one["ATTENDEE"]) == f"mailto:{READER}"
    assert one["ATTENDEE"].params["RSVP"] == "FALSE"
    assert [attendee.value for attendee in other.vevent.attendee_list] == [f"mailto:{READER}"]


def test_what_is_published_has_no_attendee() -> None:
    assert "ATTENDEE" not in by_icalendar(made(Method.PUBLISH))


def test_times_are_utc() -> None:
    file = made().decode()
    assert "DTSTART:20260303T090000Z" in file
    assert "TZID" not in file


def test_a_file_of_several_has_an_event_for_each() -> None:
    entries = [
        Entry(uuid4(), number, ENTRY.status, START, ENTRY.end_at, "Appointment", "", ENTRY.url) for number in range(12)
    ]
    file = made(Method.PUBLISH, *entries)
    events = Calendar.from_ical(file).walk("VEVENT")
    assert [str(event["UID"]) for event in events] == [str(entry.appointment_id) for entry in entries]
    assert len(by_vobject(file).vevent_list) == 12


@given(title=TEXT, description=st.lists(TEXT, max_size=4).map("\n".join))
def test_any_words_are_read_as_they_were_written_and_no_line_is_too_long(title: str, description: str) -> None:
    entry = Entry(ID, 0, EntryStatus.CONFIRMED, START, ENTRY.end_at, title, description, ENTRY.url)
    file = made(Method.REQUEST, entry)
    one, other = by_icalendar(file), by_vobject(file)
    assert str(one["SUMMARY"]) == other.vevent.summary.value == title
    assert str(one.get("DESCRIPTION", "")) == other.vevent.description.value == description
    lines = file.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert lines[-1] == b""
    for line in lines:
        line.decode()  # folded between characters, never within one


def test_no_line_ends_but_by_crlf() -> None:
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", made()) is None


@pytest.mark.parametrize("status", AppointmentStatus)
def test_every_status_is_one_of_a_calendar_s(status: AppointmentStatus) -> None:
    off = {AppointmentStatus.CANCELLED, AppointmentStatus.EXPIRED}
    not_yet = {AppointmentStatus.HELD, AppointmentStatus.PENDING}
    expected = EntryStatus.CANCELLED if status in off else EntryStatus.TENTATIVE if status in not_yet else "CONFIRMED"
    assert status_of(status) == expected
