"""The files that messages carry, as people see them: what they are, never what is in them or where they lie."""

import base64
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.encryption import KeyRing, Undecipherable, seal, unseal
from shared.database.models.files import FileAsset, FileStatus, MessageAttachment
from shared.events import AttachedFile


class FileState(StrEnum):
    """How far a file has come. Only a complete one can be opened, and only once the scanner, if any, let it pass."""

    AWAITING_UPLOAD = "awaiting-upload"
    COMPLETE = "complete"
    REFUSED = "refused"
    DELETED = "deleted"


class ScanState(StrEnum):
    """What the scanner says of a file: nothing yet, nothing harmful, something harmful; `unscanned` without one."""

    PENDING = "pending"
    CLEAN = "clean"
    UNSCANNED = "unscanned"
    INFECTED = "infected"


class ShownFile(Schema):
    """A file as those who may know of it see it. The name is null where it had none, or is deleted."""

    id: UUID
    file_name: str | None
    content_type: str
    size: int
    """Bytes."""
    status: FileState
    scan: ScanState | None


READABLE: Final = frozenset({FileStatus.CLEAN, FileStatus.UNSCANNED})
"""What can be opened."""
ATTACHABLE: Final = READABLE | {FileStatus.UPLOADED}
"""What a message may carry: its content can be opened once the scanner let it pass."""

_STATES: Final[dict[FileStatus, tuple[FileState, ScanState | None]]] = {
    FileStatus.PENDING: (FileState.AWAITING_UPLOAD, None),
    FileStatus.UPLOADED: (FileState.COMPLETE, ScanState.PENDING),
    FileStatus.CLEAN: (FileState.COMPLETE, ScanState.CLEAN),
    FileStatus.UNSCANNED: (FileState.COMPLETE, ScanState.UNSCANNED),
    FileStatus.INFECTED: (FileState.REFUSED, ScanState.INFECTED),
    FileStatus.REFUSED: (FileState.REFUSED, None),
    FileStatus.DELETED: (FileState.DELETED, None),
}


def seal_file_name(file_id: UUID, name: str) -> bytes:
    """What `file_asset.file_name` holds; an empty name is kept as nothing."""
    return seal(KeyRing.MESSAGE, name, "file_asset", "file_name", file_id) if name else b""


def open_file_name(file_id: UUID, sealed: bytes) -> str | None:
    """The name that `file_asset.file_name` holds; None where there is none, or its key is gone."""
    if not sealed:
        return None
    try:
        return unseal(KeyRing.MESSAGE, sealed, "file_asset", "file_name", file_id)
    except Undecipherable:
        return None


def shown_file(file: FileAsset) -> ShownFile:
    """From the row."""
    return shown_attached(attached(file))


def attached(file: FileAsset) -> AttachedFile:
    """What an event tells of a file that a message carries; the name travels sealed, as its column holds it."""
    return AttachedFile(
        file_id=file.id,
        sealed_name=base64.b64encode(file.file_name).decode(),
        content_type=file.content_type,
        size=file.size_bytes,
        status=file.status,
    )


def shown_attached(told: AttachedFile) -> ShownFile:
    """From an event."""
    status, scan = _STATES[FileStatus(told.status)]
    return ShownFile(
        id=told.file_id,
        file_name=open_file_name(told.file_id, base64.b64decode(told.sealed_name)),
        content_type=told.content_type,
        size=told.size,
        status=status,
        scan=scan,
    )


def attached_files(db: Database, message_ids: Collection[UUID]) -> dict[UUID, tuple[AttachedFile, ...]]:
    """What each of these messages carries, in the order it was given; those without a file are left out."""
    if not message_ids:
        return {}
    rows = db.execute(
        select(MessageAttachment.message_id, FileAsset)
        .join(FileAsset, FileAsset.id == MessageAttachment.file_id)
        .where(MessageAttachment.message_id.in_(message_ids))
        .order_by(MessageAttachment.message_id, MessageAttachment.position)
    )
    found: dict[UUID, tuple[AttachedFile, ...]] = {}
    for message_id, file in rows:
        found[message_id] = (*found.get(message_id, ()), attached(file))
    return found


def shown_attachments(files: Iterable[AttachedFile]) -> tuple[ShownFile, ...]:
    """As the members of a conversation see what a message carries."""
    return tuple(map(shown_attached, files))
