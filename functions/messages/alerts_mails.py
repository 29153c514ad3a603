"""Mails about alerts: that there is something to look at after signing in, and nothing of what or whose it is."""

from collections.abc import Callable
from html import escape
from typing import Final
from uuid import UUID

from shared.events import RiskAlertChanged, RiskRaised
from shared.mail import Mail, MailAway
from shared.mailing import Recipient, mail_id, send_once
from shared.redis import RedisAway
from shared.settings import settings

from .alerts import AlertEvent, publish_alert
from .mail_words import mails_for
from .probe import note_arrival

PATH: Final = "/alerts"
PAGE: Final = """<!doctype html><html lang="{language}">
<body style="font-family:sans-serif;color:#23312d;max-width:34rem">
<p>{hello}</p><p>{words}</p><p><a href="{link}" style="background:#2f6f5e;color:#fff;padding:.7rem 1.2rem;\
border-radius:.5rem;text-decoration:none">{sign_in}</a></p><p style="color:#5d6f69">{after}</p><p>Bloom Health</p>\
</body></html>"""


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
    return lambda: send_once(name, reader_id, event.type, lambda reader: _composed(event, reader, name))


def _composed(event: AlertEvent, reader: Recipient, name: UUID) -> Mail | None:
    if not reader.preferences.alerts.email_risk_alerts:
        return None
    mails, link = mails_for(reader.language), settings().base_url + PATH
    words = mails.alerts
    told = words.notices[event.notice] if isinstance(event, RiskAlertChanged) else words.waiting
    return Mail(
        to=reader.email,
        subject=told.subject,
        text=f"{words.hello}\n\n{told.words}\n\n{link}\n\n{words.after}\n\nBloom Health\n",
        html=PAGE.format(
            language=mails.language,
            hello=escape(words.hello),
            words=escape(told.words),
            link=escape(link),
            sign_in=escape(words.sign_in),
            after=escape(words.after),
        ),
        key=str(name),
    )
