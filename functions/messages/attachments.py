"""What a message carries: files of its sender's own, each once, in the order that they are given."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.access import Membership
from shared.attachments import ATTACHABLE, attached
from shared.audit_actions import Action
from shared.database.models.files import FileAsset, FileStatus, MessageAttachment
from shared.events import AttachedFile
from shared.problems import FieldFault, Unprocessable
from shared.session import Caller

AT_MOST: Final = 10
AttachmentIds = Annotated[tuple[UUID, ...], Field(max_length=AT_MOST)]
"""Files to send with a message."""


class CannotBeAttached(Unprocessable):
    """Some of the files are not the sender's, not complete, refused, deleted, or with another message already."""

    title = "Some of these files cannot be attached"


def attach(
    db: Database, caller: Caller, membership: Membership, message_id: UUID, file_ids: Sequence[UUID]
) -> tuple[AttachedFile, ...]:
    """Let a message that was just kept carry these files, which then belong to its conversation.

    Raises CannotBeAttached, which names each by its place in the list.
    """
    if not file_ids:
        return ()
    files = _own_files(db, caller, file_ids)
    taken = set(db.scalars(select(MessageAttachment.file_id).where(MessageAttachment.file_id.in_(file_ids))))
    faults = [
        FieldFault(f"/attachmentIds/{place}", reason)
        for place, file_id in enumerate(file_ids)
        if (reason := _reason_against(files.get(file_id), membership, file_id in taken | set(file_ids[:place])))
    ]
    if faults:
        raise CannotBeAttached(errors=faults)
    for place, file_id in enumerate(file_ids):
        files[file_id].conversation_id = membership.conversation_id
        db.add(MessageAttachment(message_id=message_id, file_id=file_id, position=place))
        audit.record(db, Action.FILE_ATTACHED, subject_id=membership.patient_id, resource=("file", file_id))
    return tuple(attached(files[file_id]) for file_id in file_ids)


def attached_ids(db: Database, message_id: UUID) -> tuple[UUID, ...]:
    """The files that a message was sent with, in their order."""
    carried = select(MessageAttachment.file_id).where(MessageAttachment.message_id == message_id)
    return tuple(db.scalars(carried.order_by(MessageAttachment.position)))


def _own_files(db: Database, caller: Caller, file_ids: Sequence[UUID]) -> dict[UUID, FileAsset]:
    mine = select(FileAsset).where(FileAsset.id.in_(file_ids), FileAsset.owner_id == caller.user_id)
    return {file.id: file for file in db.scalars(mine.order_by(FileAsset.id).with_for_update())}


def _reason_against(file: FileAsset | None, membership: Membership, is_taken: bool) -> str | None:
    """Why a file cannot be attached; the same words for another's and for one that does not exist."""
    if file is None:
        return "is no file of yours"
    if is_taken:
        return "is attached already"
    if file.status is FileStatus.PENDING:
        return "has not been uploaded completely"
    if file.status not in ATTACHABLE:
        return "was refused or deleted"
    if file.conversation_id not in (None, membership.conversation_id):
        return "belongs to another conversation"
    return None
