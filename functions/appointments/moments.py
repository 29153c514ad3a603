"""Moments as requests give them: with an offset, and within the years of a calendar that somebody keeps."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime

from shared.contract import UtcTime

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2199


def _within_reach(moment: datetime) -> datetime:
    # Before it becomes UTC: the ends of Python's calendar have no moment at some offsets.
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_within_reach), *UtcTime.__metadata__]
"""A moment with an offset, of this or the two centuries around it; kept and shown as UTC."""
