"""POST /api/auth/sign-in: a password opens a session, and takes as long for an address nobody has."""

from functools import cache
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, Visit
from shared.passwords import hash_password, needs_rehash, password_matches
from shared.problems import Denial, Forbidden, NotSignedIn
from shared.roles import anyone
from shared.session import NewSession
from shared.settings import settings

from .fields import Email, GivenPassword
from .signed_in import SignedIn, SignedInUser, SignedInWithToken, answer_with, open_for, require_no_page

routes = Routes()


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


@routes.endpoint("POST /api/auth/sign-in", allow=anyone, limit=Limit("sign-in", 10, per=60, by="address"))
def sign_in(given: Credentials, visit: Visit) -> Answer[SignedIn | SignedInWithToken]:
    """Open a session: by cookie, or for a client that says `X-Session-Transport: bearer` by token."""
    require_no_page(visit)
    user = user_with(given, visit)
    rehashed = hash_password(given.password) if needs_rehash(user.password_hash or "") else None
    opened = open_session(user.id, user.password_hash, rehashed, visit)
    return answer_with(opened, SignedInUser.of(user), visit)


def user_with(given: Credentials, visit: Visit) -> User:
    """The user whose address and password these are. Raises WrongCredentials, AddressNotVerified, AccountSuspended."""
    audit.acting.set(audit.Acting(None, visit.address))
    user = find_user(given.email)
    stored = (user.password_hash if user else None) or _nobodys_hash(settings().bcrypt_cost)
    matches = password_matches(given.password, stored)
    if user is None or user.password_hash is None or not matches:
        audit.record_failure(Action.SESSION_SIGN_IN, subject_id=user.id if user else None)
        raise WrongCredentials
    if user.email_verified_at is None:
        raise AddressNotVerified(denial=Denial(Action.SESSION_SIGN_IN, user.id))
    if user.status != "active":
        raise AccountSuspended(denial=Denial(Action.SESSION_SIGN_IN, user.id))
    return user


@transaction
def find_user(db: Database, email: str) -> User | None:
    """The account with this address."""
    return db.scalar(select(User).where(User.email == email))


@transaction
def open_session(
    db: Database, user_id: UUID, checked_hash: str | None, rehashed: str | None, visit: Visit
) -> NewSession:
    """Open the session, unless password or status changed since the password was checked."""
    user = db.scalar(select(User).where(User.id == user_id))
    if user is None or user.password_hash != checked_hash or user.status != "active":
        raise WrongCredentials
    if rehashed:
        user.password_hash = rehashed
    return open_for(db, user, visit, second_factor=False)


@cache
def _nobodys_hash(_cost: int) -> str:
    """A hash that costs as much to check as a real one, which is made at this cost."""
    return hash_password("nobody has this password")
