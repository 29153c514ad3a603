"""What a failed statement means: pg8000 raises several classes for one cause, so the SQLSTATE decides.

Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html; CockroachDB uses the same ones.
"""

from enum import Enum
from typing import Final

from sqlalchemy.exc import DBAPIError


class Fault(Enum):
    """What to do about it."""

    CONFLICT = "conflict"
    """The database asks for the transaction from its start: 40001, or a deadlock."""
    LOST = "lost"
    """The connection is gone, and with it the transaction, unless it was committing."""
    UNKNOWN = "unknown"
    """The database itself does not know how it ended (CockroachDB's 40003)."""
    AWAY = "away"
    """Too slow, too full or shutting down: not now."""
    BUG = "bug"
    """Everything else."""


BY_CODE: Final = {
    "40001": Fault.CONFLICT,
    "40P01": Fault.CONFLICT,
    "40003": Fault.UNKNOWN,
    "57P01": Fault.LOST,
    "57P02": Fault.LOST,
    "57P03": Fault.LOST,
    "57P05": Fault.LOST,
    "25P03": Fault.LOST,
    "25P04": Fault.LOST,
    "57014": Fault.AWAY,
    "55P03": Fault.AWAY,
}
BY_CLASS: Final = {"08": Fault.LOST, "53": Fault.AWAY, "57": Fault.AWAY, "58": Fault.AWAY}


def fault_of(error: DBAPIError | OSError) -> Fault:
    """What an error of the driver, or of the socket under it, means for the transaction."""
    if isinstance(error, OSError) or error.connection_invalidated:
        return Fault.LOST
    code = sqlstate(error)
    return BY_CODE.get(code) or BY_CLASS.get(code[:2]) or Fault.BUG


def sqlstate(error: DBAPIError) -> str:
    """The five letters, or none where the server did not speak."""
    return _field(error, "C")


def violated_constraint(error: DBAPIError) -> str:
    """The name of the constraint or unique index that a statement violated, or none."""
    return _field(error, "n")


def _field(error: DBAPIError, letter: str) -> str:
    said = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return str(said.get(letter, "")) if isinstance(said, dict) else ""
