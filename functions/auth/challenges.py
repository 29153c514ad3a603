"""POST /api/auth/two-factor/verify: between the first factor and a session, where the account has a second one."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Literal
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox, session
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.encryption import KeyRing, seal, unseal
from shared.database.models.accounts import User
from shared.database.models.credentials import Verification, VerificationPurpose
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, SetCookie, Visit
from shared.problems import Denial, FieldFault, NotSignedIn, Unprocessable
from shared.roles import anyone
from shared.session import NewSession

from . import codes, trusted_devices
from .codes import Claimed, GivenCode, Match
from .signed_in import SignedIn, SignedInUser, SignedInWithToken, answer_with, open_for, require_no_page

routes = Routes()

CHALLENGE_LASTS: Final = timedelta(minutes=5)
TRIES_AT_MOST: Final = 5


class WrongCode(NotSignedIn):
    """Not the code, one that was used already, or one given while there were too many wrong ones."""

    title = "This code is not right, or was used already"


class SignInOver(NotSignedIn):
    """The challenge was met, took too long, had too many tries, or is of a password that has changed since."""

    title = "This sign-in is over; please start again"


class TwoFactorRequired(Schema):
    """The first factor was right; the challenge came as a cookie."""

    two_factor_required: Literal[True] = True


class TwoFactorRequiredWithToken(TwoFactorRequired):
    """The same for a client without cookies; the token goes into the body of the verification."""

    challenge_token: str


class SecondFactor(Schema):
    """A code of the app's or a backup code. The challenge's token is left out where it came as a cookie."""

    code: GivenCode
    trust_device: bool = False
    challenge_token: Annotated[str, Field(min_length=20, max_length=100)] | None = None


class Verified(SignedIn):
    """A session by cookie, and how many backup codes are left where one was used."""

    backup_codes_left: int | None


class VerifiedWithToken(SignedInWithToken):
    """The same by bearer token."""

    backup_codes_left: int | None


@dataclass(frozen=True)
class Challenged:
    """The second factor is still to be shown: no session may be opened."""

    answer: Answer[TwoFactorRequired | TwoFactorRequiredWithToken]
    """What to answer. A redirect takes over its cookies."""


@dataclass(frozen=True)
class TrustedVisit:
    """The browser is trusted: open the session with `second_factor=True` and set the cookie beside its own."""

    cookie: SetCookie


@dataclass(frozen=True)
class Finished:
    """A sign-in whose second factor was right."""

    opened: NewSession
    user: SignedInUser
    claimed: Claimed
    cookies: tuple[SetCookie, ...]


@transaction
def second_factor_for(db: Database, user: User, visit: Visit) -> Challenged | TrustedVisit | None:
    """What stands between a first factor that was just right (a password, a provider) and a session.

    None where the account has no second factor: open the session with `second_factor=False`. It is a transaction of
    its own: call it outside of any, after everything else about the user was found right (address, status), and with
    the very `user` whose password was checked: the challenge counts only while that password and status stand. So
    renew a hash (`needs_rehash`) before the call, into the same `user`, or with the session, never in between.

    In sign-in:

        owed = challenges.second_factor_for(user, visit)
        if isinstance(owed, challenges.Challenged):
            return owed.answer
        opened = open_session(…, second_factor=owed is not None)
        return answer_with(opened, SignedInUser.of(user), visit, *((owed.cookie,) if owed else ()))

    Its route returns `Answer[SignedIn | SignedInWithToken | TwoFactorRequired | TwoFactorRequiredWithToken]`.
    A passkey that verified its user is both factors and asks nothing here.
    """
    if not codes.is_on(db, user.id):
        return None
    cookie = trusted_devices.use(db, user.id, visit)
    return TrustedVisit(cookie) if cookie else _challenge(db, user, visit)


@routes.endpoint(
    "POST /api/auth/two-factor/verify", allow=anyone, limit=Limit("two-factor-verify", 60, per=60, by="address")
)
def verify_second_factor(given: SecondFactor, visit: Visit) -> Answer[Verified | VerifiedWithToken]:
    """Finish a sign-in with the second factor: five tries a challenge, ten in a row an account."""
    require_no_page(visit)
    if given.trust_device and visit.wants_bearer:
        raise Unprocessable(errors=[FieldFault("/trustDevice", "only a browser, which keeps cookies, can be trusted")])
    challenge_id, user_id = take_try(given.challenge_token or visit.cookies.get(cookie_name(), ""))
    match = codes.prove(user_id, given.code)
    if match is None:
        raise WrongCode(codes.PAUSES)
    finished = finish(challenge_id, match, visit, trust_device=given.trust_device)
    if finished is None:
        codes.count_wrong(user_id)
        raise WrongCode(codes.PAUSES)
    outbox.hand_over(*finished.claimed.told)
    return answer_verified(finished.opened, finished.user, visit, finished.claimed, *finished.cookies)


@transaction
def take_try(db: Database, token: str) -> tuple[UUID, UUID]:
    """Count a try against a challenge before the code is looked at; its id and user. Raises SignInOver."""
    taken = db.execute(
        update(Verification)
        .where(
            Verification.token_hash == _digest(token),
            Verification.purpose == VerificationPurpose.TWO_FACTOR_CHALLENGE,
            Verification.consumed_at.is_(None),
            Verification.expires_at > now(),
            Verification.attempts < TRIES_AT_MOST,
        )
        .values(attempts=Verification.attempts + 1)
        .returning(Verification.id, Verification.user_id)
    ).one_or_none()
    if taken is None:
        raise _over()
    return taken.id, taken.user_id


@transaction
def finish(db: Database, challenge_id: UUID, match: Match, visit: Visit, *, trust_device: bool) -> Finished | None:
    """Use up code and challenge and open the session, all or nothing; None where the code was used meanwhile.

    Raises SignInOver where the challenge was, or password or status have changed since.
    """
    user = _still_right(db, challenge_id)
    claimed = codes.claim(db, user.id, match)
    if claimed is None:
        return None
    _consume(db, challenge_id)
    audit.record(db, Action.TWO_FACTOR_VERIFIED, subject_id=user.id, actor_id=user.id)
    cookies = () if visit.wants_bearer else (SetCookie(cookie_name(), "", max_age=0),)
    if trust_device:
        cookies = (*cookies, trusted_devices.trust(db, user.id, visit))
    return Finished(open_for(db, user, visit, second_factor=True), SignedInUser.of(user), claimed, cookies)


def end_all(db: Database, user_id: UUID) -> None:
    """No challenge of this account can be met any more, within the caller's transaction."""
    db.execute(
        update(Verification)
        .where(
            Verification.user_id == user_id,
            Verification.purpose == VerificationPurpose.TWO_FACTOR_CHALLENGE,
            Verification.consumed_at.is_(None),
        )
        .values(consumed_at=now())
    )


def answer_verified(
    opened: NewSession, user: SignedInUser, visit: Visit, claimed: Claimed, *more: SetCookie
) -> Answer[Verified | VerifiedWithToken]:
    """The answer to whatever a code was the proof of."""
    answer = answer_with(opened, user, visit, *more)
    shown = VerifiedWithToken if isinstance(answer.body, SignedInWithToken) else Verified
    return Answer(shown(**dict(answer.body), backup_codes_left=claimed.backup_codes_left), cookies=answer.cookies)


def cookie_name() -> str:
    """What the cookie that holds a challenge is called."""
    return session.cookie_name("challenge")


def _challenge(db: Database, user: User, visit: Visit) -> Challenged:
    moment, row_id, token = now(), uuid4(), secrets.token_urlsafe(32)
    row = Verification(
        id=row_id,
        user_id=user.id,
        purpose=VerificationPurpose.TWO_FACTOR_CHALLENGE,
        token_hash=_digest(token),
        payload=seal(KeyRing.CREDENTIAL, _first_factor(user), "verification", "payload", row_id),
        created_at=moment,
        expires_at=moment + CHALLENGE_LASTS,
    )
    db.add(row)
    audit.record(db, Action.TWO_FACTOR_CHALLENGED, subject_id=user.id, resource=("verification", row_id))
    if visit.wants_bearer:
        return Challenged(Answer(TwoFactorRequiredWithToken(challenge_token=token)))
    cookie = SetCookie(cookie_name(), token, max_age=int(CHALLENGE_LASTS.total_seconds()))
    return Challenged(Answer(TwoFactorRequired(), cookies=(cookie,)))


def _still_right(db: Database, challenge_id: UUID) -> User:
    """The user who is challenged, if the first factor that they showed is still theirs."""
    challenge = select(Verification, User).join(User, User.id == Verification.user_id)
    row, user = db.execute(challenge.where(Verification.id == challenge_id)).one()._tuple()
    assert row.payload is not None
    shown = unseal(KeyRing.CREDENTIAL, row.payload, "verification", "payload", row.id)
    if user.status != "active" or shown != _first_factor(user):
        raise _over(user.id)
    return user


def _consume(db: Database, challenge_id: UUID) -> None:
    consumed = db.scalar(
        update(Verification)
        .where(Verification.id == challenge_id, Verification.consumed_at.is_(None))
        .values(consumed_at=now())
        .returning(Verification.id)
    )
    if consumed is None:
        raise _over()


def _over(user_id: UUID | None = None) -> SignInOver:
    return SignInOver(denial=Denial(Action.TWO_FACTOR_VERIFY, user_id))


def _first_factor(user: User) -> str:
    """What must stay as it was until the second factor is shown, as a digest."""
    return hashlib.sha256((user.password_hash or "").encode()).hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
