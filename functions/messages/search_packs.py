"""Search packs: the folded words of 128 messages in one sealed row, made hourly, so that a search opens few rows.

A pack can be missing at any time: the search then reads the messages themselves. So an edit or a deletion just removes
the pack of its block, and nothing depends on when packs are made.
"""

import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy import and_, delete, exists, func, or_, select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.contract import Schema
from shared.database.encryption import KeyRing, seal_bytes, unseal_bytes
from shared.database.models.accounts import User, UserStatus
from shared.database.models.messaging import Conversation, ConversationMember, Message, MessageSearchPack
from shared.database.transaction import expect_unique, transaction
from shared.http.endpoint import Routes
from shared.messages import open_body
from shared.roles import Role, scheduler
from shared.settings import settings

from .search_words import FORM, folded

routes = Routes()

BLOCK: Final = 128
"""Messages in a pack."""
CONVERSATIONS_A_LOOK: Final = 100


class PackRun(Schema):
    """How many packs one call makes at most."""

    blocks: Annotated[int, Field(ge=1, le=5000)] = 500


class Packed(Schema):
    """How many packs were made, and whether none is left to make."""

    packed: int
    complete: bool


class _PackedAtOnce(Exception):
    """Another call made the same pack at this moment; caught here."""


@routes.endpoint("POST /api/internal/messages/search-packs", allow=scheduler)
def pack_messages(run: PackRun) -> Packed:
    """Make the packs of blocks that are full and can no longer change, those of long ago among them."""
    settled, packed = now() - timedelta(minutes=settings().message_edit_minutes), 0
    for conversation_id, block in _wanting():
        if packed == run.blocks:
            return Packed(packed=packed, complete=False)
        packed += _pack(conversation_id, block, settled)
    return Packed(packed=packed, complete=True)


def block_of(seq: int) -> int:
    """Which block a message is in."""
    return (seq - 1) // BLOCK


def ends_of(block: int) -> tuple[int, int]:
    """The first and the last number of a block."""
    return block * BLOCK + 1, (block + 1) * BLOCK


def forget_pack(db: Database, conversation_id: UUID, seq: int) -> None:
    """A message is about to change: what was packed of its block no longer holds."""
    db.execute(
        delete(MessageSearchPack).where(
            MessageSearchPack.conversation_id == conversation_id, MessageSearchPack.block == block_of(seq)
        )
    )


def opened_pack(pack_id: UUID, sealed: bytes) -> Iterator[tuple[int, str]]:
    """The numbers of a pack's messages, and the folded words of each."""
    packed = zlib.decompress(unseal_bytes(KeyRing.MESSAGE, sealed, "message_search_pack", "words", pack_id)).decode()
    for line in packed.splitlines():
        seq, blank, words = line.partition(" ")
        yield int(seq), blank + words


def _sealed_pack(pack_id: UUID, words: Iterable[tuple[int, str]]) -> bytes:
    lines = "\n".join(f"{seq}{folded_words}" for seq, folded_words in words)
    packed = zlib.compress(lines.encode(), level=1)
    return seal_bytes(KeyRing.MESSAGE, packed, "message_search_pack", "words", pack_id)


def _wanting() -> Iterator[tuple[UUID, int]]:
    """Full blocks without a pack, conversation by conversation."""
    after: UUID | None = None
    while found := conversations_wanting(after):
        for conversation_id, last_seq in found:
            there = packs_of(conversation_id)
            yield from ((conversation_id, block) for block in range(last_seq // BLOCK) if block not in there)
        after = found[-1][0]


@transaction
def conversations_wanting(db: Database, after: UUID | None) -> list[tuple[UUID, int]]:
    """Some conversations with fewer packs than full blocks, by id; none that nobody reads, as its patient is erased or
    no person."""
    unread = exists().where(
        ConversationMember.conversation_id == Conversation.id,
        ConversationMember.user_id == User.id,
        User.role == Role.PATIENT,
        or_(User.status == UserStatus.ERASED, User.is_synthetic),
    )
    packs = and_(MessageSearchPack.conversation_id == Conversation.id, MessageSearchPack.form == FORM)
    query = (
        select(Conversation.id, Conversation.last_seq)
        .outerjoin(MessageSearchPack, packs)
        .where(Conversation.last_seq >= BLOCK, ~unread)
        .group_by(Conversation.id, Conversation.last_seq)
        .having((func.count(MessageSearchPack.id) + 1) * BLOCK <= Conversation.last_seq)
        .order_by(Conversation.id)
        .limit(CONVERSATIONS_A_LOOK)
    )
    if after is not None:
        query = query.where(Conversation.id > after)
    return list(db.execute(query).tuples())


@transaction
def packs_of(db: Database, conversation_id: UUID) -> set[int]:
    """The blocks that have a pack in today's form."""
    return packs_in(db, conversation_id)


def packs_in(db: Database, conversation_id: UUID, *blocks: int) -> set[int]:
    """As `packs_of`, in the caller's transaction; of these blocks alone where some are named."""
    query = select(MessageSearchPack.block).where(
        MessageSearchPack.conversation_id == conversation_id, MessageSearchPack.form == FORM
    )
    return set(db.scalars(query.where(MessageSearchPack.block.in_(blocks)) if blocks else query))


def _pack(conversation_id: UUID, block: int, settled: datetime) -> bool:
    try:
        return pack_block(conversation_id, block, settled)
    except _PackedAtOnce:
        return False


@transaction
def pack_block(db: Database, conversation_id: UUID, block: int, settled: datetime) -> bool:
    """Make the pack of a full block whose messages are all older than `settled`, unless there is one; whether it was
    made."""
    if block in packs_in(db, conversation_id, block):
        return False
    rows = db.execute(
        select(Message.id, Message.seq, Message.sent_at, Message.body)
        .where(Message.conversation_id == conversation_id, Message.seq.between(*ends_of(block)))
        .order_by(Message.seq)
    ).all()
    moments = [row.sent_at for row in rows]
    if max(moments) > settled:
        return False
    words = [(row.seq, folded(open_body(row.id, row.body))) for row in rows if row.body is not None]
    forget_pack(db, conversation_id, block * BLOCK + 1)
    pack = MessageSearchPack(
        id=uuid4(),
        conversation_id=conversation_id,
        block=block,
        form=FORM,
        oldest_at=min(moments),
        newest_at=max(moments),
    )
    pack.words = _sealed_pack(pack.id, words)
    with expect_unique(db, "uq_message_search_pack_conversation_id_block", _PackedAtOnce):
        db.add(pack)
    return True
