"""POST /api/internal/appointments/reconcile: at night, Zoom and our rows are brought to hold the same meetings.

It goes through the therapists who have appointments ahead; where one call ends, the next one goes on.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
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

from . import kept_meetings
from .kept_meetings import Seen
from .meeting_hosts import host_of
from .meeting_references import appointment_of
from .meetings import plan_of
from .zoom import Budget, MeetingRuns, Room, Zoom, ZoomAway, ZoomRefused, zoom

routes = Routes()

SECONDS: Final = 45.0
"""How long one call goes on; Cloud Scheduler waits longer."""
FAILURES: Final = 3
"""Of so many therapists one after the other nothing could be learnt: Zoom is away, and the next call goes on."""
YOUNGEST: Final = timedelta(minutes=15)
"""A meeting is let be at first: its appointment may just be about to be kept with it."""
AT_ONCE: Final = 50
PLACE: Final = "zoom:reconciled"
PLACE_KEPT: Final = timedelta(days=7)
ROUND: Final = timedelta(hours=20)
"""After a round nothing is done for so long: the calls of one night make one round."""
FIRST: Final = UUID(int=0)
DONE: Final = "done"
OVER: Final = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.EXPIRED})


@dataclass
class Tally:
    """What one call did."""

    therapists: int = 0
    removed: int = 0
    wanted: int = 0
    failures: int = 0
    """Therapists one after the other."""


@dataclass(frozen=True)
class Held:
    """What a therapist's users at Zoom hold, by the meetings' ids, and whether there is one to hold more."""

    rooms: Mapping[str, Room]
    has_host: bool


@routes.endpoint("POST /api/internal/appointments/reconcile", allow=scheduler)
def reconcile() -> None:
    """Remove meetings of ours that no appointment has, and ask anew for those that appointments miss."""
    at, place = zoom(), _place()
    if at is None or place is None:
        return
    tally = Tally()
    _go_through(at, place, Budget(SECONDS), tally)
    log("meetings-reconciled", therapists=tally.therapists, removed=tally.removed, wanted=tally.wanted)


def _go_through(at: Zoom, place: UUID, budget: Budget, tally: Tally) -> None:
    while therapists := _therapists_after(place):
        for therapist_id in therapists:
            if not _bring_together(at, therapist_id, budget, tally):
                return
            place = therapist_id
            _keep_place(str(place), PLACE_KEPT)
    _keep_place(DONE, ROUND)


def _bring_together(at: Zoom, therapist_id: UUID, budget: Budget, tally: Tally) -> bool:
    """Whether to go on after this therapist."""
    ahead = _ahead(therapist_id)
    try:
        budget.left()
        held = _held(at, therapist_id, ahead, budget)
        tally.removed += _remove_orphans(at, held.rooms.values(), budget)
        tally.failures = 0
    except ZoomAway:
        tally.failures += 1
        return budget.is_left() and tally.failures < FAILURES
    missing = [seen.id for seen in ahead if _misses_its_meeting(seen, held)]
    outbox.hand_over(*_want(missing))
    tally.therapists += 1
    tally.wanted += len(missing)
    return True


def _held(at: Zoom, therapist_id: UUID, ahead: Iterable[Seen], budget: Budget) -> Held:
    """By the user who would hold the next meeting, and by those who hold others."""
    host_id = None
    with suppress(ZoomRefused):
        host_id = host_of(at, therapist_id, budget)
    rooms: dict[str, Room] = {}
    for each in sorted({seen.host_id for seen in ahead if seen.host_id} | ({host_id} if host_id else set())):
        with suppress(ZoomRefused):  # who is not there any more holds nothing
            rooms |= {str(room.id): room for room in at.scheduled(each, budget)}
    return Held(rooms, has_host=host_id is not None)


def _remove_orphans(at: Zoom, rooms: Iterable[Room], budget: Budget) -> int:
    """How many there were. What is over needs no removal, and other people's meetings are theirs."""
    ours = {room.id: appointment_id for room in rooms if (appointment_id := appointment_of(room.agenda))}
    standing = {seen.id: seen for seen in kept_meetings.look_where(Appointment.id.in_(ours.values()))}
    removed = 0
    for room in rooms:
        if room.id in ours and _is_orphan(room, standing.get(ours[room.id])):
            with suppress(ZoomRefused, MeetingRuns):
                at.remove(str(room.id), budget)
                removed += 1
    return removed


def _is_orphan(room: Room, seen: Seen | None) -> bool:
    if room.created_at is None or room.created_at > now() - YOUNGEST:
        return False
    if room.start_time is None or room.start_time < now():
        return False
    if seen is None or seen.status in OVER:
        return True
    # One that was made and not kept is taken by the next who follows its appointment.
    return seen.meeting_id is not None and seen.meeting_id != str(room.id)


def _misses_its_meeting(seen: Seen, held: Held) -> bool:
    if seen.status in OVER:
        return seen.meeting_id is not None and seen.zoom_status is not ZoomStatus.DELETED
    if seen.status is not AppointmentStatus.BOOKED:
        return False
    if seen.zoom_status is ZoomStatus.FAILED:
        return held.has_host  # the therapist may have one since
    room = held.rooms.get(seen.meeting_id or "")
    return seen.zoom_status is not ZoomStatus.CREATED or room is None or not room.is_at(plan_of(seen))


def _therapists_after(place: UUID) -> list[UUID]:
    """The next who have appointments ahead."""
    query = (
        select(Appointment.therapist_id)
        .where(Appointment.therapist_id > place, Appointment.start_at > now())
        .distinct()
        .order_by(Appointment.therapist_id)
        .limit(AT_ONCE)
    )
    return [row.therapist_id for row in look_up(query, {})]


def _ahead(therapist_id: UUID) -> list[Seen]:
    return kept_meetings.look_where(Appointment.therapist_id == therapist_id, Appointment.start_at > now())


@transaction
def _want(db: Database, appointment_ids: list[UUID]) -> list[MeetingWanted]:
    """Keep that these want a meeting; to be handed over."""
    wanted = [MeetingWanted(occurred_at=now(), appointment_id=appointment_id) for appointment_id in appointment_ids]
    for event in wanted:
        outbox.record(db, event)
    return wanted


def _place() -> UUID | None:
    """After which therapist to go on; None where the round is done."""
    try:
        kept = ask_redis(lambda redis: redis.get(PLACE))
    except RedisAway:
        return FIRST
    if kept == DONE:
        return None
    return UUID(kept) if kept else FIRST


def _keep_place(place: str, kept_for: timedelta) -> None:
    with suppress(RedisAway):
        ask_redis(lambda redis: redis.set(PLACE, place, ex=int(kept_for.total_seconds())))
