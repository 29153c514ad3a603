"""Where a search looks: blocks of the conversations, the newest first, each as its pack or as its messages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, and_, false, or_, select, tuple_
from sqlalchemy.orm import Session as Database

from shared.access import Membership
from shared.database.models.messaging import Message, MessageSearchPack
from shared.database.transaction import look_up
from shared.messages import open_body

from .search_packs import block_of, ends_of, opened_pack
from .search_words import FORM, folded, is_found

# Within a block the times of messages rise but for the difference between the clocks of two instances.
CLOCKS_DIFFER: Final = timedelta(minutes=1)
# A statement has at most 32,767 parameters; as long as nothing is packed, many years have more blocks than that.
ENDS_AT_A_TIME: Final = 8_000


@dataclass(frozen=True)
class Block:
    """A stretch of a conversation; every message in it was sent from `oldest_at` to `newest_at`."""

    conversation_id: UUID
    number: int
    oldest_at: datetime
    newest_at: datetime
    pack_id: UUID | None
    """Where its words are packed."""


@dataclass(frozen=True, order=True)
class Hit:
    """A message that has what was looked for, in the order of time."""

    sent_at: datetime
    message_id: UUID


def blocks_of(db: Database, memberships: Sequence[Membership]) -> list[Block]:
    """Every block of conversations that the caller was let into, the newest first."""
    packed = _packed(db, memberships)
    there = {(block.conversation_id, block.number) for block in packed}
    loose = [
        (membership.conversation_id, number, min(ends_of(number)[1], membership.last_seq))
        for membership in memberships
        for number in range(block_of(membership.last_seq) + 1)
        if (membership.conversation_id, number) not in there
    ]
    return sorted([*packed, *_loose(db, loose)], key=lambda block: block.newest_at, reverse=True)


def hits_in(blocks: Sequence[Block], terms: tuple[str, ...]) -> list[Hit]:
    """The messages of these blocks that have all that is looked for, as they are at this moment."""
    packed = [block.pack_id for block in blocks if block.pack_id]
    packs = look_up(
        select(MessageSearchPack.id, MessageSearchPack.conversation_id, MessageSearchPack.words).where(
            MessageSearchPack.id.in_(packed)
        ),
        {},
    )
    places = [
        (pack.conversation_id, seq)
        for pack in packs
        for seq, words in opened_pack(pack.id, pack.words)
        if is_found(terms, words)
    ]
    opened = {pack.id for pack in packs}
    # A pack that went since was taken away by an edit.
    loose = [block for block in blocks if block.pack_id not in opened]
    return _found(_at(places), terms) + _found(_within(loose), terms)


def _packed(db: Database, memberships: Sequence[Membership]) -> list[Block]:
    pack = MessageSearchPack
    rows = db.execute(
        select(pack.conversation_id, pack.block, pack.oldest_at, pack.newest_at, pack.id).where(
            pack.conversation_id.in_([membership.conversation_id for membership in memberships]), pack.form == FORM
        )
    )
    return [Block(*row) for row in rows]


def _loose(db: Database, blocks: Sequence[tuple[UUID, int, int]]) -> list[Block]:
    """Blocks by conversation, number and last message, with the times of their first and last message."""
    ends = [(conversation_id, seq) for conversation_id, number, last in blocks for seq in (ends_of(number)[0], last)]
    times = select(Message.conversation_id, Message.seq, Message.sent_at)
    sent = {
        (row.conversation_id, row.seq): row.sent_at
        for start in range(0, len(ends), ENDS_AT_A_TIME)
        for row in db.execute(
            times.where(tuple_(Message.conversation_id, Message.seq).in_(ends[start : start + ENDS_AT_A_TIME]))
        )
    }
    return [
        Block(
            conversation_id,
            number,
            sent[conversation_id, ends_of(number)[0]] - CLOCKS_DIFFER,
            sent[conversation_id, last] + CLOCKS_DIFFER,
            None,
        )
        for conversation_id, number, last in blocks
    ]


_COLUMNS: Final = (Message.id, Message.sent_at, Message.body)


def _at(places: Sequence[tuple[UUID, int]]) -> Sequence[Row[Any]]:
    if not places:
        return ()
    return look_up(select(*_COLUMNS).where(tuple_(Message.conversation_id, Message.seq).in_(places)), {})


def _within(blocks: Sequence[Block]) -> Sequence[Row[Any]]:
    if not blocks:
        return ()
    stretches = [
        and_(Message.conversation_id == block.conversation_id, Message.seq.between(*ends_of(block.number)))
        for block in blocks
    ]
    return look_up(select(*_COLUMNS).where(or_(false(), *stretches)), {})


def _found(rows: Iterable[Row[Any]], terms: tuple[str, ...]) -> list[Hit]:
    """Those that say it at this moment: what was packed may have been edited since."""
    return [
        Hit(row.sent_at, row.id)
        for row in rows
        if row.body is not None and is_found(terms, folded(open_body(row.id, row.body)))
    ]
