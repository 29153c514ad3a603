"""Who may ask: in the cloud, only the service accounts that are named, by an ID token that Google signed for us."""

import asyncio
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from containers.inference.log_lines import log
from containers.inference.problems import CallerRefused, IdentityKeysAway, NotIdentified
from containers.inference.settings import Settings

_FETCH_SECONDS: Final = 3.0
_KEPT_SECONDS: Final = 3600.0
"""How long keys are used before they are asked for again."""
_KEPT_WITHOUT_ISSUER_SECONDS: Final = 6 * 3600.0
"""How long they are used where the issuer does not answer: Google publishes a key for days."""
_BETWEEN_FETCHES_SECONDS: Final = 2.0
"""An issuer that is away, or a key that somebody made up, is no reason to ask more often."""


@dataclass(frozen=True)
class _Keys:
    certificates: Mapping[str, str]
    """PEM certificates by key id."""
    fetched: float


class CallerIdentity:
    """Verifies ID tokens against the issuer's published keys, which are kept; within one event loop."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is in seconds and tells how old keys are."""
        self._settings = settings
        self._callers = frozenset(settings.callers)
        self._clock = clock
        self._keys: _Keys | None = None
        self._asked = -_BETWEEN_FETCHES_SECONDS
        self._fetching = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None

    @property
    def checked(self) -> bool:
        """Whether callers have to say who they are: where INFERENCE_CALLERS names any."""
        return bool(self._callers)

    async def prepare(self) -> None:
        """Fetches the keys ahead of the first caller; where that fails, the first caller tries again."""
        if self.checked:
            try:
                await self._renewed()
            except IdentityKeysAway:
                log("identity keys away", "WARNING")

    async def require(self, authorization: str) -> None:
        """Checks an Authorization header.

        Raises NotIdentified without a valid token, CallerRefused for another account's, and IdentityKeysAway where it
        cannot be known.
        """
        if not self.checked:
            return
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotIdentified
        claims = self._verified(token, await self._keys_for(token))
        account = str(claims.get("email"))
        if claims.get("email_verified") is not True or account not in self._callers:
            log("caller refused", "WARNING", account=account)
            raise CallerRefused

    def _verified(self, token: str, certificates: Mapping[str, str]) -> Mapping[str, Any]:
        from google.auth import jwt

        try:
            claims: Mapping[str, Any] = jwt.decode(  # type: ignore[no-untyped-call]
                token, certs=certificates, audience=self._settings.inference_audience
            )
            if claims["iss"] != self._settings.inference_issuer:
                raise NotIdentified
        except Exception:  # noqa: BLE001 - whatever is wrong with a token, it is not valid
            raise NotIdentified from None
        return claims

    async def _keys_for(self, token: str) -> Mapping[str, str]:
        """The issuer's keys, fetched anew where they are old or do not hold the token's."""
        from google.auth import jwt

        try:
            key_id = jwt.decode_header(token).get("kid")  # type: ignore[no-untyped-call]
        except Exception:  # noqa: BLE001 - whatever it is, it is no token
            raise NotIdentified from None
        if not isinstance(key_id, str):
            raise NotIdentified
        keys = self._keys
        if keys is None or key_id not in keys.certificates or self._age(keys) > _KEPT_WITHOUT_ISSUER_SECONDS:
            return (await self._renewed()).certificates
        if self._age(keys) > _KEPT_SECONDS and (self._renewing is None or self._renewing.done()):
            self._renewing = asyncio.get_running_loop().create_task(self.prepare())
        return keys.certificates

    def _age(self, keys: _Keys) -> float:
        return self._clock() - keys.fetched

    async def _renewed(self) -> _Keys:
        """The keys, fetched unless that was just tried; raises IdentityKeysAway where none can be used."""
        async with self._fetching:
            if self._clock() - self._asked >= _BETWEEN_FETCHES_SECONDS:
                self._asked = self._clock()
                certificates = await asyncio.to_thread(_published, self._settings.inference_certs_url)
                self._keys = self._keys if certificates is None else _Keys(certificates, self._clock())
        if self._keys is None or self._age(self._keys) > _KEPT_WITHOUT_ISSUER_SECONDS:
            raise IdentityKeysAway(retry_after=math.ceil(_BETWEEN_FETCHES_SECONDS))
        return self._keys


def _published(url: str) -> Mapping[str, str] | None:
    """The issuer's certificates; None where it does not answer with any."""
    from google.auth.exceptions import TransportError
    from google.auth.transport.requests import Request

    try:
        answer = Request()(url, timeout=_FETCH_SECONDS)
        certificates = json.loads(answer.data)
    except (TransportError, ValueError):
        return None
    if answer.status != 200 or not isinstance(certificates, dict) or not certificates:
        return None
    return {str(key_id): str(certificate) for key_id, certificate in certificates.items()}
