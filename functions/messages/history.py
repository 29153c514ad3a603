"""GET /api/messages: what was written, in order and without a gap, with the analyses for those who may see them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.orm import Session as Database

from shared import access
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.transaction import transaction
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.messages import ShownAnalysis, ShownMessage, analyses_of, messages_after, messages_before
from shared.problems import FieldFault, Unprocessable
from shared.roles import Role, patients_and_therapists
from shared.session import Caller

routes = Routes()

Seq = Annotated[int, Field(ge=0, le=2**62)]


class HistoryQuery(Schema):
    """Which part: what follows `afterSeq`, or what precedes `beforeSeq`, or the latest."""

    conversation_id: UUID
    after_seq: Seq | None = None
    before_seq: Seq | None = None
    limit: PageSize = 50


class HistoryItem(ShownMessage):
    """A message; for its patient's therapist with the analysis, once there is one."""

    analysis: ShownAnalysis | None = None


class History(Schema):
    """A page, oldest first. `nextCursor` continues in the direction asked: give it as the same parameter."""

    items: list[HistoryItem]
    next_cursor: str | None
    last_seq: int


@routes.endpoint("GET /api/messages", allow=patients_and_therapists, limit=Limit("read-messages", 120, per=60))
def read_messages(caller: Caller, query: HistoryQuery) -> History:
    """A page of a conversation."""
    if query.after_seq is not None and query.before_seq is not None:
        raise Unprocessable(errors=[FieldFault("?beforeSeq", "cannot be combined with afterSeq")])
    return page_of(caller, query)


@transaction
def page_of(db: Database, caller: Caller, query: HistoryQuery) -> History:
    """Check, read, and leave the audit entry."""
    membership = access.conversation(db, caller, query.conversation_id, action=Action.MESSAGES_READ)
    forward = query.after_seq is not None
    if query.after_seq is not None:
        found = messages_after(db, query.conversation_id, query.after_seq, query.limit)
    else:
        before = membership.last_seq + 1 if query.before_seq is None else query.before_seq
        found = messages_before(db, query.conversation_id, before, query.limit)
    analyses = analyses_of(db, found) if caller.role is Role.THERAPIST else {}
    items = [HistoryItem(**dict(message), analysis=analyses.get(message.id)) for message in found]
    return History(items=items, next_cursor=_next(found, forward, membership.last_seq), last_seq=membership.last_seq)


def _next(found: list[ShownMessage], forward: bool, last_seq: int) -> str | None:
    if not found:
        return None
    if forward:
        return str(found[-1].seq) if found[-1].seq < last_seq else None
    return str(found[0].seq) if found[0].seq > 1 else None
