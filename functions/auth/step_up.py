"""POST /api/auth/step-up: whoever is signed in proves once more that it is them, and their session gets a new token."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit, outbox, session
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.transaction import transaction
from shared.events import SessionsRevoked
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, Visit
from shared.problems import FieldFault, Forbidden, NotSignedIn, Unprocessable
from shared.roles import signed_in
from shared.session import Caller, NewSession

from . import codes
from .challenges import Verified, VerifiedWithToken, answer_verified
from .codes import Claimed, GivenCode, Match
from .fields import GivenPassword
from .password import WrongPassword
from .password_proof import proves
from .signed_in import SignedInUser

routes = Routes()


class CodeNotRight(Forbidden):
    """Not the code, one that was used already, or one given while there were too many; the session goes on."""

    title = "This code is not right, or was used already"


class Proof(Schema):
    """Exactly one of the two."""

    password: GivenPassword | None = None
    code: GivenCode | None = None


@dataclass(frozen=True)
class SteppedUp:
    """A session that was proved again."""

    opened: NewSession
    ended: SessionsRevoked
    claimed: Claimed


@routes.endpoint("POST /api/auth/step-up", allow=signed_in, limit=Limit("step-up", 10, per=60), before_two_factor=True)
def step_up(caller: Caller, given: Proof, visit: Visit) -> Answer[Verified | VerifiedWithToken]:
    """Prove again by password or code who one is; the token of before ends, open sockets stay."""
    user = find_user(caller.user_id)
    match = prove(user, given)
    stepped_up = renew(caller, user.password_hash, match)
    if stepped_up is None:
        codes.count_wrong(user.id)
        raise CodeNotRight(codes.PAUSES)
    session.tell_revocation(stepped_up.ended)
    outbox.hand_over(*stepped_up.claimed.told)
    return answer_verified(stepped_up.opened, SignedInUser.of(user), as_before(visit), stepped_up.claimed)


def prove(user: User, given: Proof) -> Match | None:
    """What a code matches, or None where it is the password that was right. Raises WrongPassword, CodeNotRight."""
    if (given.password is None) == (given.code is None):
        raise Unprocessable(errors=[FieldFault("", "wants either a password or a code")])
    if given.password is not None:
        require_password(user, given.password, tried=Action.SESSION_STEP_UP)
        return None
    return require_code(user.id, given.code or "")


def require_password(user: User, password: str, *, tried: Action) -> None:
    """Count and audit a wrong password as sign-in does, outside of any transaction. Raises WrongPassword."""
    if not proves(password, user, tried=tried):
        raise WrongPassword


def require_code(user_id: UUID, code: str) -> Match:
    """Count and audit a wrong code as sign-in does, outside of any transaction. Raises CodeNotRight."""
    match = codes.prove(user_id, code)
    if match is None:
        raise CodeNotRight(codes.PAUSES)
    return match


def as_before(visit: Visit) -> Visit:
    """The visit as one that wants its new token the way the present one came, whatever it says of itself."""
    return replace(visit, wants_bearer=visit.session_token != visit.cookies.get(session.cookie_name()))


@transaction
def find_user(db: Database, user_id: UUID) -> User:
    """The caller's account. Raises NotSignedIn where it is gone."""
    user = db.scalar(select(User).where(User.id == user_id))
    if user is None:
        raise NotSignedIn
    return user


@transaction
def renew(db: Database, caller: Caller, checked_hash: str | None, match: Match | None) -> SteppedUp | None:
    """Use the code up and renew the session's token, all or nothing; None where the code was used meanwhile.

    Raises NotSignedIn where the session ended, or the password changed, since it was looked at.
    """
    if db.scalar(select(User.password_hash).where(User.id == caller.user_id)) != checked_hash:
        raise NotSignedIn
    claimed = codes.claim(db, caller.user_id, match) if match else Claimed()
    if claimed is None:
        return None
    renewed = session.renew_token(db, caller, second_factor=match is not None)
    if renewed is None:
        raise NotSignedIn
    audit.record(db, Action.SESSION_STEPPED_UP, subject_id=caller.user_id, resource=("session", caller.session_id))
    opened, ended = renewed
    return SteppedUp(opened, ended, claimed)
