"""POST /api/messages/search: what was said in one's own conversations, found by its words, which are kept nowhere."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import access
from shared.audit_actions import Action
from shared.contract import Schema, UtcTime
from shared.database.models.messaging import Message
from shared.database.transaction import transaction
from shared.http import cursor
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.messages import ShownMessage, shown_messages
from shared.problems import FieldFault, Unprocessable
from shared.roles import patients_and_therapists
from shared.session import Caller
from shared.settings import settings

from .search_blocks import Block, Hit, blocks_of, hits_in
from .search_words import terms_of

routes = Routes()

CONVERSATIONS: Final = 200
"""In how many conversations one search looks at most, those with the latest messages."""
FIRST_BLOCKS: Final = 2
MOST_BLOCKS: Final = 32
"""Blocks that are looked into at a time: few at first, since what is common is found in them."""
LAST_ID: Final = UUID(int=2**128 - 1)


class Search(Schema):
    """Words, all of which have to be in a message: each as the beginning of a word, or `"in quotation marks"` as whole
    words one after the other. Case, accents and apostrophes make no difference."""

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    conversation_id: UUID | None = None
    """Where to look; in all of the caller's conversations where none is named."""
    limit: Annotated[int, Field(ge=1, le=50)] = 20
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


class Results(Schema):
    """A page, the latest message first.

    A search that takes long answers with what it has: `searchedBackTo` then says how far back it looked, the page may
    be empty, and `nextCursor` goes on from there.
    """

    items: list[ShownMessage]
    next_cursor: str | None
    searched_back_to: UtcTime | None


@dataclass(frozen=True)
class Found:
    """What a search came to, the latest first."""

    hits: list[Hit]
    next: Hit | None
    """The place that the next page comes after."""
    searched_back_to: datetime | None


@routes.endpoint("POST /api/messages/search", allow=patients_and_therapists, limit=Limit("search", 30, per=60))
def search_messages(caller: Caller, search: Search) -> Results:
    """Look for messages by their words."""
    terms = terms_of(search.query)
    if not terms:
        raise Unprocessable(errors=[FieldFault("/query", "has no word to look for")])
    before = _place(search.cursor) if search.cursor else None
    blocks = let_in(caller, search.conversation_id)
    found = find(_still_to_search(blocks, before), terms, before, search.limit)
    return Results(
        items=show(found.hits),
        next_cursor=cursor.encode(found.next.sent_at.isoformat(), str(found.next.message_id)) if found.next else None,
        searched_back_to=found.searched_back_to,
    )


@transaction
def let_in(db: Database, caller: Caller, conversation_id: UUID | None) -> list[Block]:
    """Check, leave an audit entry for each conversation, never one of the words, and see where there is to look."""
    action = Action.MESSAGES_SEARCHED
    if conversation_id is not None:
        return blocks_of(db, [access.conversation(db, caller, conversation_id, action=action)])
    return blocks_of(db, access.conversations(db, caller, action=action, before=None, limit=CONVERSATIONS))


def find(blocks: Sequence[Block], terms: tuple[str, ...], before: Hit | None, limit: int) -> Found:
    """Look into block after block until the page is full, nothing is left, or the time is over."""
    ends, hits, looked_into, size = time.perf_counter() + _budget(), [], 0, FIRST_BLOCKS
    while looked_into < len(blocks):
        some = blocks[looked_into : looked_into + size]
        looked_into, size = looked_into + len(some), min(2 * size, MOST_BLOCKS)
        hits += [hit for hit in hits_in(some, terms) if before is None or hit < before]
        if looked_into == len(blocks):
            break
        edge = blocks[looked_into].newest_at
        certain = [hit for hit in hits if hit.sent_at > edge]
        if len(certain) > limit:
            return _page(certain, limit)
        # At least one block more than the page before, whatever the clock says: its place has to move on.
        if time.perf_counter() >= ends and (before is None or edge < before.sent_at):
            return Found(sorted(certain, reverse=True), Hit(edge, LAST_ID), edge)
    return _page(hits, limit)


@transaction
def show(db: Database, hits: list[Hit]) -> list[ShownMessage]:
    """The messages, of conversations that the caller was let into, but for those that were deleted since."""
    ids = [hit.message_id for hit in hits]
    rows = db.scalars(select(Message).where(Message.id.in_(ids), Message.deleted_at.is_(None)))
    shown = {message.id: message for message in shown_messages(db, rows)}
    return [shown[message_id] for message_id in ids if message_id in shown]


def _page(hits: list[Hit], limit: int) -> Found:
    page = sorted(hits, reverse=True)[:limit]
    return Found(page, page[-1] if len(hits) > limit else None, None)


def _still_to_search(blocks: list[Block], before: Hit | None) -> list[Block]:
    return [block for block in blocks if before is None or block.oldest_at <= before.sent_at]


def _budget() -> float:
    return settings().search_budget_ms / 1000


def _place(given: str) -> Hit:
    try:
        moment, message_id = cursor.decode(given, 2)
        return Hit(datetime.fromisoformat(moment).astimezone(UTC), UUID(message_id))
    except (TypeError, ValueError, AttributeError, OverflowError, Unprocessable):
        raise Unprocessable(errors=[FieldFault("/cursor", "is not one that we gave")]) from None
