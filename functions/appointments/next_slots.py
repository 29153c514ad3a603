"""The next times of several therapists that can be booked, in as many queries for a page of them as for one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared.database.transaction import transaction

from . import slot_cache
from .schedules import Schedule, schedules_of
from .slot_cache import FreeTimes
from .slots import Slot, Span, free_starts

SHOWN: Final = 3
# More than are shown, so that an entry serves on where the first of them come too near.
KEPT: Final = 6
# Most have a free time within days; only for those who have not is the whole of what is usually offered computed.
WINDOWS: Final = (timedelta(days=7), timedelta(days=62))


def next_slots(versions: Mapping[UUID, int], moment: datetime) -> Mapping[UUID, Sequence[Slot]]:
    """The first few from this moment on, of each therapist, of whose schedule the present version is given."""
    names = {therapist_id: slot_cache.name_of(therapist_id, one, "next") for therapist_id, one in versions.items()}
    entries = slot_cache.find(names.values())
    found = {therapist_id: entries[name] for therapist_id, name in names.items() if name in entries}
    times = {therapist_id: one for therapist_id, one in found.items() if _is_enough(one, moment)}
    times |= _computed([therapist_id for therapist_id in versions if therapist_id not in times], moment)
    return {therapist_id: first_slots(one, moment) for therapist_id, one in times.items()}


def slots_within(therapist_ids: Collection[UUID], within: Span, moment: datetime) -> Mapping[UUID, Sequence[Slot]]:
    """The first few of each therapist that start within a time."""
    if not therapist_ids:
        return {}
    schedules = hours_of(therapist_ids, within)
    return {
        therapist_id: first_slots(slot_cache.free_times(schedule, moment, within), moment, within)
        for therapist_id, schedule in schedules.items()
    }


def first_slots(times: FreeTimes, moment: datetime, within: Span | None = None) -> Sequence[Slot]:
    """The first few that can be booked at a moment, of a time where one is given."""
    starts = times.bookable(moment, within or Span(moment, moment + WINDOWS[-1]))[:SHOWN]
    return [Slot(start := datetime.fromtimestamp(one, UTC), start + times.session) for one in starts]


def _is_enough(times: FreeTimes, moment: datetime) -> bool:
    """Whether an entry says what would be computed: where some of it came too near, enough has to be left."""
    notice = moment + timedelta(minutes=times.notice_minutes)
    return not times.starts or times.starts[0] >= notice.timestamp() or len(first_slots(times, moment)) == SHOWN


def _computed(therapist_ids: Sequence[UUID], moment: datetime) -> Mapping[UUID, FreeTimes]:
    found: dict[UUID, FreeTimes] = {}
    read: dict[UUID, Schedule] = {}
    wanting = therapist_ids
    for window in WINDOWS:
        if wanting:
            between = Span(moment, moment + window)
            for therapist_id, schedule in hours_of(wanting, between).items():
                found[therapist_id], read[therapist_id] = _first(schedule, between), schedule
            wanting = [one for one in wanting if one not in found or len(found[one].starts) < SHOWN]
    slot_cache.keep(
        {slot_cache.name_of(one, read[one].version, "next"): (times, read[one]) for one, times in found.items()}
    )
    return found


@transaction
def hours_of(db: Database, therapist_ids: Collection[UUID], between: Span) -> Mapping[UUID, Schedule]:
    """What their slots are computed from, once the transaction is over."""
    return schedules_of(db, therapist_ids, between)


def _first(schedule: Schedule, between: Span) -> FreeTimes:
    """The first times, looked for in a day, then in twice as long, and so on: mostly the first days have them."""
    moment, terms = between.start_at, schedule.terms
    notice = moment + timedelta(minutes=terms.minimum_notice_minutes)
    starts: list[datetime] = []
    start, length = notice, timedelta(days=1)
    while start < between.end_at and len(starts) < KEPT:
        end = min(start + length, between.end_at)
        starts += free_starts(terms, schedule.spans, schedule.busy, moment, Span(start, end))
        start, length = end, length * 2
    seconds = [int(one.timestamp()) for one in starts[:KEPT]]
    return FreeTimes(
        terms.session_minutes, terms.minimum_notice_minutes, terms.horizon_days, schedule.time_zone, seconds
    )
