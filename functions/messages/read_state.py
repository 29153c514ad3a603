"""POST /api/messages/read: how far somebody has read, for their own devices and, where they let know, the other one."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.transaction import transaction
from shared.events import ReadAdvanced
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.read_state import advance_read
from shared.redis import RedisAway, publish
from shared.roles import patients_and_therapists
from shared.session import Caller

from .unread import unread_counts

routes = Routes()


class Read(Schema):
    """The last message that was read."""

    conversation_id: UUID
    seq: Annotated[int, Field(ge=1, le=2**62)]


class ShownReadState(Schema):
    """Where the caller stands in the conversation now."""

    conversation_id: UUID
    last_read_seq: int
    unread_count: int


@routes.endpoint("POST /api/messages/read", allow=patients_and_therapists, limit=Limit("mark-read", 120, per=60))
def mark_read(caller: Caller, read: Read) -> ShownReadState:
    """Say how far the caller has read; it never goes back."""
    shown, event = advanced(caller, read)
    if event:
        _tell(event)
    return shown


@transaction(tries=8)
def advanced(db: Database, caller: Caller, read: Read) -> tuple[ShownReadState, ReadAdvanced | None]:
    """Keep it, and count what is left."""
    state = advance_read(db, caller, read.conversation_id, read.seq)
    unread = unread_counts(db, caller, [read.conversation_id]).get(read.conversation_id, 0)
    shown = ShownReadState(conversation_id=read.conversation_id, last_read_seq=state.last_read_seq, unread_count=unread)
    return shown, state.event


def _tell(event: ReadAdvanced) -> None:
    try:
        publish(event.channel, event.tagged_json())
    except RedisAway:
        return  # the next look at the conversation shows it
