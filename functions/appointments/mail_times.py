"""Times as a mail shows them: by the clock of the reader's zone, in the reader's language and its habits."""

import functools
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from shared.languages import shortened
from shared.time_zones import zone

from .mail_languages import words_for

if TYPE_CHECKING:
    from babel import Locale


@dataclass(frozen=True)
class ShownTime:
    """A time from when until when: its day, its hours, and where clocks show it so."""

    day: str
    hours: str
    place: str

    @property
    def lines(self) -> tuple[str, str, str]:
        """The three, one below the other."""
        return self.day, self.hours, self.place

    def __str__(self) -> str:
        return f"{self.day}, {self.hours} ({self.place})"


@dataclass(frozen=True)
class Clock:
    """A reader's zone, by its IANA name, and language; a zone that the pinned release lacks is taken for UTC."""

    time_zone: str
    language: str

    def span(self, start_at: datetime, end_at: datetime) -> ShownTime:
        """A time that begins and ends."""
        hours = words_for(self.language).hours.format(start=self._hour(start_at), end=self._hour(end_at))
        return ShownTime(self._day(start_at), hours, self._place(start_at, end_at))

    def moment(self, at: datetime) -> str:
        """A moment, with its day."""
        return f"{self._day(at)}, {self._hour(at)}"

    def _day(self, at: datetime) -> str:
        from babel.dates import format_date

        return format_date(at.astimezone(self._zone), "full", locale=self._locale)

    def _hour(self, at: datetime) -> str:
        from babel.dates import format_time

        # The narrow space before "AM" has no shape in many mail programs' fonts.
        return format_time(at, "short", tzinfo=self._zone, locale=self._locale).replace("\u202f", "\u00a0")

    def _place(self, start_at: datetime, end_at: datetime) -> str:
        """The zone's city and its distance to Greenwich, both distances where clocks are set in between.

        Never a name such as Pacific Standard Time: those come with the names' own idea of the law, which is older than
        the pinned release's where a zone has just changed.
        """
        from babel.dates import get_timezone_gmt, get_timezone_location

        moments = (at.astimezone(self._zone) for at in (start_at, end_at))
        distances = dict.fromkeys(str(get_timezone_gmt(at, locale=self._locale)) for at in moments)
        distance = " / ".join(distances)
        if "/" not in self._zone.key or self._zone.key.startswith("Etc/"):
            return distance
        city = get_timezone_location(self._zone, locale=self._locale, return_city=True)
        return f"{city.rpartition('/')[2]}, {distance}"

    @property
    def _zone(self) -> ZoneInfo:
        try:
            return zone(self.time_zone)
        except KeyError:
            return zone("UTC")

    @property
    def _locale(self) -> "Locale":
        return _locale(self.language)


@functools.cache
def _locale(tag: str) -> "Locale":
    """The habits of the reader's region where they are known, of the language that the words are in."""
    from babel import Locale, UnknownLocaleError

    language = words_for(tag).language
    for part in shortened(tag):
        try:
            found = Locale.parse(part, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
        if found.language == language:
            return found
    return Locale.parse(language)
