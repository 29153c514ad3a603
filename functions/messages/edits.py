"""PATCH and DELETE /api/messages/{id}: its author changes or takes back what they wrote, for a quarter of an hour.

What it said stays on record (`message_version`), and so does every risk that was found in it.
"""

import base64
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import access, outbox
from shared.access import Membership
from shared.attachments import attached_files
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.messaging import Conversation, Message
from shared.database.transaction import transaction
from shared.events import AttachedFile, MessageDeleted, MessageUpdated
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.messages import ShownMessage, open_body, seal_body, shown_message_of, shown_messages
from shared.problems import Conflict, Denial, Forbidden, Gone, NotFound, Unavailable
from shared.roles import patients_and_therapists
from shared.session import Caller
from shared.settings import settings

from .alerts import raise_risk, risk_found
from .analysis import care_of
from .crisis_resources import crisis_help
from .messages import BODY_LIMIT, TRIES, Body, Kept, SentMessage, deliver, follow_up
from .risk_policy import Risk, explicit_risk
from .search_packs import forget_pack
from .versions import keep_version

routes = Routes()


class NotTheAuthor(Forbidden):
    """Somebody else wrote the message."""

    title = "Only its author can change a message"


class TooLateToChange(Conflict):
    """The time within which a message may be edited or deleted is over."""

    title = "This message can no longer be changed"


class ChangedMeanwhile(Conflict):
    """The message is no longer in the version that the edit began with."""

    title = "This message was changed meanwhile"


class MessageGone(Gone):
    """A deleted message cannot be edited."""

    title = "This message was deleted"


class Edit(Schema):
    """The new text, and the version that its author saw: only that one is replaced."""

    body: Body
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


@dataclass(frozen=True)
class Edited:
    """A message after its edit. Nothing was kept where it said the same before."""

    message: ShownMessage
    kept: Kept | None
    found: Risk | None
    """What is known of the risk in it."""


@routes.endpoint(
    "PATCH /api/messages/{id}",
    allow=patients_and_therapists,
    limit=Limit("edit-message", 10, per=10),
    body_limit=BODY_LIMIT,
)
def edit_message(caller: Caller, id: UUID, edit: Edit) -> SentMessage:
    """Replace the text of one's own message; it is delivered, checked and analysed as a new version."""
    stated = explicit_risk(edit.body)
    edited = keep_edit(caller, id, edit, stated)
    found = follow_up(edited.kept, edit.body, stated) if edited.kept else edited.found
    return SentMessage(message=edited.message, analysis=crisis_help(caller, found or stated))


@routes.endpoint("DELETE /api/messages/{id}", allow=patients_and_therapists, limit=Limit("delete-message", 10, per=10))
def delete_message(caller: Caller, id: UUID) -> ShownMessage:
    """Take one's own message back; its place in the conversation stays. Deleted already, it is shown as it is."""
    message, event = keep_deletion(caller, id)
    if event and deliver(event):
        with suppress(Unavailable):  # it is kept and told: the outbox tells it once more
            outbox.mark_delivered(event.id)
    return message


@transaction(tries=TRIES)
def keep_edit(db: Database, caller: Caller, message_id: UUID, edit: Edit, stated: Risk | None) -> Edited:
    """The new version, the one before, the event and a stated risk's alert: all of it or nothing.

    An edit that says what the message says already changes nothing, so that a repeat is harmless.
    """
    message, membership = _own(db, caller, message_id, Action.MESSAGE_EDITED)
    if message.body is None:
        raise MessageGone
    if open_body(message.id, message.body) == edit.body:
        return Edited(shown_messages(db, [message])[0], None, risk_found(db, message.id, message.version))
    _require_time(message)
    if message.version != edit.version:
        raise ChangedMeanwhile(f"It is in version {message.version} now.")
    message.revision = _next_revision(db, message)
    keep_version(db, message)
    message.body, message.version = seal_body(message.id, edit.body), message.version + 1
    message.edited_at = now()
    event = _updated(message, attached_files(db, [message.id]).get(message.id, ()))
    outbox.record(db, event)
    return Edited(shown_message_of(event), _kept(db, membership, event, stated), None)


@transaction(tries=TRIES)
def keep_deletion(db: Database, caller: Caller, message_id: UUID) -> tuple[ShownMessage, MessageDeleted | None]:
    """The tombstone, what it said before, and the event; no event where it was deleted already."""
    message, _ = _own(db, caller, message_id, Action.MESSAGE_DELETED)
    if message.body is None:
        return shown_messages(db, [message])[0], None
    _require_time(message)
    message.revision = _next_revision(db, message)
    keep_version(db, message)
    message.body, message.deleted_at = None, now()
    event = _deleted(message)
    outbox.record(db, event)
    return shown_messages(db, [message])[0], event


def _own(db: Database, caller: Caller, message_id: UUID, action: Action) -> tuple[Message, Membership]:
    """The caller's own message in a conversation that may be written in. Raises NotFound, NotTheAuthor."""
    conversation_id = db.scalar(select(Message.conversation_id).where(Message.id == message_id))
    if conversation_id is None:
        access.require_licence(db, caller, action=action, resource_id=message_id)
        raise NotFound(denial=Denial(action, resource_id=message_id))
    membership = access.open_conversation(db, caller, conversation_id, action=action, message_id=message_id)
    message = db.get_one(Message, message_id)
    if message.sender_id != caller.user_id:
        raise NotTheAuthor(denial=Denial(action, membership.patient_id, message_id))
    return message, membership


def _require_time(message: Message) -> None:
    minutes = settings().message_edit_minutes
    if now() - message.sent_at >= timedelta(minutes=minutes):
        raise TooLateToChange(f"That is possible for {minutes} minutes after it was sent.")


def _next_revision(db: Database, message: Message) -> int:
    """The next number of the conversation's changes; the words that a search compares are no longer right.

    Taken before anything else is written: of two changes at once the second begins again here.
    """
    forget_pack(db, message.conversation_id, message.seq)
    return db.execute(
        update(Conversation)
        .where(Conversation.id == message.conversation_id)
        .values(last_revision=Conversation.last_revision + 1)
        .returning(Conversation.last_revision)
    ).scalar_one()


def _kept(db: Database, membership: Membership, event: MessageUpdated, stated: Risk | None) -> Kept:
    if event.sender_id != membership.patient_id:
        return Kept(event, None, None)
    care = care_of(db, membership.patient_id, membership.clinician_id)
    return Kept(event, care, raise_risk(db, event, care, stated) if stated else None)


def _updated(message: Message, files: tuple[AttachedFile, ...]) -> MessageUpdated:
    assert message.body is not None
    assert message.edited_at is not None
    assert message.revision is not None
    return MessageUpdated(
        occurred_at=message.edited_at,
        message_id=message.id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        version=message.version,
        revision=message.revision,
        sender_id=message.sender_id,
        client_id=message.client_id,
        sealed_body=base64.b64encode(message.body).decode(),
        sent_at=message.sent_at,
        attachments=files,
    )


def _deleted(message: Message) -> MessageDeleted:
    assert message.deleted_at is not None
    assert message.revision is not None
    return MessageDeleted(
        occurred_at=message.deleted_at,
        message_id=message.id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        version=message.version,
        revision=message.revision,
        sender_id=message.sender_id,
        client_id=message.client_id,
        sent_at=message.sent_at,
        edited_at=message.edited_at,
    )
