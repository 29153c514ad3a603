"""POST /api/internal/appointments/reconcile: at night, Zoom and our rows are brought to hold the same meetings.

It goes through the therapists who have appointments ahead, for as long as one call may; the next one goes on from there.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session as Database

from shared import outbox
from shared.clock import now
from shared.database.models.scheduling import Appointment, AppointmentStatus, ZoomStatus
from shared.database.transaction import look_up, transaction
from shared.events import MeetingWanted
from shared.http.endpoint import Routes
from shared.redis import RedisAway
from shared.redis import ask as ask_redis
from shared.roles import scheduler
from shared.telemetry import log

from .meeting_hosts import host_of
from .meeting_references import appointment_of
from .zoom import Budget, Room, Zoom, ZoomAway, ZoomRefused, zoom

routes = Routes()

SECONDS: Final = 45.0
"""How long one call goes on; Cloud Scheduler waits longer."""
SECONDS_EACH: Final = 15.0
YOUNGEST: Final = timedelta(minutes=15)
"""A meeting is let be at first: its appointment may just be about to be kept with it."""
AT_ONCE: Final = 50
PLACE: Final = "zoom:reconciled"
PLACE_KEPT: Final = timedelta(hours=20)
FIRST: Final = UUID(int=0)
LIVE: Final = (AppointmentStatus.BOOKED, AppointmentStatus.IN_SESSION)


@dataclass
class Found:
    """What one call found to do."""

    therapists: int = 0
    removed: int = 0
    wanted: int = 0


@dataclass(frozen=True)
class Ahead:
    """A therapist's appointments ahead, whatever their status: id, status, Zoom's status, meeting and host."""

    therapist_id: UUID
    rows: Sequence[Row[Any]]

    def owner_of(self, room: Room) -> Row[Any] | None:
        """Whose meeting it says it is, if that is one of these."""
        appointment_id = appointment_of(room.agenda)
        return next((row for row in self.rows if row.id == appointment_id), None)


@routes.endpoint("POST /api/internal/appointments/reconcile", allow=scheduler)
def reconcile() -> None:
    """Remove meetings of ours that no appointment has, and ask anew for those that appointments miss."""
    at = zoom()
    if at is not None:
        go_through(at, Budget(SECONDS))


def go_through(at: Zoom, budget: Budget, clock: Callable[[], float] = time.monotonic) -> Found:
    """From where the last call ended; Zoom being away ends this one early."""
    found = Found()
    place = _place()
    try:
        while place is not None:
            therapists = _therapists_after(place)
            for therapist_id in therapists:
                _bring_together(at, therapist_id, found, budget)
                place = therapist_id
                _keep_place(place)
            if len(therapists) < AT_ONCE:
                place = None
                _keep_place(None)
    except ZoomAway:
        log("reconciliation-goes-on-later", severity="WARNING")
    log("meetings-reconciled", therapists=found.therapists, removed=found.removed, wanted=found.wanted)
    return found
