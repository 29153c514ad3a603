"""Single-use tokens that travel by mail: asked for, sent, and consumed once."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.credentials import Verification, VerificationPurpose
from shared.database.transaction import transaction
from shared.events import VerificationRequested
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Gone
from shared.roles import anyone

from .fields import Email, MailedToken
from .mail_limits import may_mail

routes = Routes()

VERIFICATION_LASTS: Final = timedelta(hours=24)


class LinkNoLongerValid(Gone):
    """The token was used, has expired, was replaced by a newer one, or never was."""

    title = "This link is no longer valid; please ask for a new one"


class Token(Schema):
    """What the fragment of a mailed link holds."""

    token: MailedToken


class Address(Schema):
    """Where a new link should go."""

    email: Email


class LinkUnderWay(Schema):
    """The same words whether or not the address has an account."""

    message: str = "If this address is waiting to be verified, a new link is on its way."


@routes.endpoint("POST /api/auth/verify-email", allow=anyone, limit=Limit("verify-email", 20, per=60, by="address"))
def verify_email(given: Token) -> None:
    """Prove an address with the token that was mailed to it; each works once, for 24 hours."""
    consume_verification(given.token)


@routes.endpoint(
    "POST /api/auth/verify-email/resend", allow=anyone, limit=Limit("resend", 10, per=60, by="address"), status=202
)
def resend_verification(asked: Address) -> LinkUnderWay:
    """Mail a new link to an address that is not verified yet; the ones before it stop working."""
    if may_mail("verification", asked.email):
        outbox.hand_over(renew_verification(asked.email))
    return LinkUnderWay()


@transaction
def renew_verification(db: Database, email: str) -> VerificationRequested:
    """A new token for an account that waits for it; for any other address what takes as long and mails nothing."""
    user_id = db.scalar(select(User.id).where(User.email == email, User.email_verified_at.is_(None)))
    audit.record(db, Action.ACCOUNT_VERIFICATION_RESENT, subject_id=user_id)
    return request_verification(db, user_id)


@transaction
def consume_verification(db: Database, token: str) -> None:
    """Consume the token and mark the address in one step. Raises LinkNoLongerValid."""
    user_id = consume(db, token, VerificationPurpose.EMAIL_VERIFICATION)
    db.execute(update(User).where(User.id == user_id).values(email_verified_at=now()))
    audit.record(db, Action.ACCOUNT_EMAIL_VERIFIED, subject_id=user_id, actor_id=user_id)


def request_verification(db: Database, user_id: UUID | None) -> VerificationRequested:
    """Keep a new token's digest in the caller's transaction; the token itself goes into the event alone.

    Without a user nothing will be mailed: the event names somebody who does not exist.
    """
    token = request(db, user_id, VerificationPurpose.EMAIL_VERIFICATION, VERIFICATION_LASTS)
    event = VerificationRequested(occurred_at=now(), user_id=user_id or uuid4(), token=token)
    outbox.record(db, event)
    return event


def request(db: Database, user_id: UUID | None, purpose: VerificationPurpose, lasts: timedelta) -> str:
    """A new token, kept as its digest in the caller's transaction; those before it stop working.

    Without a user it is kept just so, which takes as long, and can never be consumed.
    """
    moment, token = now(), secrets.token_urlsafe(32)
    end_all(db, user_id or uuid4(), purpose)
    db.add(
        Verification(
            user_id=user_id,
            purpose=purpose,
            token_hash=_digest(token),
            created_at=moment,
            expires_at=moment + lasts,
        )
    )
    return token


def end_all(db: Database, user_id: UUID, purpose: VerificationPurpose) -> None:
    """No token of this purpose works any more, within the caller's transaction."""
    db.execute(
        update(Verification)
        .where(
            Verification.user_id == user_id,
            Verification.purpose == purpose,
            Verification.consumed_at.is_(None),
        )
        .values(consumed_at=now())
    )


def owner_of(db: Database, token: str, purpose: VerificationPurpose) -> User:
    """Whose token this is, without consuming it. Raises LinkNoLongerValid."""
    user = db.scalar(
        select(User)
        .join(Verification, Verification.user_id == User.id)
        .where(
            Verification.token_hash == _digest(token),
            Verification.purpose == purpose,
            Verification.consumed_at.is_(None),
            Verification.expires_at > now(),
        )
    )
    if user is None:
        raise LinkNoLongerValid
    return user


def consume(db: Database, token: str, purpose: VerificationPurpose) -> UUID:
    """Consume a token in the caller's transaction and in one step; whose it was. Raises LinkNoLongerValid."""
    moment = now()
    user_id = db.scalar(
        update(Verification)
        .where(
            Verification.token_hash == _digest(token),
            Verification.purpose == purpose,
            Verification.consumed_at.is_(None),
            Verification.expires_at > moment,
        )
        .values(consumed_at=moment)
        .returning(Verification.user_id)
    )
    if user_id is None:
        raise LinkNoLongerValid
    return user_id


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
