"""What a request could not finish is finished here: the sweep of the outbox, and the events that come back from it."""

from sqlalchemy.orm import Session as Database

from shared import access, outbox
from shared.contract import Schema
from shared.database.transaction import transaction
from shared.events import (
    MessageDeleted,
    MessageSent,
    MessageUpdated,
    MessageWritten,
    RiskAlertChanged,
    RiskRaised,
    UnreadWaiting,
)
from shared.http.endpoint import Routes
from shared.http.schema import PushDelivery
from shared.mail import MailAway
from shared.messages import body_of
from shared.outbox import PubSubAway
from shared.problems import Unavailable
from shared.redis import RedisAway
from shared.roles import pubsub, scheduler

from .alerts import Care
from .alerts_mails import follow_alert
from .analysis import analyse, care_of, is_scored
from .messages import deliver, tell
from .risk_policy import explicit_risk
from .unread_mails import mail_unread
from .versions import is_version_of

routes = Routes()


class Swept(Schema):
    """How many events were left behind and are handed over now."""

    handed_over: int


@routes.endpoint("POST /api/internal/outbox/sweep", allow=scheduler)
def sweep_outbox() -> Swept:
    """Hand every event that was left behind to Pub/Sub."""
    try:
        return Swept(handed_over=outbox.sweep())
    except PubSubAway:
        raise Unavailable(retry_after=5) from None


@routes.endpoint("POST /api/internal/messages/events", allow=pubsub)
def consume_event(push: PushDelivery) -> None:
    """Tell sockets, score messages and send mails once more; what is still away comes again with a later sweep."""
    event = outbox.open_event(push.event_id)
    try:
        if isinstance(event, MessageSent | MessageUpdated):
            _redeliver(event)
        elif isinstance(event, MessageDeleted):
            tell(event)
        elif isinstance(event, UnreadWaiting):
            mail_unread(event)
        elif isinstance(event, RiskRaised | RiskAlertChanged):
            follow_alert(event)
    except (RedisAway, MailAway):
        assert event is not None
        outbox.put_back(event.id)


def _redeliver(event: MessageSent | MessageUpdated) -> None:
    """What was edited or deleted meanwhile is told by that event; it is scored all the same as it was written.

    Sockets and model are each tried whether or not the other is away: what worries in a message does not wait for
    Redis.
    """
    care, stands = behind(event)
    told = not stands or deliver(event)
    if not (_scored(event, care) and told):
        outbox.put_back(event.id)


def _scored(event: MessageSent | MessageUpdated, care: Care | None) -> bool:
    """Whether nothing is left to score."""
    if care is None or not care.agreed_to_analysis:
        return True
    body = body_of(event)
    return analyse(event, body, care, explicit_risk(body), delivered=True) is not None


@transaction
def behind(db: Database, event: MessageWritten) -> tuple[Care | None, bool]:
    """The care that a patient's message belongs to, None for a therapist's and for one that is scored by now; and
    whether it still says the same."""
    pair = access.patient_of_message(db, event.conversation_id, event.sender_id)
    stands = is_version_of(db, event.message_id, event.version)
    return care_of(db, *pair) if pair and not is_scored(db, event) else None, stands
