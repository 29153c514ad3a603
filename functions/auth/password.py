"""A password is set anew by a mailed link, or changed by whoever is signed in and knows it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox, session
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import Session, User, UserStatus
from shared.database.models.credentials import VerificationPurpose
from shared.database.transaction import transaction
from shared.events import AccountNotice, SessionsRevoked
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, Visit
from shared.passwords import hash_password
from shared.problems import Forbidden, NotSignedIn
from shared.roles import anyone, signed_in
from shared.session import Caller, NewSession

from . import mailed_tokens, trusted_devices
from .fields import GivenPassword, MailedToken, Password
from .mail_limits import may_mail
from .mailed_tokens import Address
from .password_policy import require_hard_to_guess
from .password_proof import PASSWORDS, proves
from .signed_in import SignedIn, SignedInUser, SignedInWithToken, answer_with

routes = Routes()

RESET_LASTS: Final = timedelta(minutes=30)
RESET: Final = VerificationPurpose.PASSWORD_RESET


class WrongPassword(Forbidden):
    """The present password is another one, or guessing at it is paused; which of the two is not told."""

    title = "This is not your present password"


class ResetUnderWay(Schema):
    """The same words whether or not the address has an account."""

    message: str = "If this address has an account, a link to set a new password is on its way."


class Reset(Schema):
    """What the fragment of the mailed link holds, and the password to set."""

    token: MailedToken
    new_password: Password


class Change(Schema):
    """The password that holds now, and the one to come."""

    current_password: GivenPassword
    new_password: Password


@dataclass(frozen=True)
class Changed:
    """What has to be told once a change is kept."""

    opened: NewSession
    ended: tuple[SessionsRevoked | None, ...]
    notice: AccountNotice


@routes.endpoint(
    "POST /api/auth/password/forgot", allow=anyone, limit=Limit("password-forgot", 10, per=60, by="address"), status=202
)
def forgot_password(asked: Address) -> ResetUnderWay:
    """Mail a link to set a new password; it works once, for 30 minutes, and the ones before it stop working."""
    if may_mail("forgot", asked.email):
        outbox.hand_over(request_reset(asked.email))
    return ResetUnderWay()


@routes.endpoint("POST /api/auth/password/reset", allow=anyone, limit=Limit("password-reset", 10, per=60, by="address"))
def reset_password(given: Reset) -> None:
    """Set a new password with a mailed link: every session and trusted device ends, and the address is proved by it."""
    owner = find_owner(given.token)
    require_hard_to_guess(given.new_password, email=owner.email, name=owner.name, pointer="/newPassword")
    ended, notice = keep_reset(given.token, hash_password(given.new_password))
    PASSWORDS.forget(owner.id)
    session.tell_revocation(ended)
    outbox.hand_over(notice)


@routes.endpoint(
    "POST /api/auth/password/change", allow=signed_in, limit=Limit("password-change", 10, per=60), fresh=True
)
def change_password(caller: Caller, given: Change, visit: Visit) -> Answer[SignedIn | SignedInWithToken]:
    """Set another password: every other session ends, and this one goes on with a new token, sent as it was before."""
    user = find_user(caller)
    if not proves(given.current_password, user, tried=Action.PASSWORD_CHANGE):
        raise WrongPassword
    require_hard_to_guess(given.new_password, email=user.email, name=user.name, pointer="/newPassword")
    changed = keep_change(caller, user.password_hash, hash_password(given.new_password))
    session.tell_revocation(*changed.ended)
    outbox.hand_over(changed.notice)
    # Only who came with a bearer token gets one: a page, which has the cookie, could ask for what scripts can read.
    came_by_cookie = visit.session_token == visit.cookies.get(session.cookie_name())
    return answer_with(changed.opened, SignedInUser.of(user), replace(visit, wants_bearer=not came_by_cookie))


@transaction
def request_reset(db: Database, email: str) -> AccountNotice:
    """A link for the account with this address; for any other address what takes as long and mails nothing."""
    user_id = db.scalar(select(User.id).where(User.email == email, User.status != UserStatus.ERASED))
    audit.record(db, Action.PASSWORD_RESET_REQUESTED, subject_id=user_id)
    token = mailed_tokens.request(db, user_id, RESET, RESET_LASTS)
    return notify(db, user_id or uuid4(), Notice.PASSWORD_RESET_REQUESTED, token=token)


@transaction
def find_owner(db: Database, token: str) -> User:
    """Whose link this is. Raises LinkNoLongerValid."""
    return mailed_tokens.owner_of(db, token, RESET)


@transaction
def find_user(db: Database, caller: Caller) -> User:
    """The caller's own row."""
    return db.get_one(User, caller.user_id)


@transaction
def keep_reset(db: Database, token: str, password_hash: str) -> tuple[SessionsRevoked | None, AccountNotice]:
    """Consume the link and set the password in one step. Raises LinkNoLongerValid."""
    user = db.get_one(User, mailed_tokens.consume(db, token, RESET))
    audit.record(db, Action.PASSWORD_RESET, subject_id=user.id, actor_id=user.id)
    if user.email_verified_at is None:
        user.email_verified_at = now()
        audit.record(db, Action.ACCOUNT_EMAIL_VERIFIED, subject_id=user.id, actor_id=user.id)
        mailed_tokens.end_all(db, user.id, VerificationPurpose.EMAIL_VERIFICATION)
    user.password_hash, user.password_changed_at = password_hash, now()
    trusted_devices.revoke_all(db, user.id)
    ended = session.revoke(db, user.id, _open_sessions(db, user.id))
    return ended, notify(db, user.id, Notice.PASSWORD_CHANGED)


@transaction
def keep_change(db: Database, caller: Caller, checked_hash: str | None, password_hash: str) -> Changed:
    """Set the password, unless it or the session changed since it was checked. Raises WrongPassword, NotSignedIn."""
    kept = db.scalar(
        update(User)
        .where(User.id == caller.user_id, User.password_hash == checked_hash)
        .values(password_hash=password_hash, password_changed_at=now())
        .returning(User.id)
    )
    if kept is None:
        raise WrongPassword
    renewed = session.renew_token(db, caller)
    if renewed is None:
        raise NotSignedIn
    mailed_tokens.end_all(db, caller.user_id, RESET)
    trusted_devices.revoke_all(db, caller.user_id)
    audit.record(db, Action.PASSWORD_CHANGED, subject_id=caller.user_id)
    others = [found for found in _open_sessions(db, caller.user_id) if found != caller.session_id]
    opened, old_token = renewed
    ended = (session.revoke(db, caller.user_id, others), old_token)
    return Changed(opened, ended, notify(db, caller.user_id, Notice.PASSWORD_CHANGED))


def _open_sessions(db: Database, user_id: UUID) -> list[UUID]:
    return list(db.scalars(select(Session.id).where(Session.user_id == user_id, Session.revoked_at.is_(None))))
