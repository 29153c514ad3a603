"""ID tokens as Google signs them for service accounts, under a key of this checkout's own."""

import hashlib
import json
import time
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import RSAKey

from dev.private_files import write_private

TOKEN_LIFETIME_SECONDS = 3600
_RENEWED_BEFORE_SECONDS = 300


def create_key(path: Path) -> None:
    """Make the signing key where there is none yet; readable by its owner alone."""
    if not path.exists():
        key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        write_private(path, json.dumps(key.as_dict(private=True)))


def load_key(path: Path) -> RSAKey:
    """The signing key kept in the file."""
    return RSAKey.import_key(json.loads(path.read_text()))


class IdTokens:
    """ID tokens with the claims that Google puts into those of service accounts."""

    def __init__(self, key: RSAKey, issuer: str) -> None:
        self._key = key
        self._issuer = issuer
        self._kept: dict[tuple[str, str], tuple[str, float]] = {}

    def bearer(self, email: str, audience: str) -> str:
        """A token good for at least five minutes more."""
        token, good_until = self._kept.get((email, audience), ("", 0.0))
        if good_until < time.time():
            token = self.sign(email, audience)
            self._kept[email, audience] = token, time.time() + TOKEN_LIFETIME_SECONDS - _RENEWED_BEFORE_SECONDS
        return token

    def sign(self, email: str, audience: str, *, issued_at: float | None = None, email_verified: bool = True) -> str:
        """A fresh token; tests choose when it was issued and whether the address counts as verified."""
        issued = int(time.time() if issued_at is None else issued_at)
        subject = str(int.from_bytes(hashlib.sha256(email.encode()).digest()[:8]))
        claims = {
            "iss": self._issuer,
            "aud": audience,
            "azp": subject,
            "sub": subject,
            "email": email,
            "email_verified": email_verified,
            "iat": issued,
            "exp": issued + TOKEN_LIFETIME_SECONDS,
        }
        return jwt.encode({"alg": "RS256", "kid": self._key.kid, "typ": "JWT"}, claims, self._key)
