"""The one conversation of a care relationship, which its patient and its therapist are the members of."""

from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.care import CareRelationship
from shared.database.models.messaging import Conversation, ConversationMember


def open_for(db: Database, care: CareRelationship) -> UUID:
    """Find or make it. Two at once meet at its unique key, and one of them begins again."""
    found = db.scalar(select(Conversation.id).where(Conversation.care_relationship_id == care.id))
    if found is not None:
        return found
    conversation, moment = Conversation(id=uuid4(), care_relationship_id=care.id, created_at=now()), now()
    db.add(conversation)
    db.add_all(
        ConversationMember(conversation_id=conversation.id, user_id=user_id, joined_at=moment)
        for user_id in (care.patient_id, care.therapist_id)
    )
    db.flush()
    return conversation.id
