"""Internal routes verify in code that Pub/Sub or Cloud Scheduler calls, as exactly the account they should use."""

import functools
import time
from typing import Any

import httpx

from shared.clock import now
from shared.problems import Forbidden, NotSignedIn, Unavailable
from shared.settings import settings

SECONDS_KEYS_KEPT = 3600


def require(account_setting: str, authorization: str) -> None:
    """Check the OIDC token of an internal call.

    Raises NotSignedIn where there is none or it is not valid, Forbidden where it is another account's.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn
    claims = _verified(token)
    if claims.get("email_verified") is not True or claims.get("email") != getattr(settings(), account_setting):
        raise Forbidden


def _verified(token: str) -> dict[str, Any]:
    from joserfc import errors, jwt
    from joserfc.jwk import KeySet

    registry = jwt.JWTClaimsRegistry(
        now=lambda: int(now().timestamp()),
        iss={"essential": True, "value": settings().oidc_issuer},
        aud={"essential": True, "value": settings().oidc_audience},
        exp={"essential": True},
    )
    for fresh in (False, True):
        keys = KeySet.import_key_set(_published_keys(_hour(), fresh))
        try:
            decoded = jwt.decode(token, keys, algorithms=["RS256"])
            registry.validate(decoded.claims)
        except (errors.InvalidKeyIdError, errors.BadSignatureError):
            continue  # the issuer may have rotated its keys since we fetched them
        except (errors.JoseError, ValueError):
            raise NotSignedIn from None
        return dict(decoded.claims)
    raise NotSignedIn


def _hour() -> int:
    return int(time.monotonic() // SECONDS_KEYS_KEPT)


def _published_keys(hour: int, fresh: bool) -> Any:
    if fresh:
        _fetch_keys.cache_clear()
    return _fetch_keys(hour)


@functools.lru_cache(maxsize=1)
def _fetch_keys(_hour: int) -> Any:
    try:
        answer = httpx.get(settings().oidc_jwks_url, timeout=5)
        answer.raise_for_status()
        return answer.json()
    except (httpx.HTTPError, ValueError):
        raise Unavailable from None
