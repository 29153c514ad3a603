"""What a mail about appointments says to one of their people, in that reader's language and by their clock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from shared.database.models.scheduling import Appointment, CancelReason
from shared.mail import CalendarFile
from shared.mailing import Recipient

from .calendar_entries import calendar_of, path_of
from .calendar_file import Method
from .mail_languages import words_for
from .mail_layout import Content
from .mail_times import Clock
from .mail_words import Cause, Letter

CONNECT_ZOOM: Final = "/settings/security"
_CAUSES: Final = {
    CancelReason.PATIENT_REQUEST: Cause.REQUESTED,
    CancelReason.THERAPIST_UNAVAILABLE: Cause.CAME_UP,
    CancelReason.ILLNESS: Cause.CAME_UP,
    CancelReason.TECHNICAL: Cause.TECHNICAL,
    CancelReason.CARE_ENDED: Cause.CONNECTION_ENDED,
    CancelReason.ACCOUNT_CLOSED: Cause.OTHER_ACCOUNT,
    CancelReason.OTHER: Cause.CAME_UP,
}
_FOR_GOOD: Final = frozenset({CancelReason.CARE_ENDED, CancelReason.ACCOUNT_CLOSED})
"""After these there is no other time to choose."""


def clock_of(reader: Recipient) -> Clock:
    """By which the reader is shown times."""
    return Clock(reader.time_zone, reader.language)


def booked(found: Appointment, reader: Recipient) -> Content:
    """That it is booked, with an invitation for the reader's calendar."""
    letter = Letter.CONFIRMED if reader.user_id == found.patient_id else Letter.NEW
    return _about(letter, found, reader, Method.REQUEST)


def rescheduled(found: Appointment, reader: Recipient) -> Content:
    """That it has another time, which the reader's calendar learns as well."""
    return _about(Letter.RESCHEDULED, found, reader, Method.REQUEST)


def cancelled(found: Appointment, reader: Recipient) -> Content:
    """That it was called off, and a standard word why: what led to it is nobody's mail's matter."""
    words, reason = words_for(reader.language), found.cancel_reason or CancelReason.OTHER
    sentences = [words.causes[cause_of(found, reader)]]
    if reader.user_id == found.patient_id and reason not in _FOR_GOOD:
        sentences.append(words.another_time)
    return _about(Letter.CANCELLED, found, reader, Method.CANCEL, *sentences)


def cause_of(found: Appointment, reader: Recipient) -> Cause:
    """Why it was called off, as its reader is told; an illness, of whomever, is something that came up."""
    own, reason = found.cancelled_by == reader.user_id, found.cancel_reason or CancelReason.OTHER
    if own and reason is CancelReason.ACCOUNT_CLOSED:
        return Cause.OWN_ACCOUNT
    if own and reason is not CancelReason.CARE_ENDED:
        return Cause.OWN_WISH
    return _CAUSES[reason]


def reminder(found: Appointment, reader: Recipient) -> Content:
    """That it is near."""
    return _about(Letter.REMINDER, found, reader)


def without_video(found: Appointment, reader: Recipient) -> Content:
    """That a therapist has to connect Zoom before it can be held by video."""
    text = words_for(reader.language).letters[Letter.WITHOUT_VIDEO]
    return Content(text, CONNECT_ZOOM, (clock_of(reader).span(found.start_at, found.end_at),))


def series(ahead: Sequence[Appointment], reader: Recipient) -> Content:
    """That several were booked at once, with a file of them all, the first of them first."""
    letter = Letter.SERIES_CONFIRMED if reader.user_id == ahead[0].patient_id else Letter.SERIES_NEW
    clock = clock_of(reader)
    return Content(
        words_for(reader.language).letters[letter],
        path_of(ahead[0].id),
        tuple(clock.span(found.start_at, found.end_at) for found in ahead),
        calendar=_file(Method.PUBLISH, ahead, reader),
    )


def offered(found: Appointment, until: datetime, reader: Recipient) -> Content:
    """That a time is kept for the reader alone, and until when."""
    words, clock = words_for(reader.language), clock_of(reader)
    deadline = words.offered_until.format(until=clock.moment(until))
    times = (clock.span(found.start_at, found.end_at),)
    return Content(words.letters[Letter.OFFERED], path_of(found.id), times, (deadline,))


def _about(
    letter: Letter, found: Appointment, reader: Recipient, method: Method | None = None, *sentences: str
) -> Content:
    return Content(
        words_for(reader.language).letters[letter],
        path_of(found.id),
        (clock_of(reader).span(found.start_at, found.end_at),),
        sentences,
        calendar=_file(method, [found], reader) if method else None,
        chosen=letter is Letter.REMINDER,
    )


def _file(method: Method, appointments: Sequence[Appointment], reader: Recipient) -> CalendarFile:
    return CalendarFile(calendar_of(method, appointments, reader.email, clock_of(reader)), method.value)
