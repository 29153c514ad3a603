"""Entries of the trail and seals as bytes, the same for ever: what hashes and signatures are over.

Form 1: a JSON object of the columns that are not null, by name in order, no spaces, non-ASCII escaped; ids in their
usual hexadecimal form, times in UTC with microseconds, bytes in hexadecimal. A column that comes later is null in
earlier rows and changes none of their bytes; where one of them is given a value, its hash no longer fits.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Text, type_coerce

from shared.database.models.audit_trail import AuditEvent, AuditSeal
from shared.database.models.base import OneOf

FORMAT: Final = 1
LEAF_BYTES: Final = 48
# As text where the model knows the words: one that is none of them is to be found, not to be stumbled over.
EVENT_COLUMNS: Final = tuple(
    type_coerce(column, Text()).label(column.name) if isinstance(column.type, OneOf) else column
    for column in AuditEvent.__table__.columns
)
SEAL_COLUMNS: Final = tuple(AuditSeal.__table__.columns)
NOT_IN_THE_DIGEST: Final = frozenset({"digest", "key_id", "signature"})


def canonical(columns: Mapping[str, Any]) -> bytes:
    """The bytes of a row, or of anything else that is named values."""
    told = {name: value for name, value in columns.items() if value is not None}
    return _ENCODER.encode(told).encode()


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"no bytes are agreed for a {type(value).__name__}")


_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain)
_EVENT_NAMES: Final = tuple(column.name for column in EVENT_COLUMNS)


def event_digest(event: Row[Any]) -> bytes:
    """SHA-256 over every column of an entry, which has to be read as EVENT_COLUMNS."""
    return hashlib.sha256(canonical(dict(zip(_EVENT_NAMES, event, strict=True)))).digest()


def seal_digest(seal: Mapping[str, Any]) -> bytes:
    """SHA-256 over every column of a seal but the digest's own, the key's and the signature's."""
    return hashlib.sha256(canonical({name: seal[name] for name in seal if name not in NOT_IN_THE_DIGEST})).digest()


def leaves_of(events: Sequence[Row[Any]]) -> bytes:
    """The id and the digest of each entry, in their order."""
    return b"".join(event.id.bytes + event_digest(event) for event in events)


def each_leaf(leaves: bytes) -> Iterator[tuple[UUID, bytes]]:
    """What `leaves_of` put together."""
    for start in range(0, len(leaves), LEAF_BYTES):
        yield UUID(bytes=leaves[start : start + 16]), leaves[start + 16 : start + LEAF_BYTES]
