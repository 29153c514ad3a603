"""The meeting at Zoom becomes what the appointment is: made, moved or removed, however often it is tried."""

from typing import Final
from uuid import UUID

from shared import outbox
from shared.appointments import meeting_of
from shared.clock import now
from shared.database.models.scheduling import AppointmentStatus, ZoomStatus
from shared.events import AppointmentChanged, MeetingWanted
from shared.problems import Unavailable
from shared.settings import settings
from shared.telemetry import log_exception

from . import kept_meetings
from .kept_meetings import PENDING, Seen, WayIn
from .meeting_hosts import forget_host, host_of
from .meeting_references import reference_of
from .zoom import NO_SUCH_USER, Budget, Plan, Room, Zoom, ZoomAway, ZoomRefused, is_gone, zoom

FOLLOW_SECONDS: Final = 10.0
ROUNDS: Final = 6
"""How often it is looked at again within one try, since it may change while Zoom is asked."""


def follow(wanted: MeetingWanted) -> None:
    """Bring the meeting to what the appointment is now. Raises Unavailable where Zoom is away: to be put back."""
    try:
        _bring_about(wanted.appointment_id, Budget(FOLLOW_SECONDS), first_try=False)
    except ZoomAway:
        raise Unavailable("Zoom is away") from None


def make_now(booked: AppointmentChanged) -> WayIn:
    """The first try, within the booking itself, and where that leads.

    What takes longer than `zoom_timeout_ms` is left to the outbox: the time is booked whatever is away now.
    """
    try:
        _bring_about(booked.appointment_id, Budget(settings().zoom_timeout_ms / 1000), first_try=True)
        outbox.mark_delivered(meeting_of(booked).id)
        return kept_meetings.way_in(booked.appointment_id)
    except (ZoomAway, Unavailable):
        return PENDING
    except Exception as error:  # noqa: BLE001 - the time is booked, and the answer says so whatever went wrong here
        log_exception("meeting-not-made", error)
        return PENDING


def _bring_about(appointment_id: UUID, budget: Budget, *, first_try: bool) -> None:
    for attempt in range(ROUNDS):
        seen = kept_meetings.look(appointment_id)
        if seen is None:
            return
        settled = _step(zoom(), seen, budget, fresh=first_try and attempt == 0)
        if settled and kept_meetings.is_still(seen):
            return
    raise ZoomAway("it changes faster than it can be followed")


def _step(at: Zoom | None, seen: Seen, budget: Budget, *, fresh: bool) -> bool:
    """Do what is next; whether nothing more is to be done for the appointment as it was seen."""
    if seen.status in (AppointmentStatus.CANCELLED, AppointmentStatus.EXPIRED):
        return _remove(at, seen, budget)
    if seen.status is not AppointmentStatus.BOOKED:
        return True  # not anybody's yet, being held, or over
    if at is None or seen.end_at <= now():
        kept_meetings.give_up(seen.id)
        return True
    if seen.meeting_id is None:
        return _make(at, seen, budget, fresh=fresh)
    if seen.zoom_status is not ZoomStatus.CREATED and not _open_door(at, seen, seen.meeting_id, budget):
        return False
    return _move(at, seen, seen.meeting_id, budget)


def _make(at: Zoom, seen: Seen, budget: Budget, *, fresh: bool) -> bool:
    try:
        host_id = host_of(at, seen.therapist_id, budget)
        if host_id is None:
            return _tell_there_is_none(seen)
        room = _made(at, host_id, seen, budget, fresh=fresh)
    except ZoomRefused as refused:
        if refused.code in NO_SUCH_USER:
            forget_host(seen.therapist_id)
        return _tell_there_is_none(seen)
    meeting_id = str(room.id)
    if kept_meetings.keep(seen, room, host_id) != meeting_id:  # somebody else was quicker
        _discard(at, meeting_id, budget)
        return False
    return _open_door(at, seen, meeting_id, budget) and room.is_at(plan_of(seen))


def _made(at: Zoom, host_id: str, seen: Seen, budget: Budget, *, fresh: bool) -> Room:
    """A new meeting; unless an earlier try made one and did not live, or did not wait, to keep it."""
    found = None if fresh else _found(at, host_id, seen, budget)
    return found or at.create(host_id, plan_of(seen), budget)


def _found(at: Zoom, host_id: str, seen: Seen, budget: Budget) -> Room | None:
    reference = reference_of(seen.id)
    return next((room for room in at.scheduled(host_id, budget) if room.agenda == reference), None)


def _open_door(at: Zoom, seen: Seen, meeting_id: str, budget: Budget) -> bool:
    """The patient's own way in, or the meeting's link where it has no registrants; whether there is one now."""
    try:
        registrant = at.register(meeting_id, _address_of(seen.id), budget)
        if registrant is not None:
            kept_meetings.open_door(seen.id, meeting_id, registrant.join_url, registrant.registrant_id)
            return True
        there = at.open_to_link(meeting_id, seen.host_id, budget)
        room = at.room(meeting_id, budget) if there else None
    except ZoomRefused as refused:
        if refused.code in NO_SUCH_USER:
            forget_host(seen.therapist_id)
        elif not is_gone(refused):
            raise ZoomAway("nobody can be let in now") from None
        room = None
    if room is None:
        kept_meetings.lose(seen.id, meeting_id)
        return False
    kept_meetings.open_door(seen.id, meeting_id, room.join_url, None)
    return True


def _move(at: Zoom, seen: Seen, meeting_id: str, budget: Budget) -> bool:
    plan = plan_of(seen)
    try:
        room = at.room(meeting_id, budget)
        if room is not None and room.is_at(plan):
            return True
        if room is not None and at.move(meeting_id, seen.host_id, plan, budget):
            return True
    except ZoomRefused:
        raise ZoomAway("it cannot be moved now") from None
    kept_meetings.lose(seen.id, meeting_id)
    return False


def _remove(at: Zoom | None, seen: Seen, budget: Budget) -> bool:
    if seen.meeting_id is not None and seen.zoom_status is not ZoomStatus.DELETED:
        if at is None:
            raise ZoomAway("no app of ours is registered any more")
        _discard(at, seen.meeting_id, budget)
    elif at is not None and seen.zoom_status is ZoomStatus.WANTED:
        _discard_unkept(at, seen, budget)
    kept_meetings.note_removed(seen.id, seen.meeting_id)
    return True


def _discard_unkept(at: Zoom, seen: Seen, budget: Budget) -> None:
    """What an earlier try made and did not live, or did not wait, to keep."""
    try:
        host_id = host_of(at, seen.therapist_id, budget)
        room = _found(at, host_id, seen, budget) if host_id else None
    except ZoomRefused:  # whoever is not there has no meetings
        return
    if room is not None:
        _discard(at, str(room.id), budget)


def _discard(at: Zoom, meeting_id: str, budget: Budget) -> None:
    try:
        at.remove(meeting_id, budget)
    except ZoomRefused as refused:
        if refused.code not in NO_SUCH_USER:  # with its host, the meeting is gone as well
            raise ZoomAway("it cannot be removed now") from None


def _tell_there_is_none(seen: Seen) -> bool:
    """No room can be had; the therapist is told, once."""
    told = kept_meetings.give_up(seen.id, tell=True)
    if told is not None:
        outbox.hand_over(told)
    return True


def plan_of(seen: Seen) -> Plan:
    """What its meeting should be."""
    return Plan(seen.start_at, seen.end_at, reference_of(seen.id))


def _address_of(appointment_id: UUID) -> str:
    """Under which the appointment's patient is registered: it says nothing, and nobody reads what is sent there."""
    return f"{appointment_id.hex}@{settings().zoom_registrant_domain}"
