"""Ed25519 (RFC 8032) under the keys of two settings: who can write to the database cannot sign what it holds."""

import base64
import functools
from typing import TYPE_CHECKING, Final

from shared.settings import settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

NOBODYS: Final = (None, None)


def sign(digest: bytes) -> tuple[str, bytes] | tuple[None, None]:
    """The id of the key that signs, and its signature; neither where there is no key."""
    for key_id, key in _private_keys(settings().audit_signing_key).items():
        return key_id, key.sign(digest)
    return NOBODYS


def can_check() -> bool:
    """Whether there is a key at all that signatures can be held against."""
    return bool(public_keys())


def is_signed(digest: bytes, key_id: str | None, signature: bytes | None) -> bool:
    """Whether one of our keys signed it, the one that is named."""
    from cryptography.exceptions import InvalidSignature

    key = public_keys().get(key_id or "")
    if key is None or signature is None:
        return False
    try:
        key.verify(bytes(signature), digest)
    except InvalidSignature:
        return False
    return True


def public_keys() -> "dict[str, Ed25519PublicKey]":
    """By id: of the keys that sign, or did, and those that are only known."""
    chosen = settings()
    own = {key_id: key.public_key() for key_id, key in _private_keys(chosen.audit_signing_key).items()}
    return {**_public_keys(chosen.audit_public_keys), **own}


@functools.lru_cache(maxsize=2)
def _private_keys(value: str) -> "dict[str, Ed25519PrivateKey]":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return {key_id: Ed25519PrivateKey.from_private_bytes(key) for key_id, key in _entries(value)}


@functools.lru_cache(maxsize=2)
def _public_keys(value: str) -> "dict[str, Ed25519PublicKey]":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return {key_id: Ed25519PublicKey.from_public_bytes(key) for key_id, key in _entries(value)}


def _entries(value: str) -> list[tuple[str, bytes]]:
    entries = (entry.partition(":") for entry in value.split(",") if entry)
    return [(key_id, base64.b64decode(encoded)) for key_id, _, encoded in entries]
