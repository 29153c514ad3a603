"""What a wall clock's time on a day is in UTC, also on the days on which clocks are set."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

MINUTE: Final = timedelta(minutes=1)
SECOND: Final = timedelta(seconds=1)


def moment_of(day: date, minute: int, zone: tzinfo) -> datetime:
    """When a zone's clocks show this minute of the day, in UTC: the first time, or the end of the gap that has it."""
    shown = datetime.combine(day, time(), zone) + minute * MINUTE
    moment = shown.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == shown.replace(tzinfo=None):
        return moment
    return _end_of_gap(shown.replace(fold=1).astimezone(UTC), moment, zone)


def _end_of_gap(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The second between these moments at which the zone's clocks are set."""
    offset = after.astimezone(zone).utcoffset()
    seconds = range(int((after - before) / SECOND))
    return before + SECOND * bisect_left(
        seconds, True, key=lambda second: (before + second * SECOND).astimezone(zone).utcoffset() == offset
    )
