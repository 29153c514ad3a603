"""The words of mails about messages and alerts: each language has all of them, and fills in the same."""

import dataclasses
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

from functions.messages.mail_words import ENGLISH, SPANISH


def sentences(said: Any) -> Iterator[str]:
    """Everything that a language says."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, Mapping):
        for name in sorted(said):
            yield from sentences(said[name])
    else:
        for field in dataclasses.fields(said):
            yield from sentences(getattr(said, field.name))


def test_spanish_says_what_english_says_and_in_spanish() -> None:
    english, spanish = list(sentences(ENGLISH)), list(sentences(SPANISH))
    fills = [[name for _, name, _, _ in Formatter().parse(one) if name] for one in english]
    assert [[name for _, name, _, _ in Formatter().parse(one) if name] for one in spanish] == fills
    assert all(own and own != other for own, other in zip(spanish, english, strict=True))
