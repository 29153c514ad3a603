"""POST /api/messages: a message is kept, then delivered, then analysed."""

import base64
import uuid
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field, StringConstraints
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import access, outbox
from shared.access import ConversationClosed
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.messaging import Conversation, Message
from shared.database.transaction import expect_unique, transaction
from shared.events import AttachedFile, MessageDeleted, MessageSent, MessageUpdated, MessageWritten
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.messages import ShownMessage, seal_body, shown_message_of, shown_messages
from shared.problems import Conflict, Unavailable
from shared.redis import RedisAway, publish
from shared.roles import patients_and_therapists
from shared.session import Caller

from .alerts import AlertEvent, Care, deliver_alert, raise_risk, risk_found
from .analysis import analyse, care_of
from .attachments import AttachmentIds, attach, attached_ids
from .crisis_resources import CrisisHelp, crisis_help
from .risk_policy import Risk, explicit_risk
from .versions import body_at

routes = Routes()

Body = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000)]
"""What somebody writes: 1 to 8,000 characters (code points) once blanks around it are gone."""
BODY_LIMIT: Final = 128 * 1024
"""Bytes of a request that carries a Body, each character of which may take an escape."""
TRIES: Final = 12
"""Of a transaction that takes the next number of its conversation, which everyone who writes there wants."""


class RepeatDiffers(Conflict):
    """The same `clientId` came before with another body or other files."""

    title = "A message with this clientId says something else"


class _Repeated(Exception):
    """The `clientId` is there already; caught here."""


class _NeverSent(Exception):
    """There is no message with this `clientId`; caught here."""


class NewMessage(Schema):
    """A message to be sent; `clientId` is the same whenever the client sends the same message again."""

    conversation_id: uuid.UUID
    body: Body
    client_id: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    attachment_ids: AttachmentIds = ()


class SentMessage(Schema):
    """The message as kept. `analysis` is what its author may see of it: help where it carries risk, or null."""

    message: ShownMessage
    analysis: CrisisHelp | None


@dataclass(frozen=True)
class Kept:
    """A version of a message in the database, and what is to happen next."""

    event: MessageSent | MessageUpdated
    care: Care | None
    """Set where a patient wrote it."""
    alert: AlertEvent | None


@dataclass(frozen=True)
class First:
    """What a repeat is answered with."""

    message: ShownMessage
    risk: Risk | None
    """What was found in it when it was sent."""


@routes.endpoint(
    "POST /api/messages", allow=patients_and_therapists, limit=Limit("send-message", 10, per=10), body_limit=BODY_LIMIT
)
def send_message(caller: Caller, new: NewMessage) -> SentMessage:
    """Keep a message, deliver it to the conversation's sockets, and have a patient's analysed."""
    stated = explicit_risk(new.body)
    try:
        kept = keep(caller, new, stated)
    except (_Repeated, ConversationClosed) as refused:
        first = _first(caller, new, refused)
        return _shown(caller, first.message, stated or first.risk)
    return _shown(caller, shown_message_of(kept.event), follow_up(kept, new.body, stated) or stated)


@transaction(tries=TRIES)
def keep(db: Database, caller: Caller, new: NewMessage, stated: Risk | None) -> Kept:
    """Message, number, event, audit entry, and a stated risk's alert: all of it or nothing."""
    membership = access.open_conversation(db, caller, new.conversation_id, action=Action.MESSAGE_SENT)
    message = Message(
        id=uuid.uuid4(),
        conversation_id=new.conversation_id,
        sender_id=caller.user_id,
        seq=_next_seq(db, new.conversation_id),
        client_id=new.client_id,
        version=1,
        sent_at=now(),
    )
    message.body = seal_body(message.id, new.body)
    with expect_unique(db, "uq_message_conversation_id_sender_id_client_id", _Repeated):
        db.add(message)
    event = _event(message, attach(db, caller, membership, message.id, new.attachment_ids))
    outbox.record(db, event)
    if caller.user_id != membership.patient_id:
        return Kept(event, None, None)
    care = care_of(db, membership.patient_id, membership.clinician_id)
    return Kept(event, care, raise_risk(db, event, care, stated) if stated else None)


def follow_up(kept: Kept, body: str, stated: Risk | None) -> Risk | None:
    """Deliver and analyse what is kept; where a part is away the outbox does it later, and the message stands."""
    delivered = deliver(kept.event)
    try:
        if kept.alert:
            deliver_alert(kept.alert)
        return analyse(kept.event, body, kept.care, stated, delivered=delivered)
    except Unavailable:
        return None


def deliver(event: MessageWritten | MessageDeleted) -> bool:
    """Tell the sockets; whether Redis took it. Where it did not, the outbox tells them later."""
    try:
        tell(event)
    except RedisAway:
        return False
    return True


def tell(event: MessageWritten | MessageDeleted) -> None:
    """Raises RedisAway."""
    publish(event.channel, event.model_dump_json() if isinstance(event, MessageSent) else event.tagged_json())


def _first(caller: Caller, new: NewMessage, refused: Exception) -> First:
    """What a repeat is answered with, also of a message that was kept before the conversation closed."""
    try:
        return first_answer(caller, new)
    except _NeverSent:
        raise refused from None


@transaction
def first_answer(db: Database, caller: Caller, new: NewMessage) -> First:
    """The message that came first under this `clientId`, as it stands now. Raises RepeatDiffers."""
    if new.client_id is None:
        raise _NeverSent
    access.conversation(db, caller, new.conversation_id, action=Action.MESSAGE_SENT_AGAIN)
    message = db.scalars(
        select(Message).where(
            Message.conversation_id == new.conversation_id,
            Message.sender_id == caller.user_id,
            Message.client_id == new.client_id,
        )
    ).one_or_none()
    if message is None:
        raise _NeverSent
    if body_at(db, message, version=1) != new.body or attached_ids(db, message.id) != new.attachment_ids:
        raise RepeatDiffers
    return First(shown_messages(db, [message])[0], risk_found(db, message.id, version=1))


def _next_seq(db: Database, conversation_id: uuid.UUID) -> int:
    return db.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(last_seq=Conversation.last_seq + 1, last_message_at=now())
        .returning(Conversation.last_seq)
    ).scalar_one()


def _event(message: Message, files: tuple[AttachedFile, ...]) -> MessageSent:
    assert message.body is not None
    return MessageSent(
        occurred_at=message.sent_at,
        message_id=message.id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        version=message.version,
        sender_id=message.sender_id,
        client_id=message.client_id,
        sealed_body=base64.b64encode(message.body).decode(),
        attachments=files,
    )


def _shown(caller: Caller, message: ShownMessage, risk: Risk | None) -> SentMessage:
    return SentMessage(message=message, analysis=crisis_help(caller, risk))
