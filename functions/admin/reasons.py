"""Why an administrator looks on as somebody or into a record: a code to count by, and words for who reviews it."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from shared.database.encryption import KeyRing, seal, unseal

_LINES = r"^(?:[^\x00-\x1f\x7f-\x9f]|[\t\r\n])*$"

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=1000, pattern=_LINES)]
"""A sentence or two."""


class ImpersonationReason(StrEnum):
    """Why somebody's view of the product has to be seen."""

    ASKED_FOR_HELP = "asked-for-help"
    FAULT_REPORTED = "fault-reported"
    SECURITY = "security"


class BreakGlassReason(StrEnum):
    """Why a record has to be read by somebody who does not treat its patient."""

    EMERGENCY = "emergency"
    CARE_INTERRUPTED = "care-interrupted"
    """Nobody who treats the patient can be reached."""
    ASKED_BY_PATIENT = "asked-by-patient"
    COMPLAINT = "complaint"
    LEGAL = "legal"
    SECURITY = "security"


def sealed(words: str, table: str, column: str, row_id: UUID) -> bytes:
    """As its column holds it, under keys that open nothing of patients' records: this function has no others."""
    return seal(KeyRing.EVENT, words, table, column, row_id)


def opened(kept: bytes, table: str, column: str, row_id: UUID) -> str:
    """What `sealed` kept there."""
    return unseal(KeyRing.EVENT, kept, table, column, row_id)
