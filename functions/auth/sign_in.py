"""POST /api/auth/sign-in: a password opens a session, and takes as long for an address nobody has."""

from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit, take
from shared.http.schema import Answer, Visit
from shared.passwords import hash_password, needs_rehash
from shared.problems import Denial, Forbidden, NotSignedIn
from shared.roles import anyone
from shared.session import NewSession

from .challenges import Challenged, TwoFactorRequired, TwoFactorRequiredWithToken, second_factor_for
from .fields import Email, GivenPassword
from .password_proof import proves
from .signed_in import SignedIn, SignedInUser, SignedInWithToken, answer_with, open_for, require_no_page

routes = Routes()

ACCOUNT_LIMIT: Final = Limit("sign-in-account", 3, per=10)
"""For one account from one network; the network's own limit is wide, since a clinic shares one."""


class WrongCredentials(NotSignedIn):
    """No account with this address and password; which of the two is not told."""

    title = "This address and password do not belong together"


class AddressNotVerified(Forbidden):
    """The password is right, but the mailed link was not followed yet."""

    title = "Please verify your address first"


class AccountSuspended(Forbidden):
    """The password is right, but an administrator has suspended the account."""

    title = "This account is suspended"


class Credentials(Schema):
    """An address and its password."""

    email: Email
    password: GivenPassword


@routes.endpoint("POST /api/auth/sign-in", allow=anyone, limit=Limit("sign-in", 30, per=10, by="address"))
def sign_in(
    given: Credentials, visit: Visit
) -> Answer[SignedIn | SignedInWithToken | TwoFactorRequired | TwoFactorRequiredWithToken]:
    """Open a session: by cookie, or for a client that says `X-Session-Transport: bearer` by token.

    Where the account has a second factor, and this browser is not trusted, that is asked for first.
    """
    require_no_page(visit)
    take(ACCOUNT_LIMIT, f"{audit.network_of(visit.address)}|{given.email}").require()
    user = user_with(given)
    renew_hash_of(user, given.password)
    owed = second_factor_for(user, visit)
    if isinstance(owed, Challenged):
        return Answer(owed.answer.body, owed.answer.cookies)
    opened = open_session(user.id, user.password_hash, visit, second_factor=owed is not None)
    answer = answer_with(opened, SignedInUser.of(user), visit, *((owed.cookie,) if owed else ()))
    return Answer(answer.body, answer.cookies)


def user_with(given: Credentials) -> User:
    """The user whose address and password these are. Raises WrongCredentials, AddressNotVerified, AccountSuspended."""
    user = find_user(given.email)
    if not proves(given.password, user, tried=Action.SESSION_SIGN_IN, email=given.email) or user is None:
        raise WrongCredentials
    if user.email_verified_at is None:
        raise AddressNotVerified(denial=Denial(Action.SESSION_SIGN_IN, user.id))
    if user.status != "active":
        raise AccountSuspended(denial=Denial(Action.SESSION_SIGN_IN, user.id))
    return user


def renew_hash_of(user: User, password: str) -> None:
    """Hash the password anew, for the row and for `user`, where its hash was made at a lower cost than is asked now."""
    if user.password_hash and needs_rehash(user.password_hash):
        rehashed = hash_password(password)
        keep_hash(user.id, user.password_hash, rehashed)
        user.password_hash = rehashed


@transaction
def find_user(db: Database, email: str) -> User | None:
    """The account with this address."""
    return db.scalar(select(User).where(User.email == email))


@transaction
def keep_hash(db: Database, user_id: UUID, checked_hash: str, rehashed: str) -> None:
    """Keep another hash of the same password. Raises WrongCredentials where the password has changed meanwhile."""
    kept = db.scalar(
        update(User)
        .where(User.id == user_id, User.password_hash == checked_hash)
        .values(password_hash=rehashed)
        .returning(User.id)
    )
    if kept is None:
        raise WrongCredentials
    audit.record(db, Action.PASSWORD_REHASHED, subject_id=user_id, actor_id=user_id)


@transaction
def open_session(
    db: Database, user_id: UUID, checked_hash: str | None, visit: Visit, *, second_factor: bool
) -> NewSession:
    """Open the session, unless password or status changed since the password was checked."""
    user = db.scalar(select(User).where(User.id == user_id))
    if user is None or user.password_hash != checked_hash or user.status != "active":
        raise WrongCredentials
    return open_for(db, user, visit, second_factor=second_factor)
