"""What a language has to be able to say in the mails about appointments; each one's words are a module of their own.

They stay private on a screen that others see: no clinical word, nobody else's name, nothing that anyone wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Letter(StrEnum):
    """The kinds of mail."""

    CONFIRMED = "confirmed"
    """To the one who asked for the time."""
    NEW = "new"
    """To the one whose time it is."""
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    REMINDER = "reminder"
    SERIES_CONFIRMED = "series-confirmed"
    SERIES_NEW = "series-new"
    OFFERED = "offered"
    WITHOUT_VIDEO = "without-video"


class Cause(StrEnum):
    """Why an appointment was called off, as far as its reader is told."""

    OWN_WISH = "own-wish"
    """The reader's own."""
    REQUESTED = "requested"
    CAME_UP = "came-up"
    TECHNICAL = "technical"
    CONNECTION_ENDED = "connection-ended"
    OWN_ACCOUNT = "own-account"
    """The reader's is to be closed."""
    OTHER_ACCOUNT = "other-account"


@dataclass(frozen=True)
class Text:
    """The words of one kind of mail: a subject, what happened, the button's label, and what can be done."""

    subject: str
    lead: str
    label: str
    after: str = ""


@dataclass(frozen=True)
class Words:
    """A language's. What stands in braces is filled in: `{name}` the reader's own, `{start}`, `{end}`, `{until}`."""

    language: str
    """A primary subtag of BCP 47."""
    greeting: str
    hours: str
    letters: Mapping[Letter, Text]
    causes: Mapping[Cause, str]
    another_time: str
    """Where a patient can choose a time instead of one that was called off."""
    offered_until: str
    reminder_settings: str
    no_replies: str
    calendar_title: str
    """What a calendar shows of an appointment to whoever looks at it."""
    calendar_join: str
