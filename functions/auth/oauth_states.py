"""A sign-in at a provider under way: kept sealed for ten minutes, tied to one browser, good for one return."""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID, uuid4

from pydantic import AfterValidator, Field
from sqlalchemy import update
from sqlalchemy.orm import Session as Database

from shared import session
from shared.clock import now
from shared.contract import Schema
from shared.database.encryption import KeyRing, Undecipherable, seal, unseal
from shared.database.models.credentials import Provider, Verification, VerificationPurpose
from shared.database.transaction import transaction
from shared.http.schema import SetCookie, Visit
from shared.problems import Gone
from shared.session import Caller

from .oauth_providers import Proof, provider_for

STATE_LASTS: Final = timedelta(minutes=10)
# Printable ASCII without the backslash, which browsers read as a slash; nor are tabs in it, which they drop.
_PATH: Final = re.compile(r"/[!-\[\]-~]*")


class ProviderSignInExpired(Gone):
    """No sign-in of this browser waits for this answer: it is over, too old, or was begun elsewhere."""

    title = "This sign-in was begun too long ago or in another browser; please start again"


def _page_of_ours(path: str) -> str:
    if not _PATH.fullmatch(path) or "//" in path or path.lower().startswith("/api/"):
        raise ValueError("must be the path of a page of ours")
    return path


ReturnTo = Annotated[str, Field(max_length=500), AfterValidator(_page_of_ours)]
"""Where to go afterwards: never another origin, never a route of the API."""


class Linking(Schema):
    """Who wants to link an account of theirs, and the session in which they said so."""

    user_id: UUID
    session_id: UUID


class Attempt(Schema):
    """A sign-in under way, as it is sealed."""

    provider: Provider
    verifier: str
    nonce: str
    browser: str
    """SHA-256 of what the cookie holds, in hex."""
    return_to: str
    linking: Linking | None = None

    @property
    def proof(self) -> Proof:
        """What the provider has to be shown, and to have repeated."""
        return Proof(self.verifier, self.nonce)


def begin(provider: Provider, return_to: str, caller: Caller | None = None) -> tuple[str, SetCookie]:
    """Where to send the browser, and its cookie; with a caller, to link. Raises what `provider_for` and it raise."""
    state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    attempt = Attempt(
        provider=provider,
        verifier=secrets.token_urlsafe(64),
        nonce=secrets.token_urlsafe(32),
        browser=_digest(browser).hex(),
        return_to=return_to,
        linking=Linking(user_id=caller.user_id, session_id=caller.session_id) if caller else None,
    )
    url = provider_for(provider).authorization_url(state, attempt.proof)
    keep_state(state, attempt)
    return url, SetCookie(cookie_name(), browser, max_age=int(STATE_LASTS.total_seconds()))


def finish(state: str | None, visit: Visit) -> Attempt:
    """The attempt that this state and this browser belong to; the state is used up whatever comes of it.

    Raises ProviderSignInExpired.
    """
    kept = consume_state(state) if state else None
    if kept is None:
        raise ProviderSignInExpired
    try:
        attempt = Attempt.model_validate_json(unseal(KeyRing.CREDENTIAL, kept[1], "verification", "payload", kept[0]))
    except Undecipherable:  # its key is gone
        raise ProviderSignInExpired from None
    if not hmac.compare_digest(_digest(visit.cookies.get(cookie_name(), "")).hex(), attempt.browser):
        raise ProviderSignInExpired
    return attempt


def cookie_name() -> str:
    """What the cookie that ties a sign-in to its browser is called."""
    return session.cookie_name("oauth")


@transaction
def keep_state(db: Database, state: str, attempt: Attempt) -> None:
    """Keep the attempt under its state's digest."""
    row_id, moment = uuid4(), now()
    row = Verification(
        id=row_id,
        user_id=attempt.linking.user_id if attempt.linking else None,
        purpose=VerificationPurpose.OAUTH_STATE,
        token_hash=_digest(state),
        payload=seal(KeyRing.CREDENTIAL, attempt.model_dump_json(), "verification", "payload", row_id),
        created_at=moment,
        expires_at=moment + STATE_LASTS,
    )
    db.add(row)


@transaction
def consume_state(db: Database, state: str) -> tuple[UUID, bytes] | None:
    """Id and payload of the state, once."""
    moment = now()
    row = db.execute(
        update(Verification)
        .where(
            Verification.token_hash == _digest(state),
            Verification.purpose == VerificationPurpose.OAUTH_STATE,
            Verification.consumed_at.is_(None),
            Verification.expires_at > moment,
        )
        .values(consumed_at=moment)
        .returning(Verification.id, Verification.payload)
    ).one_or_none()
    return (row.id, row.payload or b"") if row else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
