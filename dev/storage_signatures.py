"""Whether a signed link to an object holds, as Cloud Storage says it: V4, RSA with SHA-256.

https://cloud.google.com/storage/docs/authentication/canonical-requests
"""

import base64
import hashlib
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key

ALGORITHM: Final = "GOOG4-RSA-SHA256"
LONGEST_LIFE: Final = timedelta(days=7)
CLOCKS_DIFFER: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Refused(Exception):
    """Why a link is not obeyed, in the words of the XML API."""

    status: int
    code: str


def public_key_of(encoded: str) -> RSAPublicKey:
    """The public half of a key as STORAGE_SIGNING_KEY holds it."""
    key = load_der_private_key(base64.b64decode(encoded), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key.public_key()


def check_link(method: str, target: str, headers: Mapping[str, str], key: RSAPublicKey, now: datetime) -> None:
    """Obey this request line and headers (names in lower case) or not. Raises Refused."""
    path, _, query = target.partition("?")
    given = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    if len(given) != query.count("&") + 1 or given.get("X-Goog-Algorithm") != ALGORITHM:
        raise Refused(403, "AccessDenied")
    signed = given.get("X-Goog-SignedHeaders", "").split(";")
    unsigned = {name for name in headers if name.startswith("x-goog-")} - set(signed)
    if unsigned or "host" not in signed or not set(signed) <= set(headers):
        raise Refused(403, "SignatureDoesNotMatch")
    _check_time(given, now)
    signature = given.pop("X-Goog-Signature", "")
    canonical = "\n".join((method, path, _sorted(given), *(f"{n}:{headers[n].strip()}" for n in sorted(signed)), ""))
    request = f"{canonical}\n{';'.join(signed)}\nUNSIGNED-PAYLOAD"
    scope = given.get("X-Goog-Credential", "").partition("/")[2]
    digest = hashlib.sha256(request.encode()).hexdigest()
    try:
        message = "\n".join((ALGORITHM, given.get("X-Goog-Date", ""), scope, digest))
        key.verify(bytes.fromhex(signature), message.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        raise Refused(403, "SignatureDoesNotMatch") from None


def _sorted(parameters: Mapping[str, str]) -> str:
    pairs = (f"{urllib.parse.quote(name, '~')}={urllib.parse.quote(value, '~')}" for name, value in parameters.items())
    return "&".join(sorted(pairs))


def _check_time(given: Mapping[str, str], now: datetime) -> None:
    try:
        signed_at = datetime.strptime(given["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        lives = timedelta(seconds=int(given["X-Goog-Expires"]))
    except (KeyError, ValueError, OverflowError):
        raise Refused(400, "InvalidArgument") from None
    if not timedelta(0) < lives <= LONGEST_LIFE or signed_at > now + CLOCKS_DIFFER:
        raise Refused(400, "InvalidArgument")
    if now > signed_at + lives:
        raise Refused(400, "ExpiredToken")
