"""The mails of one test, after the events that cause them were pushed."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from werkzeug.test import TestResponse

from dev.mails import Mail, read_mail
from infra.subscriptions import SUBSCRIPTIONS
from shared.database.models.outbox_events import OutboxEvent
from tests.people import rows


class Mailbox:
    """What the mail server took since this was made."""

    def __init__(self, folder: Path, push: Callable[[UUID], TestResponse]) -> None:
        self._folder = folder
        self._push = push
        self._last_before = max(self._ids(), default="")
        self._pushed: set[UUID] = set()

    def deliver(self, *, again: bool = False) -> list[Mail]:
        """Push the events recorded since the last time, or all of them again; the mails so far, the oldest first."""
        mine = select(OutboxEvent.id).where(OutboxEvent.type.in_(SUBSCRIPTIONS["auth-events"].event_types))
        for event_id in rows(mine.order_by(OutboxEvent.created_at)):
            if again or event_id not in self._pushed:
                self._pushed.add(event_id)
                assert self._push(event_id).status_code == 204
        return self.mails()

    def mails(self) -> list[Mail]:
        """The mails so far, the oldest first."""
        found = [read_mail(self._folder, mail_id) for mail_id in self._ids() if mail_id > self._last_before]
        return [mail for mail in found if mail is not None]

    def _ids(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.eml"))

    def token(self, mail: Mail) -> str:
        """The token in the mail's link."""
        [link] = mail.links
        return link.partition("#token=")[2]
