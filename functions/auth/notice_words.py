"""What the words of mails about an account are made of, in any language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.account_notices import Notice

from .retention import KeptKind


@dataclass(frozen=True)
class Words:
    """A mail's words; `label` is on the button that leads to a page of ours."""

    subject: str
    words: str
    label: str
    after: str = ""
    """What follows the button; empty: what `AccountMails.was_it_you` says."""


@dataclass(frozen=True)
class ReceiptWords:
    """What a person is told last: `words` with `{asked}`, `{erased}` (days), `{kept}` and `{number}`."""

    words: str
    kept: Mapping[KeptKind, str]
    until: str
    """Behind something that is kept, with `{day}`."""
    day: Callable[[datetime], str]
    """A day in words."""


@dataclass(frozen=True)
class AccountMails:
    """All of them in one language."""

    language: str
    """A tag of BCP 47."""
    hello: str
    """With `{name}`."""
    was_it_you: str
    notices: Mapping[Notice, Words]
    verification: Words
    sign_up_repeated: Words
    erased: Words
    """Its words are the receipt's."""
    receipt: ReceiptWords
