"""What happened in this function and is told by mail: each event one mail, however often it is delivered."""

from dataclasses import replace
from html import escape
from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session as Database

from shared import outbox, session
from shared.account_notices import Notice
from shared.database.models.outbox_events import OutboxEvent
from shared.database.transaction import transaction
from shared.events import (
    AccountErased,
    AccountNotice,
    AccountUnlocked,
    Event,
    PrivacyNotice,
    SessionsRevoked,
    SignUpRepeated,
    VerificationRequested,
)
from shared.http.endpoint import Routes
from shared.http.schema import PushDelivery
from shared.mail import Mail, MailAway, mailer
from shared.mailing import Recipient, send_once
from shared.redis import RedisAway
from shared.roles import pubsub
from shared.settings import settings
from shared.telemetry import log

from .notice_words import AccountMails, Words
from .notices import PATHS, SIGN_IN, VERIFY, mails_for
from .notices_en import ENGLISH
from .privacy_officer import LIST, NAME, words_for
from .unlocking import unlock

routes = Routes()

PAGE: Final = """<!doctype html><html lang="{language}">
<body style="font-family:sans-serif;color:#23312d;max-width:34rem">
<p>{hello}</p><p>{words}</p>{button}<p style="color:#5d6f69">{after}</p><p>Bloom Health</p></body></html>"""
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
        elif isinstance(event, AccountUnlocked):
            unlock(event)
        elif isinstance(event, AccountErased):
            _mail_receipt(event)
        elif isinstance(event, PrivacyNotice):
            _mail_officer(event)
        else:
            _mail_once(event)
    except (MailAway, RedisAway):
        outbox.put_back(event.id)


def _mail_once(event: Event) -> None:
    assert isinstance(event, VerificationRequested | SignUpRepeated | AccountNotice)
    token = getattr(event, "token", None)

    def composed(reader: Recipient) -> Mail:
        mails = mails_for(reader.language)
        told, path = _told(event, mails)
        return _compose(mails, told, path, reader.email, reader.name, key=str(event.id), token=token)

    send_once(event.id, event.user_id, event.type, composed)


def _mail_receipt(event: AccountErased) -> None:
    """The last mail to an address that is known from the event alone, which goes with it."""
    mails = mails_for(event.language)
    told = replace(mails.erased, words=event.words)
    mailer().send(_compose(mails, told, "", event.email, event.name, key=str(event.id)))
    forget(event.id)


def _mail_officer(event: PrivacyNotice) -> None:
    """Raises MailAway, also while no address is set: then it waits for one. What was sent goes, and is sent no more."""
    officer = settings().privacy_officer_email
    try:
        if not officer:
            raise MailAway("no address is set")
        mailer().send(_compose(ENGLISH, words_for(event), LIST, officer, NAME, key=str(event.id)))
    except MailAway:
        log("privacy-officer-not-told", severity="ERROR", notice=event.notice)
        raise
    forget(event.id)


@transaction
def forget(db: Database, event_id: UUID) -> None:
    """Remove an event whose mail is sent and told by no row: there is no account that it could be kept under."""
    db.execute(delete(OutboxEvent).where(OutboxEvent.id == event_id))


def _told(event: Event, mails: AccountMails) -> tuple[Words, str]:
    """What a mail says, and the page that it leads to."""
    if isinstance(event, AccountNotice):
        notice = Notice(event.notice)
        return mails.notices[notice], PATHS[notice]
    if isinstance(event, VerificationRequested):
        return mails.verification, VERIFY
    return mails.sign_up_repeated, SIGN_IN


def _compose(
    mails: AccountMails, told: Words, path: str, to: str, name: str, *, key: str, token: str | None = None
) -> Mail:
    link = settings().base_url + path + (f"#token={token}" if token else "")
    hello, after = mails.hello.format(name=name), told.after or mails.was_it_you
    button = BUTTON.format(link=escape(link), label=escape(told.label))
    return Mail(
        to=to,
        subject=told.subject,
        text=f"{hello}\n\n{told.words}\n\n{link}\n\n{after}\n\nBloom Health\n",
        html=PAGE.format(
            language=mails.language,
            hello=escape(hello),
            words=escape(told.words).replace("\n\n", "</p><p>"),
            button=button,
            after=escape(after),
        ),
        key=key,
    )
