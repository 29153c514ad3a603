"""POST /api/auth/sign-up: an account is kept and its address asked to prove itself; the answer never tells which."""

from typing import Literal

from sqlalchemy import select
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
from shared.passwords import hash_password
from shared.roles import Role, anyone

from .fields import Email, Name, Password
from .mailed_tokens import request_verification

routes = Routes()


class NewAccount(Schema):
    """Who signs up. An administrator is made by another administrator, never here."""

    email: Email
    password: Password
    name: Name
    role: Literal["PATIENT", "THERAPIST"]


class MailUnderWay(Schema):
    """The same words whether or not the address has an account."""

    message: str = "Please look at your mail: we have sent you a link."


@routes.endpoint("POST /api/auth/sign-up", allow=anyone, limit=Limit("sign-up", 10, per=60, by="address"), status=202)
def sign_up(new: NewAccount) -> MailUnderWay:
    """Make a patient's or a therapist's account and mail a link to verify its address."""
    password_hash = hash_password(new.password)  # before anything is looked up: the same time for every address
    outbox.hand_over(keep_account(new, password_hash))
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
    db.flush()
    audit.record(db, Action.ACCOUNT_SIGNED_UP, subject_id=user.id, actor_id=user.id)
    return request_verification(db, user.id)
