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


def needs_rehash(stored: str) -> bool:
    """Whether the stored hash was made at a lower cost than the settings now name."""
    return int(stored.split("$")[2]) < settings().bcrypt_cost


def _digest(password: str) -> bytes:
    # 48 bytes are 64 in base64: under bcrypt's 72, and without the NUL bytes that would end its input.
    # NFKC (NIST SP 800-63B, 3.1.1.2): one machine's keyboard may compose what another's does not.
    return base64.b64encode(hashlib.sha384(unicodedata.normalize("NFKC", password).encode()).digest())
