"""The end of care reaches open sockets at once: the therapist is taken out of the conversation there, too."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import outbox
from shared.database.models.messaging import Conversation
from shared.events import CareEnded
from shared.redis import RedisAway, publish


def keep_word(db: Database, care_id: UUID, therapist_id: UUID, moment: datetime) -> CareEnded | None:
    """The event that takes the therapist out of the conversation on open sockets, where there is one."""
    conversation_id = db.scalar(select(Conversation.id).where(Conversation.care_relationship_id == care_id))
    if conversation_id is None:
        return None
    event = CareEnded(
        occurred_at=moment,
        care_relationship_id=care_id,
        conversation_id=conversation_id,
        therapist_id=therapist_id,
    )
    outbox.record(db, event)
    return event


def spread_word(event: CareEnded) -> None:
    """The relay learns it at once; where Redis is away, the outbox tells it later."""
    try:
        tell_relay(event)
    except RedisAway:
        return
    outbox.mark_delivered(event.id)


def tell_relay(event: CareEnded) -> None:
    """The relay learns it. Raises RedisAway."""
    publish(event.channel, event.tagged_json())
