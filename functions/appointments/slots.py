"""Which times can be booked: wall-clock rules and dated exceptions become spans in UTC, and spans become slots.

Everything is passed in, the zones too. A wall-clock time that a zone skips is moved to the end of the gap, and of two
equal times the first one counts. Spans hold their start and not their end.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import takewhile
from typing import Final

from .wall_clock import moment_of

DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Rule:
    """Free time every week by the wall clock of a zone; weekday 0 is Monday, minutes count from midnight."""

    weekday: int
    start_minute: int
    end_minute: int
    """1440 is the end of the day."""
    zone: tzinfo
    effective_from: date = date.min
    effective_until: date = date.max
    """The last day on which it holds."""


@dataclass(frozen=True)
class DatedException:
    """A date that differs from the rules: open beyond them, or closed, wholly where it has no minutes."""

    on_date: date
    available: bool
    zone: tzinfo
    start_minute: int | None = None
    end_minute: int | None = None


@dataclass(frozen=True)
class Terms:
    """How a therapist is booked: minutes and days."""

    zone: tzinfo
    """Whose days the daily maximum counts."""
    session_minutes: int = 50
    step_minutes: int = 30
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 10
    minimum_notice_minutes: int = 120
    horizon_days: int = 60
    daily_maximum: int | None = None

    @property
    def session(self) -> timedelta:
        """How long a session lasts."""
        return timedelta(minutes=self.session_minutes)

    def blocked(self, start_at: datetime) -> "Span":
        """What a session that starts then takes of the therapist's time, with its buffers."""
        before, after = timedelta(minutes=self.buffer_before_minutes), timedelta(minutes=self.buffer_after_minutes)
        return Span(start_at - before, start_at + self.session + after)

    def bookable(self, now: datetime) -> "Span":
        """Between which times, both included, a session booked now may start."""
        notice, horizon = timedelta(minutes=self.minimum_notice_minutes), timedelta(days=self.horizon_days)
        return Span(now + notice, now + horizon)


@dataclass(frozen=True, order=True)
class Span:
    """From a moment until another, in UTC."""

    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, order=True)
class OpenSpan(Span):
    """Within it sessions start, at its own start and a step, two, three later; they are over by `open_until`."""

    open_until: datetime
    """When the therapist is no longer free: later than the end where another open span follows at once."""


@dataclass(frozen=True)
class Busy:
    """A session that stands: when it starts, and what it takes with its buffers."""

    start_at: datetime
    blocked: Span


@dataclass(frozen=True, order=True)
class Slot(Span):
    """A session that can be booked."""


class Refusal(StrEnum):
    """Why a time cannot be booked; the first that applies, in this order."""

    PAST = "past"
    TOO_SOON = "too soon"
    TOO_FAR = "too far"
    WRONG_LENGTH = "wrong length"
    OUTSIDE_HOURS = "outside the hours"
    MISALIGNED = "misaligned"
    TAKEN = "taken"
    OVER_DAILY_MAXIMUM = "over the daily maximum"


def open_spans(rules: Iterable[Rule], exceptions: Iterable[DatedException], between: Span) -> tuple[OpenSpan, ...]:
    """When a therapist is free, in whole spans that meet `between`, in order.

    What is closed takes from the rules, and never from the hours that are opened for a date.
    """
    first, last = days_around(between)
    relevant = [exception for exception in exceptions if first <= exception.on_date <= last]
    closed = _merged(_span_of(exception) for exception in relevant if not exception.available)
    weekly = (span for rule in rules for span in _occurrences(rule, first, last))
    opened = (_span_of(exception) for exception in relevant if exception.available)
    pieces = sorted({*(piece for span in weekly for piece in _without(span, closed)), *filter(_has_time, opened)})
    ends = _ends_of_open_time(pieces)
    found = (OpenSpan(piece.start_at, piece.end_at, end) for piece, end in zip(pieces, ends, strict=True))
    return tuple(span for span in found if span.start_at < between.end_at and span.end_at > between.start_at)


def days_around(between: Span) -> tuple[date, date]:
    """The first and the last day of any zone that the spans of a time come from: a late session ends on the next."""
    return (between.start_at - DAY).date(), (between.end_at + 2 * DAY).date()


def free_slots(
    terms: Terms, spans: Sequence[OpenSpan], busy: Sequence[Busy], now: datetime, between: Span
) -> tuple[Slot, ...]:
    """The sessions that can be booked now and start within `between`, in order.

    `busy` has to hold every session whose blocked time meets that of a slot and, where there is a daily maximum, every
    session of the days that meet `between`.
    """
    session = terms.session
    return tuple(Slot(start, start + session) for start in free_starts(terms, spans, busy, now, between))


def free_starts(
    terms: Terms, spans: Sequence[OpenSpan], busy: Sequence[Busy], now: datetime, between: Span
) -> list[datetime]:
    """When the sessions of `free_slots` start."""
    bookable, taken = terms.bookable(now), _merged(one.blocked for one in busy)
    within = Span(max(bookable.start_at, between.start_at), min(bookable.end_at + timedelta.resolution, between.end_at))
    starts = sorted({start for span in spans for start in _free_starts(terms, span, taken, within)})
    if terms.daily_maximum is not None:
        full = _full_days(terms, busy)
        starts = [start for start in starts if start.astimezone(terms.zone).date() not in full]
    return starts


def is_bookable(
    start_at: datetime, end_at: datetime, terms: Terms, spans: Sequence[OpenSpan], busy: Sequence[Busy], now: datetime
) -> Refusal | None:
    """Why this time cannot be booked now, or None where it can: exactly the times that `free_slots` gives.

    When a session is moved, leave it out of `busy`.
    """
    start_at, end_at = start_at.astimezone(UTC), end_at.astimezone(UTC)
    return (
        _refusal_by_time(start_at, terms, now)
        or (Refusal.WRONG_LENGTH if end_at - start_at != terms.session else None)
        or _refusal_by_hours(start_at, end_at, terms, spans)
        or _refusal_by_others(start_at, terms, busy)
    )


def _refusal_by_time(start_at: datetime, terms: Terms, now: datetime) -> Refusal | None:
    bookable = terms.bookable(now)
    if start_at < now:
        return Refusal.PAST
    if start_at < bookable.start_at:
        return Refusal.TOO_SOON
    return Refusal.TOO_FAR if start_at > bookable.end_at else None


def _refusal_by_hours(start_at: datetime, end_at: datetime, terms: Terms, spans: Iterable[OpenSpan]) -> Refusal | None:
    around = [span for span in spans if span.start_at <= start_at < span.end_at and end_at <= span.open_until]
    if not around:
        return Refusal.OUTSIDE_HOURS
    step = terms.step_minutes * MINUTE
    aligned = any((start_at - span.start_at) % step == timedelta() for span in around)
    return None if aligned else Refusal.MISALIGNED


def _refusal_by_others(start_at: datetime, terms: Terms, busy: Iterable[Busy]) -> Refusal | None:
    wanted, busy = terms.blocked(start_at), tuple(busy)
    if any(_overlap(wanted, one.blocked) for one in busy):
        return Refusal.TAKEN
    if start_at.astimezone(terms.zone).date() in _full_days(terms, busy):
        return Refusal.OVER_DAILY_MAXIMUM
    return None


def _full_days(terms: Terms, busy: Iterable[Busy]) -> frozenset[date]:
    """The days of the therapist's zone on which no further session may start."""
    if terms.daily_maximum is None:
        return frozenset()
    counts = Counter(one.start_at.astimezone(terms.zone).date() for one in busy)
    return frozenset(day for day, count in counts.items() if count >= terms.daily_maximum)


def _free_starts(terms: Terms, span: OpenSpan, taken: Sequence[Span], within: Span) -> Iterator[datetime]:
    """The grid's times in a span, each looked up among the taken times; what is taken is leapt over in one step."""
    step, session = terms.step_minutes * MINUTE, terms.session
    lead, tail = terms.buffer_before_minutes * MINUTE, session + terms.buffer_after_minutes * MINUTE
    start = _next_on_grid(span.start_at, step, within.start_at)
    before = min(span.end_at, within.end_at, span.open_until - session + timedelta.resolution)
    index = bisect_right(taken, start - lead, key=lambda one: one.end_at)
    while start < before:
        while index < len(taken) and taken[index].end_at <= start - lead:
            index += 1
        if index < len(taken) and taken[index].start_at < start + tail:
            start = _next_on_grid(span.start_at, step, taken[index].end_at + lead)
        else:
            yield start
            start += step


def _next_on_grid(origin: datetime, step: timedelta, earliest: datetime) -> datetime:
    """The first of `origin` and the times whole steps after it that is not before `earliest`."""
    return origin + max(0, -((origin - earliest) // step)) * step


def _occurrences(rule: Rule, first: date, last: date) -> Iterator[Span]:
    first, last = max(first, rule.effective_from), min(last, rule.effective_until)
    day = first + DAY * ((rule.weekday - first.weekday()) % 7)
    while day <= last:
        span = _wall_clock_span(day, rule.start_minute, rule.end_minute, rule.zone)
        if _has_time(span):
            yield span
        day += 7 * DAY


def _span_of(exception: DatedException) -> Span:
    start, end = exception.start_minute, exception.end_minute
    return _wall_clock_span(
        exception.on_date, 0 if start is None else start, 1440 if end is None else end, exception.zone
    )


def _wall_clock_span(day: date, start_minute: int, end_minute: int, zone: tzinfo) -> Span:
    return Span(moment_of(day, start_minute, zone), moment_of(day, end_minute, zone))


def _has_time(span: Span) -> bool:
    """Whether anything is left of it, where clocks are set."""
    return span.start_at < span.end_at


def _overlap(one: Span, other: Span) -> bool:
    return one.start_at < other.end_at and other.start_at < one.end_at


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time in spans that neither overlap nor touch, in order."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start_at <= merged[-1].end_at:
            merged[-1] = Span(merged[-1].start_at, max(merged[-1].end_at, span.end_at))
        else:
            merged.append(span)
    return tuple(merged)


def _without(span: Span, closed: Sequence[Span]) -> Iterator[Span]:
    """What the closed times, merged, leave of a span."""
    start = span.start_at
    index = bisect_right(closed, start, key=lambda one: one.end_at)
    for hole in takewhile(lambda one: one.start_at < span.end_at, closed[index:]):
        if start < hole.start_at:
            yield Span(start, hole.start_at)
        start = hole.end_at
    if start < span.end_at:
        yield Span(start, span.end_at)


def _ends_of_open_time(pieces: Sequence[Span]) -> list[datetime]:
    """For each piece, in order, when the time ends that it is a part of."""
    whole = _merged(pieces)
    return [whole[bisect_right(whole, piece.start_at, key=lambda one: one.start_at) - 1].end_at for piece in pieces]
