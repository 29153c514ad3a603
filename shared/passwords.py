"""Password hashes: bcrypt over a SHA-384 digest, so that nothing beyond its 72 bytes is cut silently."""

import base64
import hashlib
import unicodedata

import bcrypt

from shared.settings import settings


def hash_password(password: str) -> str:
    """The hash to store, at the cost that the settings name."""
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(settings().bcrypt_cost)).decode()


def password_matches(password: str, stored: str) -> bool:
    """Whether the password is the one that was hashed; takes as long as the stored cost says."""
    return bcrypt.checkpw(_digest(password), stored.encode())


def password_is(password: str, stored: str | None) -> bool:
    """Whether the password is the one that was hashed; where it is not, that takes as long whatever is stored.

    Nothing stored takes as long as a hash of the present cost. A hash of a lower one is made up for: each cost takes
    twice as long as the one before.
    """
    present = settings().bcrypt_cost
    if stored is None:
        password_matches(password, _nobodys_hash(present))
        return False
    if password_matches(password, stored):
        return True
    for cost in range(_cost_of(stored), present):
        password_matches(password, _nobodys_hash(cost))
    return False


def needs_rehash(stored: str) -> bool:
    """Whether the stored hash was made at a lower cost than the settings now name."""
    return _cost_of(stored) < settings().bcrypt_cost


def _cost_of(stored: str) -> int:
    return int(stored.split("$")[2])


def _nobodys_hash(cost: int) -> str:
    """Takes as long to check as a real hash of this cost, and no password is known to be this one's."""
    return f"$2b${cost:02}${'.' * 53}"


def _digest(password: str) -> bytes:
    # 48 bytes are 64 in base64: under bcrypt's 72, and without the NUL bytes that would end its input.
    # NFKC (NIST SP 800-63B, 3.1.1.2): one machine's keyboard may compose what another's does not.
    return base64.b64encode(hashlib.sha384(unicodedata.normalize("NFKC", password).encode()).digest())
