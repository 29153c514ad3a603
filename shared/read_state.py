"""How far somebody has read: it only ever advances, never past the last message, and is told to whom they let know."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import access
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.messaging import ConversationMember
from shared.events import ReadAdvanced
from shared.preferences import preferences_of
from shared.problems import FieldFault, Unprocessable
from shared.session import Caller


@dataclass(frozen=True)
class ReadState:
    """Where a reader stands, and what to publish on the conversation's channel after the commit, if it is news."""

    last_read_seq: int
    event: ReadAdvanced | None


def advance_read(db: Database, caller: Caller, conversation_id: UUID, seq: int) -> ReadState:
    """The caller has read a conversation up to `seq`; less than they had read before changes nothing.

    Leaves an audit entry. Raises NotFound, LicenceNotVerified, and Unprocessable naming `/seq` past the last message.
    """
    membership = access.conversation(db, caller, conversation_id, action=Action.MESSAGES_MARKED_READ)
    if seq > membership.last_seq:
        raise Unprocessable(errors=[FieldFault("/seq", "is past the last message")])
    mine = ConversationMember.conversation_id == conversation_id, ConversationMember.user_id == caller.user_id
    moment = now()
    advanced = db.execute(
        update(ConversationMember)
        .where(*mine, ConversationMember.last_read_seq < seq)
        .values(last_read_seq=seq, last_read_at=moment)
        .returning(ConversationMember.last_read_seq)
    ).scalar_one_or_none()
    if advanced is None:
        return ReadState(db.scalars(select(ConversationMember.last_read_seq).where(*mine)).one(), None)
    shown = membership.is_open and shows_receipts(db, caller.user_id)
    event = ReadAdvanced(
        occurred_at=moment,
        conversation_id=conversation_id,
        user_id=caller.user_id,
        seq=seq,
        for_everyone=shown,
    )
    return ReadState(seq, event)


def shows_receipts(db: Database, user_id: UUID) -> bool:
    """Whether somebody lets others see how far they have read."""
    chosen = db.scalars(select(User.preferences).where(User.id == user_id)).one()
    return preferences_of(chosen).privacy.read_receipts_visible
