"""What each mail about an appointment is called for ever, and which ones have to be gone before it goes.

A mail's name is made of the appointment, its version, what is told, and the reader: whoever delivers an event again
finds the same name. Mails about one appointment leave in the order of its versions, so that no invitation that was
being sent arrives after the cancellation.
"""

from collections.abc import Iterator
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.delivery import EmailDelivery
from shared.database.models.scheduling import Appointment, Reminder
from shared.database.transaction import transaction
from shared.events import AppointmentChange
from shared.mail import MailAway
from shared.mailing import mail_id

SERIES: Final = "series-booked"
OFFERED: Final = "time-offered"
VERSIONS_BEFORE: Final = 10
"""Mails of even older versions are long gone: each is sent or given up within a minute of being begun."""


def topic(about: UUID, what: str, version: int = 1) -> UUID:
    """What a mail is about, whoever reads it."""
    return uuid5(about, f"{version}/{what}")


def name_of(subject: UUID, reader_id: UUID) -> str:
    """The name of a topic's mail to a reader, as the mail itself carries it."""
    return str(mail_id(subject, reader_id))


@transaction
def require_earlier_gone(db: Database, found: Appointment, reader_id: UUID) -> None:
    """Before the mail about this version: raises MailAway while somebody sends this reader one about an earlier."""
    names = [mail_id(earlier, reader_id) for earlier in _earlier(found)]
    being_sent = exists().where(
        EmailDelivery.event_id.in_(names), EmailDelivery.sent_at.is_(None), EmailDelivery.claimed_until > now()
    )
    if names and db.scalar(select(being_sent)):
        raise MailAway("an earlier mail is on its way")


def _earlier(found: Appointment) -> Iterator[UUID]:
    told = (*AppointmentChange, *Reminder)
    for version in range(max(1, found.version - VERSIONS_BEFORE), found.version):
        yield from (topic(found.id, what, version) for what in told)
    if found.series_id is not None:
        yield topic(found.series_id, SERIES)
