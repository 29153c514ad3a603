"""What still has to be done about meetings, as tests push it, and what became of an appointment by it."""

import contextvars
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from shared.appointments import note_change
from shared.database.models.outbox_events import OutboxEvent
from shared.database.models.scheduling import Appointment
from shared.database.transaction import transaction
from shared.events import AppointmentChange, AppointmentChanged
from shared.outbox import open_event
from tests.functions.appointments.calendars import (
    TUESDAY_AT_NINE,
    times,
)
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.people import As, rows

HOUR = timedelta(hours=1)
EVENTS = "/api/internal/appointments/events"


class Outbox:
    """What still has to be done about meetings, pushed as Pub/Sub does."""

    def __init__(self, client: FlaskClient, cloud: LocalCloud) -> None:
        self._client, self._cloud = client, cloud

    def push(self, *, again: bool = False, latest_first: bool = False) -> None:
        """Every event about a meeting that nobody has seen to; with `again` all there ever were."""
        waiting = [row for row in outbox_events("meeting-wanted") if again or row.delivered_at is None]
        for row in reversed(waiting) if latest_first else waiting:
            assert self.push_one(row.id).status_code in (200, 204)

    def push_one(self, event_id: UUID) -> TestResponse:
        """One event, by a client of its own."""
        return InternalCalls(self._client.application.test_client(), self._cloud).push(EVENTS, event_id)

    def push_aside(self, pool: ThreadPoolExecutor, event_id: UUID) -> "Future[TestResponse]":
        """One event, at the same time as what the test does next."""
        return pool.submit(contextvars.copy_context().run, self.push_one, event_id)


@transaction
def want_meeting(db: Database, appointment_id: UUID) -> None:
    """As a booking leaves it behind whose process died at once."""
    note_change(db, appointment_id, 1, AppointmentChange.BOOKED)


def kept() -> Appointment:
    [found] = rows(select(Appointment))
    return found


def meeting_event() -> OutboxEvent:
    return outbox_events("meeting-wanted")[-1]


def unavailable_told() -> int:
    """How often a therapist is told that there is no video."""
    changes = [open_event(row.id) for row in outbox_events("appointment-changed")]
    return sum(
        isinstance(event, AppointmentChanged) and event.change is AppointmentChange.VIDEO_UNAVAILABLE
        for event in changes
    )


def video(answer: TestResponse) -> tuple[str, bool]:
    """What a booking's answer says of video, and whether it has a way in."""
    assert answer.status_code == 201, answer.get_json()
    return answer.get_json()["appointment"]["video"], answer.get_json()["zoomJoinUrl"] is not None


READY, PENDING, UNAVAILABLE = ("ready", True), ("pending", False), ("unavailable", False)


def seen_by(patient: As) -> str:
    """What the appointment itself says of video, later."""
    said: str = patient.get(f"/api/appointments/{kept().id}").get_json()["video"]
    return said


def move(patient: As, hours: int = 1) -> TestResponse:
    found = kept()
    body = {**times(TUESDAY_AT_NINE + hours * HOUR), "version": found.version}
    return patient.patch(f"/api/appointments/{found.id}", body)


def cancel(patient: As) -> TestResponse:
    return patient.post(f"/api/appointments/{kept().id}/cancel", {"reason": "patient_request"})
