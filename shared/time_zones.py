"""The time zones of the release that is pinned with the function, whatever the machine below it has."""

import functools
from importlib import import_module, resources
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

_NO_PLACES: Final = frozenset({"Factory", "localtime"})


@functools.cache
def zone(name: str) -> ZoneInfo:
    """A zone by its IANA name. KeyError for a name that the release does not have."""
    if name not in _names():
        raise KeyError(name)
    # ZoneInfo(name) would ask the operating system first, whose laws may be those of another year.
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@functools.cache
def tzdata_version() -> str:
    """The release of the IANA's database that every calculation here follows, e.g. 2026f."""
    return str(import_module("tzdata").IANA_VERSION)


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()) - _NO_PLACES


def _require_zone(name: str) -> str:
    if name not in _names():
        raise ValueError("must be a time zone of the IANA, such as Europe/Berlin")
    return name


TimeZone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_require_zone)]
"""The IANA name of a zone that the pinned release has."""
