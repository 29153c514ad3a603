"""Free times in Redis for a minute, by the version of the schedule that they come from: no entry has to be dropped.

Whatever changes a therapist's free time raises that version in the same transaction, and who looks reads the present
one together with the check whether they may look. An entry that a slow reader fills late has the version of what it
read, which nobody asks for any more. What time alone changes (the notice, the horizon) is looked at after the cache,
and an entry lives no longer than what is only held.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from shared.clock import now
from shared.redis import RedisAway, Script, ask

from .schedules import Schedule
from .slots import DAY, Span, free_starts

LASTS: Final = timedelta(seconds=60)
SECOND: Final = timedelta(seconds=1)

# KEYS[i] is kept with the value ARGV[2i-1] for ARGV[2i] milliseconds.
_keep: Final = Script(
    "for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[2 * i - 1], 'PX', ARGV[2 * i]) end return #KEYS"
)


@dataclass(frozen=True)
class FreeTimes:
    """When sessions can start, in seconds since 1970 and in order, and what decides which of them can be booked now."""

    session_minutes: int
    notice_minutes: int
    horizon_days: int
    time_zone: str
    """Of the therapist's hours."""
    starts: Sequence[int]

    def bookable(self, moment: datetime, between: Span) -> Sequence[int]:
        """Which of them can be booked at a moment and lie within a time."""
        first = max(between.start_at, moment + timedelta(minutes=self.notice_minutes)).timestamp()
        beyond = (moment + timedelta(days=self.horizon_days)).timestamp()
        from_here = bisect_left(self.starts, first)
        to_here = min(bisect_left(self.starts, between.end_at.timestamp()), bisect_right(self.starts, beyond))
        return self.starts[from_here:to_here]

    @property
    def session(self) -> timedelta:
        """How long a session lasts."""
        return timedelta(minutes=self.session_minutes)


def days_of(between: Span) -> tuple[date, date]:
    """The days, of UTC, that a time meets: what is kept is of whole days, so that many ask for the same."""
    return between.start_at.date(), (between.end_at - timedelta.resolution).date() + DAY


def whole(days: tuple[date, date]) -> Span:
    """From the beginning of the first until that of the last."""
    return Span(*(datetime.combine(day, time(), UTC) for day in days))


def free_times(schedule: Schedule, moment: datetime, between: Span) -> FreeTimes:
    """Also those that cannot be booked yet, but will be before the entry is forgotten."""
    terms = schedule.terms
    ahead = replace(terms, horizon_days=terms.horizon_days + 1)
    starts = [int(start.timestamp()) for start in free_starts(ahead, schedule.spans, schedule.busy, moment, between)]
    return FreeTimes(
        terms.session_minutes, terms.minimum_notice_minutes, terms.horizon_days, schedule.time_zone, starts
    )


def name_of(therapist_id: UUID, version: int, what: str) -> str:
    """Of an entry: `what` says which times it holds; the 2, what an entry consists of."""
    return f"free:2:{therapist_id}:{version}:{what}"


def find(names: Collection[str]) -> Mapping[str, FreeTimes]:
    """The entries of these names that there are; none where Redis is away."""
    if not names:
        return {}
    wanted = list(names)
    try:
        found: list[Any] = ask(lambda redis: redis.mget(*wanted))
    except RedisAway:
        return {}
    return {name: FreeTimes(*json.loads(entry)) for name, entry in zip(wanted, found, strict=True) if entry}


def keep(entries: Mapping[str, tuple[FreeTimes, Schedule]]) -> None:
    """Keep what was computed from a schedule; where Redis is away, it is computed again next time."""
    moment = now()
    arguments = {name: (_as_json(times), _lasts(schedule, moment)) for name, (times, schedule) in entries.items()}
    lasting = {name: one for name, one in arguments.items() if one[1] > 0}
    if not lasting:
        return
    try:
        _keep([*lasting], [argument for one in lasting.values() for argument in one])
    except RedisAway:
        return


def _as_json(times: FreeTimes) -> str:
    told = [times.session_minutes, times.notice_minutes, times.horizon_days, times.time_zone, list(times.starts)]
    return json.dumps(told, separators=(",", ":"))


def _lasts(schedule: Schedule, moment: datetime) -> int:
    """Milliseconds."""
    until = LASTS if schedule.held_until is None else min(LASTS, schedule.held_until - moment)
    return until // timedelta(milliseconds=1)
