"""The next times of several therapists that can be booked, in as many queries for a page of them as for one."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared.database.transaction import transaction

from .schedules import Schedule, schedules_of
from .slots import Slot, Span, free_slots

SHOWN: Final = 3
# Most have a free time within days; only for those who have not is the whole of what is usually offered computed.
WINDOWS: Final = (timedelta(days=7), timedelta(days=62))


def next_slots(therapist_ids: Collection[UUID], moment: datetime) -> Mapping[UUID, tuple[Slot, ...]]:
    """The first few from this moment on, of each therapist."""
    found: dict[UUID, tuple[Slot, ...]] = {}
    wanting = list(therapist_ids)
    for window in WINDOWS:
        if wanting:
            between = Span(moment, moment + window)
            for therapist_id, hours in hours_of(wanting, between).items():
                found[therapist_id] = _first(hours, between)
            wanting = [therapist_id for therapist_id in wanting if len(found.get(therapist_id, ())) < SHOWN]
    return found


@transaction
def hours_of(db: Database, therapist_ids: Collection[UUID], between: Span) -> Mapping[UUID, Schedule]:
    """What their slots are computed from, once the transaction is over."""
    return schedules_of(db, therapist_ids, between)


def _first(hours: Schedule, between: Span) -> tuple[Slot, ...]:
    """The first slots, looked for in a day, then in twice as long, and so on: mostly the first days have them."""
    found: tuple[Slot, ...] = ()
    start, length = between.start_at, timedelta(days=1)
    while start < between.end_at and len(found) < SHOWN:
        end = min(start + length, between.end_at)
        found += free_slots(hours.terms, hours.spans, hours.busy, between.start_at, Span(start, end))
        start, length = end, length * 2
    return found[:SHOWN]
