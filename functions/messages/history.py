"""GET /api/messages: what was written, in order and without a gap, with the analyses for those who may see them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.orm import Session as Database

from shared import access
from shared.access import Membership
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.transaction import transaction
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.messages import (
    ShownAnalysis,
    ShownMessage,
    analyses_of,
    changes_after,
    messages_after,
    messages_before,
)
from shared.problems import FieldFault, Unprocessable
from shared.roles import Role, patients_and_therapists
from shared.session import Caller

routes = Routes()

Seq = Annotated[int, Field(ge=0, le=2**62)]


class HistoryQuery(Schema):
    """Which part: what follows `afterSeq`, or what precedes `beforeSeq`, or what was changed after `afterRevision`, or
    the latest. Whoever was away asks for what follows the last `seq`, and for what changed after the last revision."""

    conversation_id: UUID
    after_seq: Seq | None = None
    before_seq: Seq | None = None
    after_revision: Seq | None = None
    limit: PageSize = 50


class HistoryItem(ShownMessage):
    """A message; for its patient's therapist with the analysis, once there is one."""

    analysis: ShownAnalysis | None = None


class History(Schema):
    """A page, oldest first; of changes the order is that of their revisions.

    `nextCursor` continues in the direction asked: give it as the same parameter. `lastSeq` and `lastRevision` are where
    the conversation stands: what the next catch-up begins with.
    """

    items: list[HistoryItem]
    next_cursor: str | None
    last_seq: int
    last_revision: int


@routes.endpoint("GET /api/messages", allow=patients_and_therapists, limit=Limit("read-messages", 120, per=60))
def read_messages(caller: Caller, query: HistoryQuery) -> History:
    """A page of a conversation."""
    places = {"?afterSeq": query.after_seq, "?beforeSeq": query.before_seq, "?afterRevision": query.after_revision}
    given = [name for name, place in places.items() if place is not None]
    if len(given) > 1:
        raise Unprocessable(errors=[FieldFault(given[-1], f"cannot be combined with {given[0].removeprefix('?')}")])
    return page_of(caller, query)


@transaction
def page_of(db: Database, caller: Caller, query: HistoryQuery) -> History:
    """Check, read, and leave the audit entry."""
    membership = access.conversation(db, caller, query.conversation_id, action=Action.MESSAGES_READ)
    found = _part(db, membership, query)
    analyses = analyses_of(db, found) if caller.role is Role.THERAPIST else {}
    return History(
        items=[HistoryItem(**dict(message), analysis=analyses.get(message.id)) for message in found],
        next_cursor=_next(found, membership, query),
        last_seq=membership.last_seq,
        last_revision=membership.last_revision,
    )


def _part(db: Database, membership: Membership, query: HistoryQuery) -> list[ShownMessage]:
    conversation_id = membership.conversation_id
    if query.after_seq is not None:
        return messages_after(db, conversation_id, query.after_seq, query.limit)
    if query.after_revision is not None:
        return changes_after(db, conversation_id, query.after_revision, query.limit)
    before = membership.last_seq + 1 if query.before_seq is None else query.before_seq
    return messages_before(db, conversation_id, before, query.limit)


def _next(found: list[ShownMessage], membership: Membership, query: HistoryQuery) -> str | None:
    if not found:
        return None
    if query.after_seq is not None:
        return str(found[-1].seq) if found[-1].seq < membership.last_seq else None
    if query.after_revision is not None:
        return str(found[-1].revision) if found[-1].revision != membership.last_revision else None
    return str(found[0].seq) if found[0].seq > 1 else None
