"""How old the keys in use are, where an id says so: one that begins with a month (2027-01) is of its first day."""

import re
from datetime import UTC, datetime
from typing import Final

from shared.clock import now
from shared.settings import Settings

IN_USE: Final = ("message_keys", "credential_keys", "clinical_keys", "event_keys", "audit_signing_key")
"""Settings that hold keys, the one that seals or signs first. By name, as no deployable is given them all."""
MONTH: Final = re.compile(r"^(\d{4})-(0[1-9]|1[0-2])(?!\d)")


def key_ages(chosen: Settings) -> dict[tuple[str, ...], float]:
    """Days, by setting; without those that this process does not have, or whose id is no date."""
    found = {(name,): _began(str(getattr(chosen, name)).partition(":")[0]) for name in IN_USE}
    moment = now()
    return {name: (moment - began).total_seconds() / 86_400 for name, began in found.items() if began}


def _began(key_id: str) -> datetime | None:
    month = MONTH.match(key_id)
    return datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC) if month else None
