"""Whose it is: the only way to a patient's rows, where the check, its audit entry and the refusal are one step."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, Select, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.database.models.accounts import User, UserStatus
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.messaging import Conversation, ConversationMember
from shared.problems import Conflict, Denial, NotFound
from shared.roles import Role
from shared.session import Caller


class ConversationClosed(Conflict):
    """The care relationship has ended: the patient may still read, nobody may write."""

    title = "This conversation has ended and can only be read"


@dataclass(frozen=True)
class Membership:
    """A conversation as one of its two people may use it."""

    conversation_id: UUID
    care_relationship_id: UUID
    patient_id: UUID
    clinician_id: UUID
    last_seq: int
    active_at: datetime
    """When it was last written in, or else opened; UTC."""
    is_open: bool
    """Whether the care relationship is accepted, so that messages may be written."""


def conversation(db: Database, caller: Caller, conversation_id: UUID, *, action: Action) -> Membership:
    """The conversation, if it is the caller's: a patient's own at any time, a therapist's while care is accepted.

    Leaves an audit entry named by `action`. Raises NotFound, which is audited too.
    """
    row = db.execute(_conversations(caller).where(Conversation.id == conversation_id)).one_or_none()
    if row is None:
        raise NotFound(denial=Denial(action, resource_id=conversation_id))
    membership = _membership(row)
    audit.record(db, action, subject_id=membership.patient_id, resource=("conversation", conversation_id))
    return membership


def open_conversation(db: Database, caller: Caller, conversation_id: UUID, *, action: Action) -> Membership:
    """As `conversation`, for writing. Raises NotFound, ConversationClosed."""
    membership = conversation(db, caller, conversation_id, action=action)
    if not membership.is_open:
        raise ConversationClosed(denial=Denial(action, membership.patient_id, conversation_id))
    return membership


def conversations(
    db: Database, caller: Caller, *, action: Action, before: tuple[datetime, UUID] | None, limit: int
) -> list[Membership]:
    """Conversations that the caller may read, the latest activity first, each leaving its audit entry.

    `before` is the time and id that the page before ended with.
    """
    query = _conversations(caller).order_by(_active_at.desc(), Conversation.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(_active_at, Conversation.id) < before)
    memberships = [_membership(row) for row in db.execute(query)]
    for found in memberships:
        audit.record(db, action, subject_id=found.patient_id, resource=("conversation", found.conversation_id))
    return memberships


def accepted_care(db: Database, caller: Caller, other_id: UUID, *, action: Action) -> CareRelationship:
    """The accepted care relationship between the caller and another person. Raises NotFound, which is audited."""
    found = db.scalar(
        select(CareRelationship).where(
            _side_of(caller) == caller.user_id,
            (CareRelationship.therapist_id if caller.role is Role.PATIENT else CareRelationship.patient_id) == other_id,
            CareRelationship.status == CareStatus.ACCEPTED,
        )
    )
    if found is None:
        raise NotFound(denial=Denial(action, other_id))
    audit.record(db, action, subject_id=found.patient_id, resource=("care_relationship", found.id))
    return found


def patient_of_message(db: Database, conversation_id: UUID, sender_id: UUID) -> tuple[UUID, UUID] | None:
    """Patient and clinician of a conversation, where its patient is the sender: for what follows a message, not for
    callers."""
    row = db.execute(
        select(CareRelationship.patient_id, CareRelationship.therapist_id)
        .join(Conversation, Conversation.care_relationship_id == CareRelationship.id)
        .where(Conversation.id == conversation_id, CareRelationship.patient_id == sender_id)
    ).one_or_none()
    return (row.patient_id, row.therapist_id) if row else None


def name_of(db: Database, user_id: UUID) -> str:
    """What a person is called, for those who already share a conversation with them."""
    return db.scalars(select(User.name).where(User.id == user_id)).one()


_active_at = func.coalesce(Conversation.last_message_at, Conversation.created_at)


def _conversations(caller: Caller) -> Select[tuple[Conversation, CareRelationship]]:
    query = (
        select(Conversation, CareRelationship)
        .join(ConversationMember, ConversationMember.conversation_id == Conversation.id)
        .join(CareRelationship, CareRelationship.id == Conversation.care_relationship_id)
        .join(User, User.id == ConversationMember.user_id)
        .where(
            ConversationMember.user_id == caller.user_id,
            ConversationMember.left_at.is_(None),
            _side_of(caller) == caller.user_id,
            User.status == UserStatus.ACTIVE,
        )
    )
    if caller.role is Role.PATIENT:
        return query
    return query.where(CareRelationship.status == CareStatus.ACCEPTED)


def _side_of(caller: Caller) -> InstrumentedAttribute[UUID]:
    return CareRelationship.patient_id if caller.role is Role.PATIENT else CareRelationship.therapist_id


def _membership(row: Row[tuple[Conversation, CareRelationship]]) -> Membership:
    found, care = row
    return Membership(
        conversation_id=found.id,
        care_relationship_id=care.id,
        patient_id=care.patient_id,
        clinician_id=care.therapist_id,
        last_seq=found.last_seq,
        active_at=found.last_message_at or found.created_at,
        is_open=care.status is CareStatus.ACCEPTED,
    )
