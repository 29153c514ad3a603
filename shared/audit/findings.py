"""What verifying the trail can find, and how it is told."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    """What was done behind the product's back, as far as it can be told apart."""

    EVENT_CHANGED = "event-changed"
    """An entry is not what it was when it was sealed."""
    EVENT_REMOVED = "event-removed"
    """An entry was sealed and is no longer there."""
    EVENT_INSERTED = "event-inserted"
    """An entry stands in a span that was sealed without it, and turned up later than any request could write it."""
    SEAL_CHANGED = "seal-changed"
    """A seal, or its list of entries, no longer fits its own digest."""
    SEAL_REMOVED = "seal-removed"
    """A number is missing in the chain."""
    SEAL_UNLINKED = "seal-unlinked"
    """A seal does not follow the one before it: one of the two was made anew."""
    SEAL_FORGED = "seal-forged"
    """A seal is not signed by our key, or a day's head says something else of it."""
    TAIL_REMOVED = "tail-removed"
    """A day's head knows a seal that is later than the newest there is."""
    HEAD_FORGED = "head-forged"
    """A day's head is not signed by our key, or is no head at all."""
    HEAD_MISSING = "head-missing"
    """A day has no head though an earlier one has, and the bucket keeps what it is given."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was, and where."""

    kind: Kind
    seal: int | None = None
    """The number of the seal that covers it, or would."""
    event_id: UUID | None = None
    day: date | None = None
    """Of a head."""

    def __str__(self) -> str:
        """For a person to read."""
        where = {"seal": self.seal, "event": self.event_id, "day": self.day}
        return " ".join([self.kind, *(f"{name} {value}" for name, value in where.items() if value is not None)])
