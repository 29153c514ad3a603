"""Our own opaque name for an appointment at Zoom, by which a meeting of ours is known again."""

import hashlib
import re
from typing import Final
from uuid import UUID

from shared.settings import settings

_FORM: Final = re.compile(r"ref ([0-9a-f]{10})-([0-9a-f]{32})")


def reference_of(appointment_id: UUID) -> str:
    """What a meeting's agenda holds: which of our installations made it, and for which appointment."""
    return f"ref {_installation()}-{appointment_id.hex}"


def appointment_of(agenda: str) -> UUID | None:
    """Whose meeting it is; None where it is not one of this installation's: two may share an account at Zoom."""
    found = _FORM.fullmatch(agenda.strip())
    return UUID(found[2]) if found and found[1] == _installation() else None


def _installation() -> str:
    return hashlib.sha256(settings().base_url.encode()).hexdigest()[:10]
