"""POST /api/internal/appointments/events: what follows from a change, done at least once, however often it is told."""

from collections.abc import Callable
from typing import Any, Final

from shared import outbox
from shared.care_end import tell_relay
from shared.events import (
    AppointmentChanged,
    CareEnded,
    Event,
    MeetingWanted,
    ReminderDue,
    SeriesBooked,
    TimeFreed,
    TimeOffered,
    ZoomNoticed,
)
from shared.http.endpoint import Routes
from shared.http.schema import PushDelivery
from shared.mail import MailAway
from shared.problems import Unavailable
from shared.redis import RedisAway
from shared.roles import pubsub

from . import mails, meetings, offers, zoom_notices

routes = Routes()


def offer_and_tell(changed: AppointmentChanged) -> None:
    """The time that was given up goes to who waits for it, also while mail is away; its people are told in any case."""
    try:
        offers.after_change(changed)
    finally:
        mails.tell_change(changed)


FOLLOWED_BY: Final[dict[type[Event], Callable[[Any], None]]] = {
    CareEnded: tell_relay,
    MeetingWanted: meetings.follow,
    AppointmentChanged: offer_and_tell,
    TimeFreed: offers.after_freeing,
    SeriesBooked: mails.tell_series,
    TimeOffered: mails.tell_offer,
    ReminderDue: mails.remind,
    ZoomNoticed: zoom_notices.follow,
}
"""What each event causes; each may run again, and raises where a part is away."""


@routes.endpoint("POST /api/internal/appointments/events", allow=pubsub)
def consume_event(push: PushDelivery) -> None:
    """Do what an event causes; where a part that it needs is away, it comes again with a later sweep."""
    event = outbox.open_event(push.event_id)
    follow = FOLLOWED_BY.get(type(event)) if event else None
    if event is None or follow is None:
        return
    try:
        follow(event)
    except (MailAway, RedisAway, Unavailable):
        outbox.put_back(event.id)
