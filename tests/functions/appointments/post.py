"""The mails about appointments of one test, as their readers' mail programs find them."""

import email
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.mails import Mail, read_mail
from shared.database.models.accounts import User
from shared.database.models.outbox_events import OutboxEvent
from shared.database.transaction import transaction
from shared.events import AppointmentChanged, ReminderDue, SeriesBooked, TimeOffered
from tests.people import Person, rows

MAILED = (AppointmentChanged.type, SeriesBooked.type, TimeOffered.type, ReminderDue.type)


@dataclass(frozen=True)
class Invitation:
    """A calendar's part of a mail."""

    method: str | None
    content: bytes
    is_attached: bool


class Post:
    """What the mail server took since this was made, after the events that cause mails were pushed."""

    def __init__(self, folder: Path, push: Callable[[UUID], TestResponse]) -> None:
        self._folder = folder
        self._push = push
        self._last_before = max(self._ids(), default="")
        self._pushed: set[UUID] = set()

    def deliver(self, *, again: bool = False) -> list[Mail]:
        """Push the events recorded since the last time, or all of them again; the mails so far, the oldest first."""
        for event_id in self.events():
            if again or event_id not in self._pushed:
                self.push(event_id)
        return self.mails()

    def push(self, event_id: UUID) -> None:
        """Push one event, as Pub/Sub does."""
        self._pushed.add(event_id)
        assert self._push(event_id).status_code == 204

    def events(self) -> list[UUID]:
        """Those that cause mails, the oldest first."""
        mailed = select(OutboxEvent.id).where(OutboxEvent.type.in_(MAILED))
        return list(rows(mailed.order_by(OutboxEvent.created_at, OutboxEvent.id)))

    def mails(self) -> list[Mail]:
        """The mails so far, the oldest first."""
        found = [read_mail(self._folder, mail_id) for mail_id in self._ids() if mail_id > self._last_before]
        return [mail for mail in found if mail is not None]

    def _ids(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.eml"))

    def to(self, reader: Person) -> list[Mail]:
        """Those to somebody."""
        return [mail for mail in self.mails() if mail.recipients == [reader.email]]

    def raw(self, mail: Mail) -> EmailMessage:
        """A mail as it went over the wire."""
        content = (self._folder / f"{mail.id}.eml").read_bytes()
        return email.message_from_bytes(content, _class=EmailMessage, policy=modern)

    def invitations(self, mail: Mail) -> list[Invitation]:
        """The calendar's parts of a mail, in their order."""
        return [
            Invitation(part.get_param("method"), part.get_payload(decode=True), part.is_attachment())  # type: ignore[arg-type]
            for part in self.raw(mail).walk()
            if part.get_content_type() == "text/calendar"
        ]

    def subjects(self, reader: Person) -> list[str]:
        """What stands above the mails to somebody, the oldest first."""
        return [mail.subject for mail in self.to(reader)]


@transaction
def become(db: Database, /, person: Person, **columns: Any) -> None:
    """Columns of somebody's account are otherwise from now on: language, zone, name, preferences."""
    user = db.get_one(User, person.id)
    for name, value in columns.items():
        setattr(user, name, value)
