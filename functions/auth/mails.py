"""What happened in this function and is told by mail: each event one mail, however often it is delivered."""

from html import escape
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from shared import outbox, session
from shared.clock import now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.delivery import EmailDelivery, EmailStatus
from shared.database.models.outbox_events import OutboxEvent
from shared.database.transaction import transaction
from shared.events import AccountErased, AccountNotice, Event, SessionsRevoked, SignUpRepeated, VerificationRequested
from shared.http.endpoint import Routes
from shared.http.schema import PushDelivery
from shared.mail import Mail, MailAway, mailer
from shared.redis import RedisAway
from shared.roles import pubsub
from shared.settings import settings

from .notices import NOTICES, Notice

routes = Routes()

PAGE: Final = """<!doctype html><html><body style="font-family:sans-serif;color:#23312d;max-width:34rem">
<p>Hello {name},</p><p>{words}</p>{button}<p style="color:#5d6f69">{after}</p><p>Bloom Health</p></body></html>"""
BUTTON: Final = (
    '<p><a href="{link}" style="background:#2f6f5e;color:#fff;padding:.7rem 1.2rem;border-radius:.5rem;'
    'text-decoration:none">{label}</a></p>'
)


@routes.endpoint("POST /api/internal/auth/events", allow=pubsub)
def consume_event(push: PushDelivery) -> None:
    """Mail what an event says, or finish a revocation that Redis missed."""
    event = outbox.open_event(push.event_id)
    if event is None:
        return
    try:
        if isinstance(event, SessionsRevoked):
            session.deliver_revocation(event)
        elif isinstance(event, AccountErased):
            _mail_receipt(event)
        else:
            _mail_once(event)
    except (MailAway, RedisAway):
        outbox.put_back(event.id)


def _mail_once(event: Event) -> None:
    recipient = claim(event)
    if recipient is None:
        return
    mailer().send(_compose(event, recipient))
    mark_sent(event.id)


def _mail_receipt(event: AccountErased) -> None:
    """The last mail to an address that is known from the event alone, which goes with it."""
    mail = _mail(
        event.email,
        event.name,
        str(event.id),
        subject="Your account was erased",
        words=event.words,
        link=settings().base_url,
        label="Bloom Health",
        after="Thank you for having been with us. Take good care of yourself.",
    )
    mailer().send(mail)
    forget(event.id)


@transaction
def forget(db: Database, event_id: UUID) -> None:
    """Remove an event together with the address that it carries."""
    db.execute(delete(OutboxEvent).where(OutboxEvent.id == event_id))


@transaction
def claim(db: Database, event: Event) -> tuple[str, str] | None:
    """Address and name of whom the mail is for, or None where it was sent already."""
    assert isinstance(event, VerificationRequested | SignUpRepeated | AccountNotice)
    user = db.scalar(select(User).where(User.id == event.user_id))
    sent = db.scalar(select(EmailDelivery).where(EmailDelivery.event_id == event.id))
    if user is None or user.status is UserStatus.ERASED or (sent is not None and sent.sent_at is not None):
        return None
    if sent is None:
        db.add(EmailDelivery(event_id=event.id, user_id=user.id, kind=event.type, created_at=now()))
    return user.email, user.name


@transaction
def mark_sent(db: Database, event_id: UUID) -> None:
    """The mail server has it."""
    delivery = db.scalar(select(EmailDelivery).where(EmailDelivery.event_id == event_id))
    if delivery is not None:
        delivery.status, delivery.sent_at = EmailStatus.SENT, now()


def _compose(event: Event, recipient: tuple[str, str]) -> Mail:
    email, name = recipient
    if isinstance(event, AccountNotice):
        told = NOTICES[Notice(event.notice)]
        return _mail(
            email,
            name,
            str(event.id),
            subject=told.subject,
            words=told.words,
            link=settings().base_url + told.path + (f"#token={event.token}" if event.token else ""),
            label=told.label,
            after=told.after,
        )
    if isinstance(event, VerificationRequested):
        return _mail(
            email,
            name,
            str(event.id),
            subject="Please verify your address",
            words="welcome to Bloom Health. Please verify your address with this link; it works once, for 24 hours.",
            link=f"{settings().base_url}/verify-email#token={event.token}",
            label="Verify my address",
            after="If you did not sign up, you need not do anything.",
        )
    return _mail(
        email,
        name,
        str(event.id),
        subject="You already have an account",
        words="somebody, perhaps you, signed up with this address. It already has an account: you can simply sign in.",
        link=f"{settings().base_url}/sign-in",
        label="Sign in",
        after="If this was not you, nothing has changed and you need not do anything.",
    )


def _mail(to: str, name: str, key: str, *, subject: str, words: str, link: str, label: str, after: str) -> Mail:
    button = BUTTON.format(link=escape(link), label=escape(label))
    return Mail(
        to=to,
        subject=subject,
        text=f"Hello {name},\n\n{words}\n\n{link}\n\n{after}\n\nBloom Health\n",
        html=PAGE.format(
            name=escape(name), words=escape(words).replace("\n\n", "</p><p>"), button=button, after=escape(after)
        ),
        key=key,
    )
