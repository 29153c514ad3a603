"""A mail to somebody with an account goes out once, however often and by how many at once its event is delivered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.delivery import EmailDelivery, EmailStatus
from shared.database.transaction import expect_unique, transaction
from shared.mail import AddressRefused, Mail, MailAway, mailer
from shared.preferences import Preferences, preferences_of

# Longer than a mail server is waited for: who holds a claim so long has died.
CLAIM: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Recipient:
    """Whom a mail is for, and how they like to read."""

    user_id: UUID
    email: str
    name: str
    language: str
    """A tag of BCP 47."""
    time_zone: str
    """An IANA name."""
    preferences: Preferences


class _ClaimedAtOnce(Exception):
    """Somebody else began with the same mail at this moment; caught here."""


def mail_id(event_id: UUID, user_id: UUID) -> UUID:
    """The name of the mail about an event to one of several readers: always the same for the same two."""
    return uuid5(event_id, str(user_id))


def send_once(name: UUID, user_id: UUID, kind: str, compose: Callable[[Recipient], Mail | None]) -> None:
    """Send the mail of this name, unless it was sent, its reader's account is erased, or `compose` wants none.

    An address that the mail server refuses for good is not tried again.

    Not within a transaction. Raises MailAway where the mail server did not take it, or where somebody else is just
    sending it and may yet fail: the event is to be put back.
    """
    try:
        recipient = claim(name, user_id, kind)
    except _ClaimedAtOnce:
        raise MailAway("claimed by another") from None
    if recipient is None:
        return
    try:
        mail = compose(recipient)
        if mail is not None:
            mailer().send(mail)
    except AddressRefused:
        give_up(name)
        return
    except BaseException:
        release(name)
        raise
    if mail is None:
        forget(name)
    else:
        mark_sent(name)


@transaction
def claim(db: Database, name: UUID, user_id: UUID, kind: str) -> Recipient | None:
    """Become the one who sends it; None where there is nothing to send.

    Raises MailAway while another one may be sending it.
    """
    user = db.scalar(select(User).where(User.id == user_id))
    if user is None or user.status is UserStatus.ERASED:
        return None
    delivery = db.scalar(select(EmailDelivery).where(EmailDelivery.event_id == name))
    if delivery is None:
        delivery = EmailDelivery(event_id=name, user_id=user_id, kind=kind, created_at=now())
        with expect_unique(db, "uq_email_delivery_event_id", _ClaimedAtOnce):
            db.add(delivery)
    elif delivery.status is not EmailStatus.SENDING:
        return None
    elif delivery.claimed_until is not None and delivery.claimed_until > now():
        raise MailAway("claimed by another")
    delivery.attempts += 1
    delivery.claimed_until = now() + CLAIM
    chosen = preferences_of(user.preferences)
    return Recipient(user.id, user.email, user.name, user.language, user.time_zone, chosen)


@transaction
def release(db: Database, name: UUID) -> None:
    """It was not sent: whoever tries next need not wait."""
    db.execute(update(EmailDelivery).where(EmailDelivery.event_id == name).values(claimed_until=None))


@transaction
def forget(db: Database, name: UUID) -> None:
    """Its reader does not want it: there is no mail."""
    db.execute(delete(EmailDelivery).where(EmailDelivery.event_id == name))


@transaction
def give_up(db: Database, name: UUID) -> None:
    """Its address takes no mail."""
    db.execute(
        update(EmailDelivery)
        .where(EmailDelivery.event_id == name)
        .values(status=EmailStatus.FAILED, claimed_until=None)
    )


@transaction
def mark_sent(db: Database, name: UUID) -> None:
    """The mail server has it."""
    db.execute(
        update(EmailDelivery)
        .where(EmailDelivery.event_id == name)
        .values(status=EmailStatus.SENT, sent_at=now(), claimed_until=None)
    )
