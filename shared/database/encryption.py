"""Sealed columns: AES-256-GCM under named keys, bound to the table, column and row that they stand in.

Form: version (1 byte) | length of the key's id (1) | key's id | nonce (12) | ciphertext and tag. What precedes the
nonce and the place of the column are authenticated too, so a ciphertext copied to another row does not open there.
"""

import base64
import functools
import os
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shared.settings import SettingsError, settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION: Final = 1
NONCE_BYTES: Final = 12


class KeyRing(StrEnum):
    """Which keys, by the setting that holds them."""

    MESSAGE = "message_keys"
    CREDENTIAL = "credential_keys"
    CLINICAL = "clinical_keys"
    EVENT = "event_keys"


class Undecipherable(Exception):
    """A sealed value that does not open: another row's, tampered with, or under a key that is gone."""


def seal(ring: KeyRing, plaintext: str, table: str, column: str, row_id: UUID | str) -> bytes:
    """Encrypt a text for one column of one row, under the ring's first key."""
    return seal_bytes(ring, plaintext.encode(), table, column, row_id)


def seal_bytes(ring: KeyRing, plaintext: bytes, table: str, column: str, row_id: UUID | str) -> bytes:
    """As `seal`, for what is no text."""
    key_id, key = next(iter(_keys(ring).items()))
    head = bytes((VERSION, len(key_id))) + key_id
    nonce = os.urandom(NONCE_BYTES)
    return head + nonce + key.encrypt(nonce, plaintext, _bound(head, table, column, row_id))


def unseal(ring: KeyRing, sealed: bytes, table: str, column: str, row_id: UUID | str) -> str:
    """Decrypt what `seal` made for the same column and row. Raises Undecipherable."""
    try:
        return unseal_bytes(ring, sealed, table, column, row_id).decode()
    except UnicodeDecodeError:
        raise Undecipherable(f"{table}.{column} of {row_id}") from None


def unseal_bytes(ring: KeyRing, sealed: bytes, table: str, column: str, row_id: UUID | str) -> bytes:
    """Decrypt what `seal_bytes` made for the same column and row. Raises Undecipherable."""
    keys = _keys(ring)
    try:
        return _open(keys, bytes(sealed), table, column, row_id)
    except _failures():
        raise Undecipherable(f"{table}.{column} of {row_id}") from None


def _open(keys: "dict[bytes, AESGCM]", sealed: bytes, table: str, column: str, row_id: UUID | str) -> bytes:
    version, length = sealed[0], sealed[1]
    if version != VERSION:
        raise ValueError("unknown version")
    head, rest = sealed[: 2 + length], sealed[2 + length :]
    nonce, ciphertext = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
    return keys[head[2:]].decrypt(nonce, ciphertext, _bound(head, table, column, row_id))


def _bound(head: bytes, table: str, column: str, row_id: UUID | str) -> bytes:
    return b"\0".join((head, table.encode(), column.encode(), str(row_id).encode()))


def _keys(ring: KeyRing) -> "dict[bytes, AESGCM]":
    value = getattr(settings(), ring.value)
    if not value:
        raise SettingsError(f"{ring.value.upper()}: needed here and not set")
    return _parse(value)


@functools.lru_cache(maxsize=8)
def _parse(value: str) -> "dict[bytes, AESGCM]":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    entries = (entry.partition(":") for entry in value.split(","))
    return {key_id.encode(): AESGCM(base64.b64decode(encoded)) for key_id, _, encoded in entries}


@functools.cache
def _failures() -> tuple[type[Exception], ...]:
    from cryptography.exceptions import InvalidTag

    return InvalidTag, KeyError, IndexError, ValueError
