"""A long conversation between the seeded patient and therapist, to see how the client holds it."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.clock import now
from shared.database.models.messaging import Conversation, ConversationMember, Message
from shared.database.transaction import transaction
from shared.messages import seal_body


@transaction
def write(db: Session, count: int) -> None:
    """Fill the seeded conversation with messages of the last days, written by both in turns."""
    conversation = db.scalars(select(Conversation)).one()
    members = list(db.scalars(select(ConversationMember.user_id)))
    for number in range(1, count + 1):
        sender_id = members[number % len(members)]
        message = Message(id=uuid4(), conversation_id=conversation.id, sender_id=sender_id, seq=number)
        message.sent_at = now() - timedelta(minutes=count - number + 1)
        message.body = seal_body(message.id, f"Line {number} of a long conversation.")
        db.add(message)
    conversation.last_seq = count
