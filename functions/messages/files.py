"""Files: announced, uploaded straight to the bucket, looked at, then attached or shared, read by short-lived links."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared import access, audit
from shared.attachments import ATTACHABLE, READABLE, ShownFile, seal_file_name, shown_file
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.files import FileAsset, FileShare, FileStatus
from shared.database.models.messaging import ConversationMember
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, FieldFault, TooManyRequests, Unavailable, Unprocessable
from shared.roles import patients_and_therapists
from shared.session import Caller
from shared.settings import settings

from .file_access import Reached, own_file, readable_file
from .file_checking import SECONDS_UNTIL_STORAGE, FileGone
from .file_names import download_disposition, safe_name
from .file_storage import Link, StorageAway, file_storage
from .file_types import LARGEST, FileType, declared_type, media_type_to_send

routes = Routes()

SECONDS_UNTIL_ROOM: Final = 3600


class TypeNotTaken(Unprocessable):
    """Files of this type are not taken."""

    title = "Files of this kind cannot be sent"


class EnoughForToday(TooManyRequests):
    """Somebody has announced as much as anybody may within a day."""

    title = "You have sent as many large files as one can within a day"


class NotShareable(Conflict):
    """The file is not complete, was refused, or belongs to another conversation."""

    title = "This file cannot be shared here"


class NewFile(Schema):
    """A file to be uploaded: exactly what the upload will then have to be."""

    file_name: Annotated[str, Field(max_length=1000)] | None = None
    """For people. A path, an ending that is not of its type, and what is invisible are taken off."""
    content_type: Annotated[str, Field(max_length=200)]
    size: Annotated[int, Field(ge=1, le=LARGEST)]
    """Bytes."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Hexadecimal."""


class FileToUpload(Schema):
    """Where to put it, once, and the headers that the request to do so has to carry."""

    file: ShownFile
    upload_url: str
    headers: dict[str, str]
    expires_at: datetime


class FileToRead(Schema):
    """A file, and where its content can be got; null as long as nobody can open it."""

    file: ShownFile
    download_url: str | None
    expires_at: datetime | None


class Sharing(Schema):
    """In which conversation; with its other members, or those of them that are named."""

    conversation_id: uuid.UUID
    user_ids: Annotated[list[uuid.UUID], Field(min_length=1, max_length=10)] | None = None


class Shared(Schema):
    """A file, and whom its owner has given it to."""

    file: ShownFile
    shared_with: list[uuid.UUID]


@routes.endpoint(
    "POST /api/files", allow=patients_and_therapists, limit=Limit("new-file", 30, per=600), status=201, once=True
)
def announce_file(caller: Caller, new: NewFile) -> FileToUpload:
    """Announce a file and get the link to upload it by: PUT, within five minutes."""
    kind = declared_type(new.content_type)
    if kind is None:
        kinds = ", ".join(FileType)
        raise TypeNotTaken(errors=[FieldFault("/contentType", f"is none of {kinds}")])
    object_name, media_type = str(uuid.uuid4()), media_type_to_send(kind)
    # First the link: what nobody can upload, since nobody signed it, is no part of what one may send within a day.
    link = _link(lambda: file_storage().upload_link(object_name, media_type, new.size))
    file = announce(caller, new, kind, object_name)
    return FileToUpload(file=shown_file(file), upload_url=link.url, headers=link.headers, expires_at=link.expires_at)


@routes.endpoint("GET /api/files/{id}", allow=patients_and_therapists, limit=Limit("read-file", 120, per=60))
def read_file(caller: Caller, id: uuid.UUID) -> FileToRead:
    """A file, and a link that gives its content for five minutes."""
    file = look_up(caller, id)
    if file.status not in READABLE:
        return FileToRead(file=shown_file(file), download_url=None, expires_at=None)
    kind = FileType(file.content_type)
    disposition = download_disposition(file.id, kind)
    link = _link(lambda: file_storage().download_link(file.object_name, media_type_to_send(kind), disposition))
    return FileToRead(file=shown_file(file), download_url=link.url, expires_at=link.expires_at)


@routes.endpoint("POST /api/files/{id}/share", allow=patients_and_therapists, limit=Limit("share-file", 60, per=600))
def share_file(caller: Caller, id: uuid.UUID, sharing: Sharing) -> Shared:
    """Let other members of a conversation open one's own file. What they were given before, they keep."""
    return share(caller, id, sharing)


@routes.endpoint("DELETE /api/files/{id}", allow=patients_and_therapists, limit=Limit("delete-file", 60, per=600))
def delete_file(caller: Caller, id: uuid.UUID) -> ShownFile:
    """Delete one's own file: at once nobody can open it, and messages that carried it say that it is gone."""
    return delete(caller, id)


@transaction(tries=12)  # a page sends ten at once, and each counts the others
def announce(db: Database, caller: Caller, new: NewFile, kind: FileType, object_name: str) -> FileAsset:
    """Keep what was announced. Raises LicenceNotVerified, EnoughForToday."""
    access.require_licence(db, caller, action=Action.FILE_BEGUN)
    _require_room(db, caller, new.size)
    file_id = uuid.uuid4()
    file = FileAsset(
        id=file_id,
        owner_id=caller.user_id,
        status=FileStatus.PENDING,
        object_name=object_name,
        file_name=seal_file_name(file_id, safe_name(new.file_name, kind) or ""),
        content_type=kind.value,
        size_bytes=new.size,
        sha256=bytes.fromhex(new.sha256),
        created_at=now(),
    )
    db.add(file)
    audit.record(db, Action.FILE_BEGUN, subject_id=caller.user_id, resource=("file", file_id))
    return file


@transaction
def look_up(db: Database, caller: Caller, file_id: uuid.UUID) -> FileAsset:
    """A file that the caller may read. Raises FileGone for one that they could."""
    file = readable_file(db, caller, file_id, action=Action.FILE_READ).file
    if file.status is FileStatus.DELETED:
        raise FileGone
    return file


@transaction
def share(db: Database, caller: Caller, file_id: uuid.UUID, sharing: Sharing) -> Shared:
    """Give leave to open it. Raises NotShareable, ConversationClosed, Unprocessable for who is no member."""
    reached = own_file(db, caller, file_id, action=Action.FILE_SHARED)
    access.open_conversation(db, caller, sharing.conversation_id, action=Action.FILE_SHARED, file_id=file_id)
    file = reached.file
    if file.status not in ATTACHABLE or file.conversation_id not in (None, sharing.conversation_id):
        raise NotShareable(denial=Denial(Action.FILE_SHARED, reached.subject_id, file_id))
    file.conversation_id = sharing.conversation_id
    given = set(db.scalars(select(FileShare.shared_with_id).where(FileShare.file_id == file_id)))
    for user_id in _with_whom(db, caller, sharing):
        if user_id not in given:
            db.add(FileShare(file_id=file_id, shared_with_id=user_id, shared_by_id=caller.user_id, created_at=now()))
            given.add(user_id)
    return Shared(file=shown_file(file), shared_with=sorted(given))


@transaction
def delete(db: Database, caller: Caller, file_id: uuid.UUID) -> ShownFile:
    """Empty the row; what lies in the bucket is taken away by the next tending. Deleted already, nothing changes.

    Raises ConversationClosed for a file of a conversation that can only be read.
    """
    reached = own_file(db, caller, file_id, action=Action.FILE_DELETED)
    if not reached.is_open:
        raise access.ConversationClosed(denial=Denial(Action.FILE_DELETED, reached.subject_id, file_id))
    empty(reached)
    return shown_file(reached.file)


def _require_room(db: Database, caller: Caller, size: int) -> None:
    """Whatever became of it, what was announced within a day counts."""
    since = now() - timedelta(days=1)
    lately = (FileAsset.owner_id == caller.user_id, FileAsset.created_at > since)
    announced = db.scalars(select(func.coalesce(func.sum(FileAsset.size_bytes), 0)).where(*lately)).one()
    if announced + size > settings().file_mib_a_day * 1024 * 1024:
        raise EnoughForToday(retry_after=SECONDS_UNTIL_ROOM)


def empty(reached: Reached) -> None:
    """What a deleted file keeps: that it was there, of which type and size."""
    file = reached.file
    if file.status is not FileStatus.DELETED:
        file.status, file.deleted_at, file.file_name, file.sha256 = FileStatus.DELETED, now(), b"", None


def _with_whom(db: Database, caller: Caller, sharing: Sharing) -> list[uuid.UUID]:
    others = list(
        db.scalars(
            select(ConversationMember.user_id).where(
                ConversationMember.conversation_id == sharing.conversation_id,
                ConversationMember.left_at.is_(None),
                ConversationMember.user_id != caller.user_id,
            )
        )
    )
    if sharing.user_ids is None:
        return others
    faults = [
        FieldFault(f"/userIds/{place}", "is no other member of this conversation")
        for place, user_id in enumerate(sharing.user_ids)
        if user_id not in others
    ]
    if faults:
        raise Unprocessable(errors=faults)
    return sharing.user_ids


def _link(make: Callable[[], Link]) -> Link:
    try:
        return make()
    except StorageAway:
        raise Unavailable(retry_after=SECONDS_UNTIL_STORAGE) from None
