"""The people of an appointment are told by mail what became of it: once for each version, and never what is stale.

An event may be delivered again, late, by several at once, or after one that happened later. What a mail says is read
when it is sent, under the mail's own claim, and it is sent only if the event's version is still the appointment's:

- where a newer version is there, the older event says nothing; the newer one's own event tells what is now. So of two
  moves in a row the last one is told, and what was called off before it was told invites nobody any more;
- what is booked or moved is told before it begins and not after, a reminder only around its time;
- a mail waits until one about an earlier version that somebody is just handing to the mail server is gone. So what was
  still true when it was being sent comes before what has changed since.

`version` rises with what people are told of, and with nothing else while an appointment stands and is ahead.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from shared.clock import now
from shared.database.models.scheduling import Appointment, AppointmentStatus, Reminder, ZoomStatus
from shared.events import AppointmentChange, AppointmentChanged, ReminderDue, SeriesBooked, TimeOffered
from shared.mail import Mail, MailAway
from shared.mailing import Recipient, mail_id, send_once
from shared.preferences import Notifications

from . import mail_contents, told_appointments
from .mail_languages import words_for
from .mail_layout import Content, composed
from .mail_names import OFFERED, SERIES, name_of, require_earlier_gone, topic
from .reminders import TIMINGS
from .told_appointments import is_ahead

Saying = Callable[[Recipient], Content | None]
"""What a reader is to be told now; None where there is nothing to tell any more. May raise MailAway."""


def tell_change(event: AppointmentChanged) -> None:
    """Tell both people what became of an appointment; its therapist alone, that there is no video."""
    found = told_appointments.as_it_is(event.appointment_id)
    if found is None:
        return
    alone = event.change is AppointmentChange.VIDEO_UNAVAILABLE
    readers = (found.therapist_id,) if alone else (found.patient_id, found.therapist_id)
    subject = topic(found.id, event.change, event.version)
    _tell(subject, readers, f"appointment-{event.change}", partial(_change, event))


def tell_series(event: SeriesBooked) -> None:
    """Tell both people of all its times at once, as they are by now."""
    readers = told_appointments.people_of_series(event.series_id)
    if readers is not None:
        _tell(topic(event.series_id, SERIES), readers, event.type, partial(_series, event))


def tell_offer(event: TimeOffered) -> None:
    """Tell who waited that a time is kept for them, while it is."""
    offer = told_appointments.open_offer(event.waitlist_entry_id, event.appointment_id)
    if offer is not None:
        subject = topic(event.appointment_id, f"{OFFERED}/{event.waitlist_entry_id}")
        _tell(subject, (offer[0].patient_id,), event.type, partial(_offer, event))


def remind(event: ReminderDue) -> None:
    """Remind one person of an appointment, unless they do not want it."""
    subject = topic(event.appointment_id, event.reminder, event.version)
    _tell(subject, (event.user_id,), f"reminder-{event.reminder}", partial(_reminder, event))


def _tell(subject: UUID, readers: Iterable[UUID], kind: str, saying: Saying) -> None:
    """Once to each. One whose mail does not leave holds up no other; raises MailAway where there is one."""
    away = None
    for reader_id in readers:
        try:
            send_once(mail_id(subject, reader_id), reader_id, kind, partial(_mail, subject, saying))
        except MailAway as error:
            away = error
    if away is not None:
        raise away


def _mail(subject: UUID, saying: Saying, reader: Recipient) -> Mail | None:
    content = saying(reader)
    if content is None:
        return None
    return composed(content, words_for(reader.language), reader, name_of(subject, reader.user_id))


def _change(event: AppointmentChanged, reader: Recipient) -> Content | None:
    found = told_appointments.as_it_is(event.appointment_id)
    if found is None or not _is_to_be_told(event, found):
        return None
    require_earlier_gone(found, reader.user_id)
    return _SAID[event.change](found, reader)


_SAID: Final[dict[AppointmentChange, Callable[[Appointment, Recipient], Content]]] = {
    AppointmentChange.BOOKED: mail_contents.booked,
    AppointmentChange.RESCHEDULED: mail_contents.rescheduled,
    AppointmentChange.CANCELLED: mail_contents.cancelled,
    AppointmentChange.VIDEO_UNAVAILABLE: mail_contents.without_video,
}


def _is_to_be_told(event: AppointmentChanged, found: Appointment) -> bool:
    if event.change is AppointmentChange.VIDEO_UNAVAILABLE:  # whichever version it is by now, if it is still so
        return is_ahead(found) and found.zoom_status is ZoomStatus.FAILED
    if found.version != event.version:
        return False
    if event.change is AppointmentChange.CANCELLED:
        return found.status is AppointmentStatus.CANCELLED
    return is_ahead(found)


def _series(event: SeriesBooked, reader: Recipient) -> Content | None:
    ahead = told_appointments.ahead_in_series(event.series_id)
    return mail_contents.series(ahead, reader) if ahead else None


def _offer(event: TimeOffered, reader: Recipient) -> Content | None:
    offer = told_appointments.open_offer(event.waitlist_entry_id, event.appointment_id)
    if offer is None:
        return None
    entry, found = offer
    assert entry.offer_expires_at is not None
    return mail_contents.offered(found, entry.offer_expires_at, reader)


def _reminder(event: ReminderDue, reader: Recipient) -> Content | None:
    found = told_appointments.as_it_is(event.appointment_id)
    kind = Reminder(event.reminder)
    if found is None or found.version != event.version or not _is_timely(found, kind, now()):
        return None
    if not _is_wanted(reader.preferences.notifications, kind):
        return None
    require_earlier_gone(found, reader.user_id)
    return mail_contents.reminder(found, reader)


def _is_timely(found: Appointment, kind: Reminder, moment: datetime) -> bool:
    return is_ahead(found) and TIMINGS[kind].is_timely(found.start_at, moment)


def _is_wanted(chosen: Notifications, kind: Reminder) -> bool:
    return chosen.email_day_before if kind is Reminder.DAY_BEFORE else chosen.email_hour_before
