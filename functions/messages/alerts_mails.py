"""Mails about alerts: that there is something to look at after signing in, and nothing of what or whose it is."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Final
from uuid import UUID

from shared.events import RiskAlertChanged, RiskRaised
from shared.mail import Mail, MailAway
from shared.mailing import Recipient, mail_id, send_once
from shared.redis import RedisAway
from shared.settings import settings

from .alerts import COVERAGE, UNANSWERED, AlertEvent, publish_alert
from .probe import note_arrival

PATH: Final = "/alerts"
AFTER: Final = "For the privacy of others this mail says no more. You can turn such mails off in your settings."
PAGE: Final = """<!doctype html><html><body style="font-family:sans-serif;color:#23312d;max-width:34rem">
<p>Hello,</p><p>{words}</p><p><a href="{link}" style="background:#2f6f5e;color:#fff;padding:.7rem 1.2rem;\
border-radius:.5rem;text-decoration:none">Sign in</a></p><p style="color:#5d6f69">{after}</p><p>Bloom Health</p>\
</body></html>"""


@dataclass(frozen=True)
class Notice:
    """What one kind of mail says."""

    subject: str
    words: str


WAITING: Final = Notice(
    "Something is waiting for you in Bloom Health",
    "There is something in Bloom Health that should not wait long for your answer. Please sign in to see it.",
)
NOTICES: Final[dict[str, Notice]] = {
    COVERAGE: Notice(
        "A colleague is helping out in Bloom Health",
        "Something that was waiting for you has been passed on to a colleague, who can see what they need for a while."
        " Please sign in to see where it stands.",
    ),
    UNANSWERED: Notice(
        "Something in Bloom Health has no answer yet",
        "Nobody who was asked has taken something on that should not wait. Please sign in, and see who can be reached.",
    ),
}
"""By `RiskAlertChanged.notice`."""


def follow_alert(event: AlertEvent) -> None:
    """Tell sockets once more, and mail once what is to be mailed.

    One part that is away holds up no other. Raises MailAway, RedisAway, where the event is to come again.
    """
    steps: list[Callable[[], None]] = [lambda: publish_alert(event)]
    steps += [_mailing(event, reader_id) for reader_id in _readers(event)]
    away = [fault for step in steps if (fault := _attempt(step))]
    if away:
        raise away[0]
    if isinstance(event, RiskRaised):
        note_arrival(event)


def _attempt(step: Callable[[], None]) -> MailAway | RedisAway | None:
    try:
        step()
    except (MailAway, RedisAway) as fault:
        return fault
    return None


def _readers(event: AlertEvent) -> tuple[UUID, ...]:
    return event.clinician_ids if isinstance(event, RiskRaised) else event.mail_ids


def _mailing(event: AlertEvent, reader_id: UUID) -> Callable[[], None]:
    name = mail_id(event.id, reader_id)
    told = NOTICES[event.notice] if isinstance(event, RiskAlertChanged) else WAITING
    return lambda: send_once(name, reader_id, event.type, lambda reader: _composed(told, reader, name))


def _composed(told: Notice, reader: Recipient, name: UUID) -> Mail | None:
    if not reader.preferences.alerts.email_risk_alerts:
        return None
    link = settings().base_url + PATH
    return Mail(
        to=reader.email,
        subject=told.subject,
        text=f"Hello,\n\n{told.words}\n\n{link}\n\n{AFTER}\n\nBloom Health\n",
        html=PAGE.format(words=escape(told.words), link=escape(link), after=AFTER),
        key=str(name),
    )
