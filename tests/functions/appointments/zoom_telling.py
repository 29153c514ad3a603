"""Zoom telling our webhook what happens in the meeting of an appointment, and the events that follow, in any order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.zoom_webhooks import ZoomWebhooks
from shared.clock import now
from shared.database.encryption import KeyRing, seal
from shared.database.models.scheduling import Appointment, AppointmentAttendee, ZoomStatus
from shared.database.transaction import transaction
from tests.functions.appointments.calendars import TUESDAY_AT_NINE, Practice, add_appointment
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.people import rows

SECRET: Final = "the secret token of the subscription"
NUMBER: Final = "85123456789"
HOST: Final = "zoom-host-1"
REGISTRANT: Final = "registrant-1"
EVENTS: Final = "/api/internal/appointments/events"
START, END = TUESDAY_AT_NINE, TUESDAY_AT_NINE + timedelta(minutes=50)
PATIENT: Final = {"user_name": "Quillon Zabriskie", "email": "quillon@people.test", "registrant_id": REGISTRANT}
THERAPIST: Final = {"user_name": "Dr. Host", "email": "host@people.test", "id": HOST}
STRANGER: Final = {"user_name": "iPhone", "email": ""}


def at(minutes: float, seconds: float = 0) -> datetime:
    """So long after the start of the appointment."""
    return START + timedelta(minutes=minutes, seconds=seconds)


@dataclass
class Clock:
    """Shows what a test sets it to."""

    moment: datetime = START

    def __call__(self) -> datetime:
        """The time."""
        return self.moment


def add_meeting(practice: Practice, start_at: datetime = START, number: str = NUMBER, **columns: Any) -> UUID:
    """An appointment whose meeting at Zoom is made."""
    appointment_id = add_appointment(practice.patient, practice.therapist, start_at)
    given = {"zoom_status": ZoomStatus.CREATED, "zoom_registrant_id": REGISTRANT, "zoom_host_id": HOST} | columns
    _make(appointment_id, number, given)
    return appointment_id


@transaction
def _make(db: Database, appointment_id: UUID, number: str, columns: dict[str, Any]) -> None:
    found = db.get_one(Appointment, appointment_id)
    found.zoom_meeting_id = number
    url = f"https://zoom.test/w/{number}?tk=token-of-the-patient&pwd=abc"
    found.zoom_join_url = seal(KeyRing.CREDENTIAL, url, "appointment", "zoom_join_url", appointment_id)
    for name, value in columns.items():
        setattr(found, name, value)


@dataclass
class Telling:
    """Zoom, with the secret of our subscription, at the time that the test holds."""

    client: FlaskClient
    internal: InternalCalls
    clock: Clock
    number: str = NUMBER
    followed: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        transport = httpx.WSGITransport(app=self.client.application)
        self.zoom = ZoomWebhooks(
            "http://localhost/api/webhooks/zoom",
            SECRET,
            delays=(),
            clock=lambda: now().timestamp(),
            client=httpx.Client(transport=transport),
        )

    def tell(
        self,
        event: str,
        moment: datetime | None = None,
        who: dict[str, str] | None = None,
        *,
        uuid: str = "instance==1",
        device: str = "device-1",
    ) -> None:
        """An event that happens at this moment, or now, told at once."""
        self.clock.moment = moment or self.clock.moment
        assert self.zoom.send(f"meeting.{event}", self.meeting(uuid), self.participant(who, device))

    def body(self, event: str, moment: datetime, who: dict[str, str] | None = None, **more: str) -> dict[str, Any]:
        """What is told of an event, for who tells it at another time."""
        shown, self.clock.moment = self.clock.moment, moment
        somebody = self.participant(who, more.get("device", "device-1"))
        made = self.zoom.event(f"meeting.{event}", self.meeting(more.get("uuid", "instance==1")), somebody)
        self.clock.moment = shown
        return made

    def meeting(self, uuid: str = "instance==1") -> dict[str, Any]:
        """The meeting as events carry it."""
        named = {"topic": "Appointment", "type": 2, "timezone": "UTC", "duration": 50}
        return {"id": self.number, "uuid": uuid, "host_id": HOST, **named}

    def participant(self, who: dict[str, str] | None, device: str) -> dict[str, Any] | None:
        """Somebody in it, by some device."""
        if who is None:
            return None
        role = "host" if who.get("id") == HOST else who.get("registrant_id", who.get("customer_key", "other"))
        return {"user_id": "16778240", "participant_uuid": f"{role}-{device}", "id": "", "registrant_id": "", **who}

    def follow(self) -> None:
        """Pub/Sub pushes what it was not asked to push before, the oldest first."""
        waiting = [event.id for event in outbox_events("zoom-noticed") if event.id not in self.followed]
        self.push(waiting)
        self.followed |= set(waiting)

    def push(self, event_ids: Iterable[UUID]) -> None:
        """Pub/Sub pushes these, in this order."""
        for event_id in event_ids:
            assert self.internal.push(EVENTS, event_id).status_code == 204

    def tick(self, moment: datetime | None = None) -> None:
        """A minute has passed."""
        self.clock.moment = moment or self.clock.moment
        assert self.internal.tick("/api/internal/appointments/tick").status_code == 204


def appointment() -> Appointment:
    """The only one."""
    [found] = rows(select(Appointment))
    return found


def attendee(user_id: UUID) -> AppointmentAttendee:
    """One person's row of the only appointment."""
    [found] = rows(select(AppointmentAttendee).where(AppointmentAttendee.user_id == user_id))
    return found
