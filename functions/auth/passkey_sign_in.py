"""Signing in with a passkey: its key and the PIN or finger that unlocked it are two factors at once."""

import hashlib
import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import session
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import User, UserStatus
from shared.database.models.credentials import PasskeyCredential
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, SetCookie, Visit
from shared.problems import Denial, NotSignedIn
from shared.roles import anyone
from shared.session import NewSession

from .fields import MailedToken
from .passkey_ceremonies import (
    CHALLENGE_LASTS,
    Ceremony,
    KeyUse,
    NotVerified,
    keep_challenge,
    relying_party_id,
    verify_use,
)
from .passkey_use import answer_challenge, count_use, refusals_told
from .sign_in import AccountSuspended, AddressNotVerified
from .signed_in import SignedIn, SignedInUser, SignedInWithToken, answer_with, open_for, require_no_page
from .webauthn_json import RequestOptions, UsedCredential, decode, encode

routes = Routes()


class WrongPasskey(NotSignedIn):
    """No account has this passkey, or the answer was not made with it; which of the two is not told."""

    title = "This passkey was not recognised"


class SignInOptions(RequestOptions):
    """What `navigator.credentials.get` takes; a client without cookies sends `challengeToken` back with the answer."""

    challenge_token: str | None = None


class PasskeySignIn(Schema):
    """What the browser made of the options."""

    credential: UsedCredential
    challenge_token: MailedToken | None = None


@routes.endpoint(
    "POST /api/auth/passkeys/sign-in/options",
    allow=anyone,
    limit=Limit("passkey-sign-in-options", 30, per=60, by="address"),
)
def ask_for_sign_in(visit: Visit) -> Answer[SignInOptions]:
    """What a browser needs to sign in with whichever passkey; only the browser that asked can answer, once."""
    require_no_page(visit)
    token = secrets.token_urlsafe(32)
    keep_sign_in_challenge(_challenge_of(token))
    options = SignInOptions(
        challenge=encode(_challenge_of(token)),
        rp_id=relying_party_id(),
        challenge_token=token if visit.wants_bearer else None,
    )
    age = int(CHALLENGE_LASTS.total_seconds())
    return Answer(options, cookies=() if visit.wants_bearer else (SetCookie(_cookie(), token, max_age=age),))


@routes.endpoint(
    "POST /api/auth/passkeys/sign-in", allow=anyone, limit=Limit("passkey-sign-in", 10, per=60, by="address")
)
def sign_in_with_passkey(given: PasskeySignIn, visit: Visit) -> Answer[SignedIn | SignedInWithToken]:
    """Open a session, which has its second factor, by cookie or by token."""
    require_no_page(visit)
    token = given.challenge_token if visit.wants_bearer else visit.cookies.get(_cookie())
    challenge = _challenge_of(token or "")
    with refusals_told(Action.PASSKEY_SIGN_IN, None, WrongPasskey):
        passkey = answer_challenge(Ceremony.SIGN_IN, challenge, decode(given.credential.raw_id))
    with refusals_told(Action.PASSKEY_SIGN_IN, passkey.user_id if passkey else None, WrongPasskey):
        if passkey is None or given.credential.response.user_handle is None:
            raise NotVerified
        opened, user = open_session(passkey, verify_use(given.credential, challenge, passkey), visit)
    spent = () if visit.wants_bearer else (SetCookie(_cookie(), "", max_age=0),)
    return answer_with(opened, user, visit, *spent)


@transaction
def keep_sign_in_challenge(db: Database, challenge: bytes) -> None:
    """Keep a challenge for whoever will turn out to answer it."""
    keep_challenge(db, Ceremony.SIGN_IN, challenge)


@transaction
def open_session(
    db: Database, passkey: PasskeyCredential, use: KeyUse, visit: Visit
) -> tuple[NewSession, SignedInUser]:
    """Count the use and open the session. Raises AddressNotVerified, AccountSuspended, and what `count_use` does."""
    user = db.scalar(select(User).where(User.id == passkey.user_id))
    if user is None:
        raise NotVerified
    denial = Denial(Action.PASSKEY_SIGN_IN, user.id)
    if user.email_verified_at is None:
        raise AddressNotVerified(denial=denial)
    if user.status != UserStatus.ACTIVE:
        raise AccountSuspended(denial=denial)
    count_use(db, passkey, use)
    return open_for(db, user, visit, second_factor=True), SignedInUser.of(user)


def _challenge_of(token: str) -> bytes:
    """The challenge that only the browser with this token may answer."""
    return hashlib.sha256(b"passkey-sign-in:" + token.encode()).digest()


def _cookie() -> str:
    return session.cookie_name("passkey")
