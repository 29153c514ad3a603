"""How much of each conversation somebody has not read: what others wrote after their place, deleted messages aside."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared.database.models.messaging import ConversationMember, Message
from shared.session import Caller


def unread_counts(db: Database, caller: Caller, conversation_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Of conversations that the caller was let into, all in one query; those with nothing unread are left out."""
    rows = db.execute(
        select(Message.conversation_id, func.count())
        .join(ConversationMember, ConversationMember.conversation_id == Message.conversation_id)
        .where(
            Message.conversation_id.in_(conversation_ids),
            ConversationMember.user_id == caller.user_id,
            Message.seq > ConversationMember.last_read_seq,
            Message.sender_id != caller.user_id,
            Message.deleted_at.is_(None),
        )
        .group_by(Message.conversation_id)
    )
    return dict(rows.tuples().all())
