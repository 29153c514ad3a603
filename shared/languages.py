"""Which of the languages that there are words for is the nearest to somebody's."""

from collections.abc import Mapping
from typing import Final, TypeVar

OTHERWISE: Final = "en"
_Words = TypeVar("_Words")


def nearest(tag: str, known: Mapping[str, _Words]) -> _Words:
    """What is known for the longest part of a tag of BCP 47 (RFC 4647, 3.4), or for English, which has to be there."""
    return known[next((part for part in shortened(tag) if part in known), OTHERWISE)]


def shortened(tag: str) -> list[str]:
    """The tag, and what is left of it as its subtags are taken away from the end: pt-Latn-BR, pt-Latn, pt."""
    subtags = tag.split("-")
    return ["-".join(subtags[:length]) for length in range(len(subtags), 0, -1)]
