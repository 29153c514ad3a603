"""Whose a file is: the only way to one, where the check, its audit entry and the refusal are one step.

A file that no message carries and nobody was given is its owner's alone. From then on it belongs to one conversation,
and is open to who may read that, as long as a message that stands carries it or it was shared with them.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session as Database

from shared import access, audit
from shared.audit_actions import Action
from shared.database.models.files import FileAsset, FileShare, MessageAttachment
from shared.database.models.messaging import Message
from shared.problems import Denial, Forbidden, NotFound
from shared.session import Caller


class NotTheOwner(Forbidden):
    """Somebody else uploaded the file."""

    title = "Only whoever uploaded a file can change what becomes of it"


@dataclass(frozen=True)
class Reached:
    """A file that the caller may know of, and the person whose record it belongs to."""

    file: FileAsset
    subject_id: UUID
    is_open: bool
    """Whether something may still be changed: its conversation, if it belongs to one, can be written in."""


def readable_file(db: Database, caller: Caller, file_id: UUID, *, action: Action) -> Reached:
    """A file that the caller may look at; leaves an audit entry. Raises NotFound, LicenceNotVerified, audited too."""
    file = db.get(FileAsset, file_id)
    if file is None or (file.conversation_id is None and file.owner_id != caller.user_id):
        access.require_licence(db, caller, action=action, resource_id=file_id)
        raise NotFound(denial=Denial(action, resource_id=file_id))
    if file.conversation_id is None:
        access.require_licence(db, caller, action=action, resource_id=file_id)
        audit.record(db, action, subject_id=file.owner_id, resource=("file", file_id))
        return Reached(file, file.owner_id, is_open=True)
    membership = access.conversation(db, caller, file.conversation_id, action=action, file_id=file_id)
    if file.owner_id != caller.user_id and not _is_given(db, caller, file_id):
        raise NotFound(denial=Denial(action, membership.patient_id, file_id))
    return Reached(file, membership.patient_id, membership.is_open)


def own_file(db: Database, caller: Caller, file_id: UUID, *, action: Action) -> Reached:
    """A file that the caller uploaded, locked. Raises NotTheOwner for one that they may look at, and as above."""
    reached = readable_file(db, caller, file_id, action=action)
    if reached.file.owner_id != caller.user_id:
        raise NotTheOwner(denial=Denial(action, reached.subject_id, file_id))
    db.refresh(reached.file, with_for_update=True)
    return reached


def subject_of(db: Database, file: FileAsset) -> UUID:
    """Whose record a file belongs to: the patient's of its conversation, or its owner's; for what nobody asked for."""
    patient_id = access.patient_of(db, file.conversation_id) if file.conversation_id else None
    return patient_id or file.owner_id


def _is_given(db: Database, caller: Caller, file_id: UUID) -> bool:
    carried = (
        exists()
        .where(MessageAttachment.file_id == file_id)
        .where(Message.id == MessageAttachment.message_id, Message.deleted_at.is_(None))
    )
    shared = exists().where(
        FileShare.file_id == file_id, FileShare.shared_with_id == caller.user_id, FileShare.revoked_at.is_(None)
    )
    return bool(db.scalar(select(or_(carried, shared))))
