"""Zoom's server-to-server access token: one for all instances while it lasts, renewed by one of those who need it.

https://developers.zoom.us/docs/internal-apps/s2s-oauth/
"""

import base64
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.clock import now
from shared.database.encryption import KeyRing, Undecipherable, seal, unseal
from shared.redis import RedisAway, Script
from shared.redis import ask as ask_redis
from shared.telemetry import log

from . import zoom_pauses
from .zoom_calls import Answer, Budget, ZoomAway, ask

EARLY: Final = timedelta(seconds=120)
"""How long before its end a token counts as ended: no request is under way for so long."""
CLAIM_MS: Final = 5_000
SECONDS_BETWEEN_LOOKS: Final = 0.05

_RELEASE: Final = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")


@dataclass(frozen=True)
class Credentials:
    """Our server-to-server app at Zoom."""

    account_id: str
    client_id: str
    client_secret: str

    @property
    def basic(self) -> str:
        """The Authorization header of HTTP Basic."""
        return "Basic " + base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()


class _Token(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, frozen=True)

    value: str
    ends_at: datetime

    def lasts(self) -> bool:
        return self.ends_at - EARLY > now()


class _Granted(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    access_token: str = Field(min_length=1, max_length=16_384)
    expires_in: int = Field(ge=1, le=86_400)


class AccessTokens:
    """The token as one instance of a function sees it: its own memory, then Redis (sealed), then Zoom."""

    def __init__(
        self, credentials: Credentials, sign_in_url: str, wait: Callable[[float], object] = time.sleep
    ) -> None:
        """`sign_in_url` is where `/oauth/token` is; `wait` passes the seconds between two looks at Redis."""
        self._credentials = credentials
        self._token_at = f"{sign_in_url}/oauth/token"
        self._wait = wait
        self._lock = threading.Lock()
        self._token: _Token | None = None
        # Another app's token is another entry.
        self._key = f"zoom:token:{credentials.account_id}:{credentials.client_id}"

    def current(self, budget: Budget) -> str:
        """A token that works for a while yet. Raises ZoomAway."""
        token = self._token
        if token is not None and token.lasts():
            return token.value
        if not self._lock.acquire(timeout=budget.left()):
            raise ZoomAway("no time left")
        try:
            if self._token is None or not self._token.lasts():
                self._token = self._kept() or self._renewed(budget)
            return self._token.value
        finally:
            self._lock.release()

    def drop(self, refused: str) -> None:
        """Zoom does not know this token any more: forget it, unless it was renewed meanwhile."""
        with self._lock:
            if self._token is not None and self._token.value == refused:
                self._token = None
            try:
                sealed = ask_redis(lambda redis: redis.get(self._key))
                kept = self._opened(sealed)
                if sealed and (kept is None or kept.value == refused):
                    _RELEASE([self._key], [sealed])
            except RedisAway:
                return

    def _kept(self) -> _Token | None:
        try:
            token = self._opened(ask_redis(lambda redis: redis.get(self._key)))
        except RedisAway:
            return None
        return token if token is not None and token.lasts() else None

    def _opened(self, sealed: str | None) -> _Token | None:
        if not sealed:
            return None
        try:
            content = unseal(KeyRing.CREDENTIAL, base64.b64decode(sealed), "zoom", "access_token", self._key)
            return _Token.model_validate_json(content)
        except (Undecipherable, ValueError):
            return None

    def _renewed(self, budget: Budget) -> _Token:
        """Ask for a new one, or take the one that another instance is just asking for."""
        name, lock = uuid4().hex, f"{self._key}:renewing"
        try:
            while not ask_redis(lambda redis: redis.set(lock, name, nx=True, px=CLAIM_MS)):
                self._wait(min(SECONDS_BETWEEN_LOOKS, budget.left()))
                kept = self._kept()
                if kept is not None:
                    return kept
        except RedisAway:
            return self._asked_for(budget)
        try:
            # Whoever held the lock before may have put it there since this instance looked.
            return self._kept() or self._keep(self._asked_for(budget))
        finally:
            _release(lock, name)

    def _keep(self, token: _Token) -> _Token:
        sealed = seal(KeyRing.CREDENTIAL, token.model_dump_json(), "zoom", "access_token", self._key)
        milliseconds = max(1, round((token.ends_at - EARLY - now()).total_seconds() * 1000))
        with suppress(RedisAway):  # this instance has it; another one asks for its own
            ask_redis(lambda redis: redis.set(self._key, base64.b64encode(sealed).decode(), px=milliseconds))
        return token

    def _asked_for(self, budget: Budget) -> _Token:
        zoom_pauses.require_none(None)
        query = {"grant_type": "account_credentials", "account_id": self._credentials.account_id}
        answer = ask("POST", self._token_at, budget, headers={"Authorization": self._credentials.basic}, query=query)
        if answer.status == 429:
            zoom_pauses.remember(answer, None)
        if answer.status != 200:
            raise _refused(answer)
        try:
            granted = _Granted.model_validate(answer.body)
        except ValidationError:
            raise ZoomAway("no token in the answer") from None
        return _Token(value=granted.access_token, ends_at=now() + timedelta(seconds=granted.expires_in))


def _refused(answer: Answer) -> ZoomAway:
    """Waiting mends a 429; anything else is for whoever set the app up, and what is wanted of Zoom waits for them."""
    if answer.status != 429:
        log("zoom-refuses-our-app", severity="ERROR", status=answer.status)
    return ZoomAway(f"no token, status {answer.status}")


def _release(lock: str, name: str) -> None:
    try:
        _RELEASE([lock], [name])
    except RedisAway:
        return  # it ends by itself
