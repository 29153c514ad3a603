"""Confirming with a passkey that it is still oneself, second factor included; the session goes on with a new token."""

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit, session
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.credentials import PasskeyCredential
from shared.database.transaction import transaction
from shared.events import SessionsRevoked
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, Visit
from shared.problems import Forbidden, NotFound, NotSignedIn
from shared.roles import signed_in
from shared.session import Caller, NewSession

from .passkey_ceremonies import (
    Ceremony,
    KeyUse,
    NotVerified,
    challenge_in,
    keep_challenge,
    known,
    relying_party_id,
    verify_use,
)
from .passkey_use import answer_challenge, count_use, refusals_told
from .passkeys import passkeys_of
from .signed_in import SignedIn, SignedInUser, SignedInWithToken, answer_with
from .step_up import as_before
from .webauthn_json import RequestOptions, UsedCredential, decode, encode

routes = Routes()


class PasskeyNotConfirmed(Forbidden):
    """The answer was not made with a passkey of whoever is signed in."""

    title = "This passkey did not confirm that it is you"


class PasskeyProof(Schema):
    """What the browser made of the options."""

    credential: UsedCredential


@routes.endpoint(
    "POST /api/auth/passkeys/step-up/options",
    allow=signed_in,
    limit=Limit("passkey-step-up-options", 20, per=60),
    before_two_factor=True,
)
def ask_for_step_up(caller: Caller) -> RequestOptions:
    """What a browser needs to confirm with one of the account's passkeys; 404 where it has none."""
    return begin_step_up(caller, secrets.token_bytes(32))


@routes.endpoint(
    "POST /api/auth/passkeys/step-up",
    allow=signed_in,
    limit=Limit("passkey-step-up", 10, per=60),
    before_two_factor=True,
)
def step_up_with_passkey(caller: Caller, given: PasskeyProof, visit: Visit) -> Answer[SignedIn | SignedInWithToken]:
    """Give the session a new token, proved now; the old one is refused everywhere within a second."""
    with refusals_told(Action.SESSION_STEP_UP, caller.user_id, PasskeyNotConfirmed):
        passkey, use = prove(caller, given.credential)
        renewed, ended, user = renew_session(caller, passkey, use)
    session.tell_revocation(ended)
    return answer_with(renewed, user, as_before(visit))


@transaction
def begin_step_up(db: Database, caller: Caller, challenge: bytes) -> RequestOptions:
    """Keep the challenge for this user. Raises NotFound where the account has no passkey."""
    passkeys = passkeys_of(db, caller.user_id)
    if not passkeys:
        raise NotFound
    keep_challenge(db, Ceremony.STEP_UP, challenge, caller.user_id)
    return RequestOptions(challenge=encode(challenge), rp_id=relying_party_id(), allow_credentials=known(passkeys))


def prove(caller: Caller, credential: UsedCredential) -> tuple[PasskeyCredential, KeyUse]:
    """The caller's passkey that answered their challenge. Raises ChallengeOver, NotVerified."""
    challenge = challenge_in(credential.response.client_data_json)
    passkey = answer_challenge(Ceremony.STEP_UP, challenge, decode(credential.raw_id), caller.user_id)
    if passkey is None or passkey.user_id != caller.user_id:
        raise NotVerified
    return passkey, verify_use(credential, challenge, passkey)


@transaction
def renew_session(
    db: Database, caller: Caller, passkey: PasskeyCredential, use: KeyUse
) -> tuple[NewSession, SessionsRevoked, SignedInUser]:
    """Count the use and give the session a new token. Raises NotSignedIn where it has ended meanwhile."""
    count_use(db, passkey, use)
    renewed = session.renew_token(db, caller, second_factor=True)
    user = db.scalar(select(User).where(User.id == caller.user_id))
    if renewed is None or user is None:
        raise NotSignedIn
    audit.record(db, Action.SESSION_STEPPED_UP, subject_id=caller.user_id, resource=("session", caller.session_id))
    return *renewed, SignedInUser.of(user)
