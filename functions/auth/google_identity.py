"""What Google publishes of itself, and whether an ID token is Google's, for us, for this sign-in (OpenID Connect)."""

import base64
import hashlib
import hmac
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.clock import now

SECONDS_KEPT: Final = 3600
CLOCKS_DIFFER_SECONDS: Final = 60
_URL: Final = r"^https?://"

Published = TypeVar("Published")
Read = Callable[[str], Any]
"""Reads the JSON that is published at a URL."""


class Discovery(BaseModel):
    """What is published at `/.well-known/openid-configuration`, as far as we go by it."""

    model_config = ConfigDict(extra="ignore", defer_build=True)

    issuer: str
    authorization_endpoint: str = Field(pattern=_URL)
    token_endpoint: str = Field(pattern=_URL)
    jwks_uri: str = Field(pattern=_URL)
    revocation_endpoint: str = ""
    authorization_response_iss_parameter_supported: bool = False


@dataclass(frozen=True)
class Expected:
    """What an ID token has to say, or to fit."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str


def discovered(issuer: str, read: Read) -> Discovery:
    """What the issuer says of itself, at most an hour old. Raises ValueError where it is another's."""

    def parse(document: Any) -> Discovery:
        published = Discovery.model_validate(document)
        if published.issuer != issuer:
            raise ValueError("the document is another issuer's")
        return published

    return _kept(f"{issuer}/.well-known/openid-configuration", read, parse)


def verified_claims(token: str, *, read: Read, keys_at: str, expected: Expected) -> dict[str, Any]:
    """The claims of an ID token. Raises JoseError or ValueError where it is not what it should be."""
    claims = _signed_claims(token, read, keys_at)
    _registry(expected).validate(claims)
    if not hmac.compare_digest(str(claims["nonce"]), expected.nonce):
        raise ValueError("the nonce is another sign-in's")
    if not _is_for(expected.client_id, claims):
        raise ValueError("the token is for somebody else")
    if "at_hash" in claims and claims["at_hash"] != _left_half(expected.access_token):
        raise ValueError("the access token is another one")
    return claims


def _signed_claims(token: str, read: Read, keys_at: str) -> dict[str, Any]:
    from joserfc import errors, jwt

    for last in (False, True):
        keys = _kept(keys_at, read, _key_set)
        try:
            return dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)
        except (errors.InvalidKeyIdError, errors.BadSignatureError):
            if last:
                raise
            _memory.pop(keys_at, None)  # the issuer may have rotated its keys since we read them
    raise AssertionError("the second try returns or raises")


def _key_set(document: Any) -> Any:
    from joserfc.jwk import KeySet

    try:
        return KeySet.import_key_set(document)
    except (AttributeError, KeyError, TypeError):
        raise ValueError("these are no keys") from None


def _registry(expected: Expected) -> Any:
    from joserfc import jwt

    return jwt.JWTClaimsRegistry(
        now=lambda: int(now().timestamp()),
        leeway=CLOCKS_DIFFER_SECONDS,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True},
    )


def _is_for(client_id: str, claims: dict[str, Any]) -> bool:
    """`azp` names us where it is there; where several are addressed it has to be (OpenID Connect Core 3.1.3.7)."""
    if "azp" in claims:
        return bool(claims["azp"] == client_id)
    return not isinstance(claims["aud"], list) or claims["aud"] == [client_id]


def _left_half(access_token: str) -> str:
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


_memory: Final[dict[str, tuple[float, Any]]] = {}


def _kept(place: str, read: Read, parse: Callable[[Any], Published]) -> Published:
    """What is published there, at most an hour old; what cannot be parsed is not kept."""
    read_at, found = _memory.get(place, (-math.inf, None))
    if time.monotonic() - read_at > SECONDS_KEPT:
        found = parse(read(place))
        _memory[place] = time.monotonic(), found
    kept: Published = found
    return kept
