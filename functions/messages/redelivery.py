"""What a request could not finish is finished here: the sweep of the outbox, and the events that come back from it."""

from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared import access, outbox
from shared.contract import Schema
from shared.database.transaction import transaction
from shared.events import MessageSent, RiskRaised
from shared.http.endpoint import Routes
from shared.http.schema import PushDelivery
from shared.messages import shown_message_of
from shared.outbox import PubSubAway
from shared.problems import Unavailable
from shared.redis import RedisAway, publish
from shared.roles import pubsub, scheduler

from .alerts import Care, publish_alert
from .analysis import analyse, care_of
from .risk_policy import explicit_risk

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
    """Tell sockets and score messages once more; what is still away comes again with a later sweep."""
    event = outbox.open_event(push.event_id)
    try:
        if isinstance(event, MessageSent):
            _redeliver(event)
        elif isinstance(event, RiskRaised):
            publish_alert(event)
    except RedisAway:
        assert event is not None
        outbox.put_back(event.id)


def _redeliver(event: MessageSent) -> None:
    publish(event.channel, event.model_dump_json())
    care = care_behind(event.conversation_id, event.sender_id)
    body = shown_message_of(event).body
    assert body is not None
    if care and care.agreed_to_analysis and analyse(event, body, care, explicit_risk(body), delivered=True) is None:
        outbox.put_back(event.id)


@transaction
def care_behind(db: Database, conversation_id: UUID, sender_id: UUID) -> Care | None:
    """The care that a patient's message belongs to; None for a therapist's."""
    pair = access.patient_of_message(db, conversation_id, sender_id)
    return care_of(db, *pair) if pair else None
