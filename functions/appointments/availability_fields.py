"""What availability is made of: how each field may look, and what of it contradicts itself."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from itertools import combinations
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from shared.contract import Schema
from shared.problems import FieldFault
from shared.time_zones import TimeZone

MINUTES_OF_A_DAY: Final = 1440
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2199


def _as_day(written: object) -> date:
    # Pydantic's own parser would take a string of digits for seconds since 1970.
    if isinstance(written, date):
        return written
    if isinstance(written, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", written, re.ASCII):
        with suppress(ValueError):
            day = date.fromisoformat(written)
            if FIRST_YEAR <= day.year <= LAST_YEAR:
                return day
    raise ValueError(f"must be a day as YYYY-MM-DD of the years {FIRST_YEAR} to {LAST_YEAR}")


Day = Annotated[date, BeforeValidator(_as_day)]
WallClock = Annotated[str, Field(max_length=5, pattern=r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
"""What a clock on the wall shows, HH:MM; 24:00 is the end of the day."""


class WeeklyHours(Schema):
    """Hours on one day of every week; Monday is 0. Where no first day is given, they hold from today on."""

    weekday: int = Field(ge=0, le=6)
    start: WallClock
    end: WallClock
    effective_from: Day | None = None
    effective_until: Day | None = None
    """The last day on which they hold."""


class DifferentDay(Schema):
    """A date that differs: hours beyond the weekly ones, or hours off; no hours is the whole day off."""

    date: Day
    available: bool
    start: WallClock | None = None
    end: WallClock | None = None


class Availability(Schema):
    """When a therapist can be booked, by the wall clock of `timeZone`, and on which terms."""

    time_zone: TimeZone
    rules: Annotated[list[WeeklyHours], Field(max_length=100)]
    exceptions: Annotated[list[DifferentDay], Field(max_length=400)] = Field(default_factory=list)
    """What is off takes from the weekly hours, and not from the hours that are opened for the same date."""
    session_minutes: int = Field(50, ge=10, le=480)
    step_minutes: int = Field(30, ge=5, le=480)
    buffer_before_minutes: int = Field(0, ge=0, le=240)
    buffer_after_minutes: int = Field(10, ge=0, le=240)
    minimum_notice_minutes: int = Field(120, ge=0, le=43_200)
    horizon_days: int = Field(60, ge=1, le=730)
    daily_maximum: int | None = Field(None, ge=1, le=100)


def minutes_of(clock: str) -> int:
    """Minutes since midnight."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def clock_of(minute: int) -> str:
    """HH:MM."""
    return f"{minute // 60:02}:{minute % 60:02}"


def contradictions(given: Availability) -> list[FieldFault]:
    """Everything that cannot be kept though each field is well-formed, with the fields at fault."""
    faults = [
        *(fault for place, rule in enumerate(given.rules) for fault in _faults_of_rule(f"/rules/{place}", rule)),
        *(fault for place, day in enumerate(given.exceptions) for fault in _faults_of_day(f"/exceptions/{place}", day)),
    ]
    # What has no beginning or end overlaps nothing yet.
    return faults or [*_overlapping_rules(given.rules), *_overlapping_days(given.exceptions)]


def _faults_of_rule(pointer: str, rule: WeeklyHours) -> Iterator[FieldFault]:
    if minutes_of(rule.start) >= minutes_of(rule.end):
        yield FieldFault(f"{pointer}/end", "must be later than the start")
    first, last = rule.effective_from, rule.effective_until
    if last is not None and first is not None and last < first:
        yield FieldFault(f"{pointer}/effectiveUntil", "must not be before the first day")


def _faults_of_day(pointer: str, day: DifferentDay) -> Iterator[FieldFault]:
    if day.start is None and day.end is None:
        if day.available:
            yield FieldFault(f"{pointer}/start", "is needed where hours are opened")
    elif day.start is None or day.end is None:
        yield FieldFault(f"{pointer}/{'start' if day.start is None else 'end'}", "is needed beside the other")
    elif minutes_of(day.start) >= minutes_of(day.end):
        yield FieldFault(f"{pointer}/end", "must be later than the start")


def _overlapping_rules(rules: Sequence[WeeklyHours]) -> Iterator[FieldFault]:
    for (before, one), (place, other) in combinations(enumerate(rules), 2):
        if one.weekday == other.weekday and _at_once(one, other) and _days_meet(one, other):
            yield FieldFault(f"/rules/{place}", f"overlaps /rules/{before}")


def _overlapping_days(days: Sequence[DifferentDay]) -> Iterator[FieldFault]:
    """A whole day off may have hours that are opened in their place."""
    for (before, one), (place, other) in combinations(enumerate(days), 2):
        replaced = one.available != other.available and (one.start is None or other.start is None)
        if one.date == other.date and not replaced and _at_once(one, other):
            yield FieldFault(f"/exceptions/{place}", f"overlaps /exceptions/{before}")


def _at_once(one: WeeklyHours | DifferentDay, other: WeeklyHours | DifferentDay) -> bool:
    (start, end), (other_start, other_end) = _minutes(one), _minutes(other)
    return start < other_end and other_start < end


def _minutes(hours: WeeklyHours | DifferentDay) -> tuple[int, int]:
    return minutes_of(hours.start or "00:00"), minutes_of(hours.end or "24:00")


def _days_meet(one: WeeklyHours, other: WeeklyHours) -> bool:
    return (one.effective_from or date.min) <= (other.effective_until or date.max) and (
        other.effective_from or date.min
    ) <= (one.effective_until or date.max)
