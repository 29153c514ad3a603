"""POST /api/auth/sign-up: an account is kept and its address asked to prove itself; the answer never tells which."""

from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.transaction import transaction
from shared.events import Event, SignUpRepeated
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.passwords import hash_password, password_is
from shared.roles import Role, anyone
from shared.time_zones import TimeZone

from .fields import Email, Name, Password
from .mail_limits import may_mail
from .mailed_tokens import request_verification
from .password_policy import require_hard_to_guess
from .profile_fields import Language

routes = Routes()


class NewAccount(Schema):
    """Who signs up. An administrator is made by another administrator, never here."""

    email: Email
    password: Password
    name: Name
    role: Literal["PATIENT", "THERAPIST"]
    time_zone: TimeZone = "UTC"
    """Whose mornings and evenings the mails tell; the profile changes it."""
    language: Language = "en"
    """What the mails are written in, from the first one on, where we have it."""


class MailUnderWay(Schema):
    """The same words whether or not the address has an account."""

    message: str = "Please look at your mail: we have sent you a link."


@routes.endpoint("POST /api/auth/sign-up", allow=anyone, limit=Limit("sign-up", 10, per=60, by="address"), status=202)
def sign_up(new: NewAccount) -> MailUnderWay:
    """Make a patient's or a therapist's account and mail a link to verify its address."""
    require_hard_to_guess(new.password, email=new.email, name=new.name, pointer="/password")
    if may_mail("sign-up", new.email):
        password_hash = hash_password(new.password)  # before anything is looked up: the same time for every address
        outbox.hand_over(keep_account(new, password_hash))
    else:
        settle_contest(new)
    return MailUnderWay()


@transaction
def keep_account(db: Database, new: NewAccount, password_hash: str) -> Event:
    """Keep the account, or find that there is one; either way somebody gets a mail."""
    user = db.scalar(select(User).where(User.email == new.email))
    if user is not None and user.email_verified_at is not None:
        event = SignUpRepeated(occurred_at=now(), user_id=user.id)
        outbox.record(db, event)
        audit.record(db, Action.ACCOUNT_SIGN_UP_REPEATED, subject_id=user.id)
        return event
    if user is None:
        user = User(email=new.email, created_at=now())
        db.add(user)
    # Nobody has proved the address yet: whoever signed up last is the one whose link will count.
    user.name, user.role, user.password_hash = new.name, Role(new.role), password_hash
    user.time_zone, user.language = new.time_zone, new.language
    db.flush()
    audit.record(db, Action.ACCOUNT_SIGNED_UP, subject_id=user.id, actor_id=user.id)
    return request_verification(db, user.id)


def settle_contest(new: NewAccount) -> None:
    """A sign-up that may not be mailed changes nothing, but where it names another password, none of the two stands.

    Otherwise whoever signs up first, with an address that is not theirs, would have their password proved by the
    owner, who takes the only mail for their own. Whoever has the address sets a password by POST password/forgot.
    """
    contested = find_unproved_hash(new.email)
    if not password_is(new.password, contested) and contested:
        drop_password(new.email, contested)


@transaction
def find_unproved_hash(db: Database, email: str) -> str | None:
    """The hash of the password that waits for this address to be proved."""
    return db.scalar(select(User.password_hash).where(User.email == email, User.email_verified_at.is_(None)))


@transaction
def drop_password(db: Database, email: str, contested: str) -> None:
    """Forget this password, unless the address was proved or another sign-up kept meanwhile."""
    user_id = db.scalar(
        update(User)
        .where(User.email == email, User.email_verified_at.is_(None), User.password_hash == contested)
        .values(password_hash=None)
        .returning(User.id)
    )
    if user_id:
        audit.record(db, Action.ACCOUNT_SIGN_UP_REPEATED, subject_id=user_id)
