"""Whether a password is known from a breach, asked so that it is not told: the k-anonymity range protocol.

https://haveibeenpwned.com/API/v3#PwnedPasswords: the first five hexadecimal digits of the SHA-1 are sent, and what is
known with them comes back, padded with entries whose count is 0 so that its length says nothing either.
"""

import hashlib
import unicodedata
from typing import Final

import httpx

from shared.problems import Unavailable
from shared.settings import settings
from shared.telemetry import log

SECONDS: Final = 2.0
"""For each step of the question; a person waits for it."""
PREFIX: Final = 5
"""Hexadecimal digits that are told."""


class PasswordNotChecked(Unavailable):
    """The range service is away, and the settings say that no password passes without it."""

    title = "We cannot check new passwords right now; please try again in a moment"


def is_breached(password: str) -> bool:
    """Whether the service that the settings name knows it. Raises PasswordNotChecked where they say so."""
    if settings().breached_passwords == "off":
        return False
    try:
        return _is_known(password)
    except (httpx.HTTPError, ValueError) as error:
        log("breached-passwords-away", severity="WARNING", error=type(error).__name__)
        if settings().breached_passwords == "closed":
            raise PasswordNotChecked(retry_after=5) from None
        return False


def _is_known(password: str) -> bool:
    normalized = unicodedata.normalize("NFKC", password).encode()
    digest = hashlib.sha1(normalized, usedforsecurity=False).hexdigest().upper()
    answer = httpx.get(
        f"{settings().breached_passwords_url}/range/{digest[:PREFIX]}",
        headers={"Add-Padding": "true", "User-Agent": "bloom-health"},
        timeout=SECONDS,
    ).raise_for_status()
    return _count_of(digest[PREFIX:], answer.text) > 0


def _count_of(rest: str, known: str) -> int:
    """How often a breach held it: each line is the rest of a digest, a colon, a count."""
    counts = dict(line.split(":", 1) for line in known.splitlines() if line)
    return int(counts.get(rest, "0"))
