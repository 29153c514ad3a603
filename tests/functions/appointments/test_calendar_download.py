"""The calendar file of an appointment, for its two people alone, each in their language."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import vobject
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select
from werkzeug.test import TestResponse

from shared.clock import held_at
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.profiles import CredentialsStatus
from shared.database.models.scheduling import AppointmentStatus
from tests.functions.appointments.calendars import NOON, TUESDAY_AT_NINE, Practice, add_practice, book, times
from tests.functions.appointments.post import become
from tests.people import As, add_person, change_licence, rows


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with held_at(lambda: NOON):
        yield


@pytest.fixture
def practice(appointments: FlaskClient) -> Practice:
    return add_practice()


@pytest.fixture
def path(appointments: FlaskClient, practice: Practice) -> str:
    made = book(As(appointments, practice.patient), practice.therapist).get_json()["appointment"]
    return f"/api/appointments/{made['id']}"


def event_in(answer: TestResponse) -> Any:
    assert answer.status_code == 200, answer.get_json()
    [event] = Calendar.from_ical(answer.data).walk("VEVENT")
    assert vobject.readOne(answer.data.decode()).vevent.uid.value == str(event["UID"])
    return event


@pytest.mark.parametrize("side", ["patient", "therapist"])
def test_each_of_its_people_can_keep_it(appointments: FlaskClient, practice: Practice, path: str, side: str) -> None:
    person = getattr(practice, side)
    answer = As(appointments, person).get(f"{path}/calendar.ics")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="appointment.ics"'
    event = event_in(answer)
    assert str(event["UID"]) == path.rpartition("/")[2]
    assert event.decoded("DTSTART") == TUESDAY_AT_NINE
    assert str(event["URL"]) == f"http://localhost:3000{path.removeprefix('/api')}"
    assert b"METHOD:PUBLISH" in answer.data
    for other in (practice.patient, practice.therapist):
        assert other.name.encode() not in answer.data
        assert other.email.encode() not in answer.data


def test_it_is_in_the_reader_s_language_and_by_their_clock(
    appointments: FlaskClient, practice: Practice, path: str
) -> None:
    become(practice.patient, language="es-MX", time_zone="Asia/Kathmandu")
    event = event_in(As(appointments, practice.patient).get(f"{path}/calendar.ics"))
    assert str(event["SUMMARY"]) == "Cita"
    assert "martes, 3 de marzo de 2026, 2:45\u00a0p.m. \u2013 3:35\u00a0p.m. (Kathmandu, GMT+05:45)" in str(
        event["DESCRIPTION"]
    )


def test_it_says_what_the_appointment_is_by_now(appointments: FlaskClient, practice: Practice, path: str) -> None:
    patient = As(appointments, practice.patient)
    later = TUESDAY_AT_NINE + timedelta(days=1)
    assert patient.patch(path, {**times(later), "version": 1}).status_code == 200
    event = event_in(patient.get(f"{path}/calendar.ics"))
    assert (event["SEQUENCE"], event.decoded("DTSTART"), event["STATUS"]) == (1, later, "CONFIRMED")
    assert patient.post(f"{path}/cancel", {"reason": "other"}).status_code == 200
    event = event_in(patient.get(f"{path}/calendar.ics"))
    assert (event["SEQUENCE"], event["STATUS"]) == (2, AppointmentStatus.CANCELLED.upper())
    assert "Join" not in str(event["DESCRIPTION"])


def test_whoever_takes_it_leaves_an_audit_entry(appointments: FlaskClient, practice: Practice, path: str) -> None:
    As(appointments, practice.therapist).get(f"{path}/calendar.ics")
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "appointment.calendar-file"))
    assert (entry.actor_id, entry.subject_id, entry.outcome) == (
        practice.therapist.id,
        practice.patient.id,
        AuditOutcome.SUCCESS,
    )


def test_others_are_told_that_there_is_none(appointments: FlaskClient, practice: Practice, path: str) -> None:
    for other in (add_person(), add_practice().therapist):
        assert As(appointments, other).get(f"{path}/calendar.ics").status_code == 404
    denied = rows(select(AuditEvent.outcome).where(AuditEvent.action == "appointment.calendar-file"))
    assert denied == [AuditOutcome.DENIED] * 2
    change_licence(practice.therapist, CredentialsStatus.PENDING)
    assert As(appointments, practice.therapist).get(f"{path}/calendar.ics").status_code == 403


def test_another_file_or_id_is_not_there(appointments: FlaskClient, practice: Practice, path: str) -> None:
    patient = As(appointments, practice.patient)
    assert patient.get(f"{path}/calendar.txt").status_code == 404
    assert patient.get("/api/appointments/nothing/calendar.ics").status_code == 404
