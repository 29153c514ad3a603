"""Which new passwords are taken: any characters, but not the owner's own name, and not what everybody tries first."""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from shared.problems import FieldFault, Unprocessable

from .breached_passwords import is_breached
from .common_passwords import is_common

TOO_SIMILAR: Final = 0.7
"""Ratio of Ratcliff and Obershelp, from 0 to 1, at which two words are too much alike; Django takes the same."""
SHORTEST_PART: Final = 4
"""Characters; a shorter name is no clue to a password of 8."""


class PasswordTooEasy(Unprocessable):
    """The password could be guessed from who its owner is, or is known to be in wide use."""

    title = "Please choose a password that is harder to guess"


def require_hard_to_guess(password: str, *, email: str, name: str, pointer: str) -> None:
    """Take a new password. Raises PasswordTooEasy at the field that `pointer` names, or PasswordNotChecked."""
    if words := _why_easy(password, email, name):
        raise PasswordTooEasy(words, errors=[FieldFault(pointer, words)])


def _why_easy(password: str, email: str, name: str) -> str | None:
    if is_similar(password, email, name):
        return "This password is very close to your name or address. Something else would protect you better."
    if is_common(password):
        return "Many people use this password, so it is tried first. A few words that only you would put together help."
    if is_breached(password):
        return "This password is known from a breach elsewhere. Something new would protect you better."
    return None


def is_similar(password: str, email: str, name: str) -> bool:
    """Whether a password is made of its owner's address or name.

    Compared are letters and digits alone, whatever their case, of the address, what is before and after its @, the
    name, and each word of these, from four characters on. It is too similar where one is the other's better half: it
    holds it and is at most twice as long, or is held by it; or where their ratio is 0.7 or above.
    """
    secret = _plain(password)
    return bool(secret) and any(_alike(secret, part) for part in set(_parts(email, name)))


def _parts(email: str, name: str) -> Iterator[str]:
    local, _, domain = email.partition("@")
    for whole in (email, local, domain, name):
        for part in (whole, *re.split(r"[\W_]+", whole)):
            if len(plain := _plain(part)) >= SHORTEST_PART:
                yield plain


def _alike(secret: str, part: str) -> bool:
    if secret in part or (part in secret and len(part) * 2 >= len(secret)):
        return True
    matcher = difflib.SequenceMatcher(None, secret, part, autojunk=False)
    return matcher.real_quick_ratio() >= TOO_SIMILAR <= matcher.quick_ratio() and matcher.ratio() >= TOO_SIMILAR


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
