"""A mail that there is something to read, without what or from whom: one a conversation until its reader has read."""

from datetime import timedelta
from html import escape
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session as Database

from shared import access, outbox
from shared.clock import now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.messaging import Conversation, ConversationMember, Message
from shared.database.transaction import transaction
from shared.events import UnreadWaiting
from shared.mail import Mail
from shared.mailing import Recipient, send_once
from shared.roles import Role
from shared.settings import settings

from .mail_words import mails_for

# A tick that was late by less still finds every message; a mail that is later than that helps nobody.
LOOKS_BACK: Final = timedelta(hours=1)
AT_MOST: Final = 100
"""Members that one transaction claims."""
PAGE: Final = """<!doctype html><html lang="{language}">
<body style="font-family:sans-serif;color:#23312d;max-width:34rem">
<p>{hello}</p><p>{words}</p><p><a href="{link}" style="background:#2f6f5e;color:#fff;padding:.7rem 1.2rem;\
border-radius:.5rem;text-decoration:none">{read}</a></p><p style="color:#5d6f69">{after}</p><p>Bloom Health</p></body>\
</html>"""


def notice_unread() -> int:
    """A step of the tick: whoever has left something unread for a while is told by mail; how many are."""
    noticed = 0
    while events := claim_unread():
        outbox.hand_over(*events)
        noticed += len(events)
        if len(events) < AT_MOST:
            break
    return noticed


@transaction
def claim_unread(db: Database) -> list[UnreadWaiting]:
    """Some of those who wait for a mail, with its event in the outbox; from here on they wait for none."""
    moment, events = now(), list[UnreadWaiting]()
    members = db.execute(
        select(ConversationMember.conversation_id, ConversationMember.user_id)
        .join(Conversation, Conversation.id == ConversationMember.conversation_id)
        .join(Message, Message.conversation_id == Conversation.id)
        .join(User, User.id == ConversationMember.user_id)
        .where(*_is_waiting(), User.status == UserStatus.ACTIVE, ~User.is_synthetic)
        .distinct()
        .limit(AT_MOST)
    ).tuples()
    for conversation_id, user_id in members.all():
        event = UnreadWaiting(occurred_at=moment, conversation_id=conversation_id, user_id=user_id)
        outbox.record(db, event)
        events.append(event)
        db.execute(
            update(ConversationMember)
            .where(ConversationMember.conversation_id == conversation_id, ConversationMember.user_id == user_id)
            .values(mailed_at=moment)
        )
    return events


def _is_waiting() -> tuple[ColumnElement[bool], ...]:
    """Of a Message and a ConversationMember: whether the member is to be told of it."""
    until, member = now() - timedelta(minutes=settings().unread_mail_minutes), ConversationMember
    return (
        Message.sent_at <= until,
        Message.sent_at > until - LOOKS_BACK,
        Message.deleted_at.is_(None),
        Message.sender_id != member.user_id,
        Message.seq > member.last_read_seq,
        member.left_at.is_(None),
        or_(member.mailed_at.is_(None), member.last_read_at > member.mailed_at),
    )


def mail_unread(event: UnreadWaiting) -> None:
    """Send the mail, unless its reader has read meanwhile, may not read any more, or wants none. Raises MailAway."""
    if is_still_unread(event.conversation_id, event.user_id):
        send_once(event.id, event.user_id, event.type, lambda reader: _composed(reader, event.id))


@transaction
def is_still_unread(db: Database, conversation_id: UUID, user_id: UUID) -> bool:
    """Whether the reader has something to read there, and may: a therapist while care stands."""
    unread = db.scalar(
        select(User.role)
        .join(ConversationMember, ConversationMember.user_id == User.id)
        .join(Message, Message.conversation_id == ConversationMember.conversation_id)
        .where(
            User.id == user_id,
            User.status == UserStatus.ACTIVE,
            Message.conversation_id == conversation_id,
            Message.seq > ConversationMember.last_read_seq,
            Message.sender_id != user_id,
            Message.deleted_at.is_(None),
        )
        .limit(1)
    )
    if unread == Role.THERAPIST:
        return bool(access.seats_that_stand(db, [(conversation_id, user_id)]))
    return unread is not None


def _composed(reader: Recipient, event_id: UUID) -> Mail | None:
    if not reader.preferences.notifications.email_new_messages:
        return None
    mails, link = mails_for(reader.language), f"{settings().base_url}/messages"
    told = mails.unread
    hello = told.hello.format(name=reader.name)
    return Mail(
        to=reader.email,
        subject=told.subject,
        text=f"{hello}\n\n{told.words}\n\n{link}\n\n{told.after}\n\nBloom Health\n",
        html=PAGE.format(
            language=mails.language,
            hello=escape(hello),
            words=escape(told.words),
            link=escape(link),
            read=escape(told.read),
            after=escape(told.after),
        ),
        key=str(event_id),
    )
