"""Which free times suit who waits for one: weekdays and parts of the day by the waiting person's own clock."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, Final

from .slots import Slot, Span

NOON: Final = 12
EVENING: Final = 17


class PartOfDay(StrEnum):
    """Until noon, until five in the afternoon, or after that."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


@dataclass(frozen=True)
class Wish:
    """What somebody waits for; no weekdays (0 is Monday) or no parts of the day means any."""

    between: Span
    zone: tzinfo
    weekdays: frozenset[int] = frozenset()
    parts_of_day: frozenset[PartOfDay] = frozenset()

    @classmethod
    def of(cls, between: Span, zone: tzinfo, preferences: dict[str, Any]) -> "Wish":
        """From what a place on the waiting list keeps."""
        parts = frozenset(map(PartOfDay, preferences.get("partsOfDay", ())))
        return cls(between, zone, frozenset(preferences.get("weekdays", ())), parts)

    def suits(self, slot: Slot) -> bool:
        """Whether a session would lie within it."""
        if slot.start_at < self.between.start_at or slot.end_at > self.between.end_at:
            return False
        local = slot.start_at.astimezone(self.zone)
        return (not self.weekdays or local.weekday() in self.weekdays) and (
            not self.parts_of_day or part_of_day(local) in self.parts_of_day
        )


def part_of_day(local: datetime) -> PartOfDay:
    """Of a moment by the clock that it shows."""
    if local.hour < NOON:
        return PartOfDay.MORNING
    return PartOfDay.AFTERNOON if local.hour < EVENING else PartOfDay.EVENING
