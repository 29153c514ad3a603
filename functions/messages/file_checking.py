"""POST /api/files/{id}/complete: what was uploaded is looked at before anybody can open it."""

import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared import audit
from shared.attachments import ShownFile, shown_file
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.files import FileAsset, FileStatus, Refusal
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Gone, Unavailable, Unprocessable
from shared.roles import patients_and_therapists
from shared.session import Caller
from shared.telemetry import log

from .file_access import own_file, subject_of
from .file_scanning import ScannerAway, file_scanner
from .file_storage import StorageAway, StoredObject, file_storage
from .file_types import FileType, sniffed_type

routes = Routes()

SECONDS_UNTIL_STORAGE: Final = 5
"""After which a client may try again."""
LOOKED_AT_AT_ONCE: Final = 3
"""Files, by one instance: each takes memory, and a thread that a bucket or a scanner may keep; messages need theirs."""
SECONDS_FOR_A_PLACE: Final = 0.5

_places: Final = threading.BoundedSemaphore(LOOKED_AT_AT_ONCE)


class NotUploaded(Conflict):
    """Nothing lies where the upload link leads."""

    title = "This file has not been uploaded yet"


class FileRefused(Unprocessable):
    """What was uploaded is not what was announced, is of no kind that is taken, or did not pass the scanner."""

    title = "This file cannot be taken"


class FileGone(Gone):
    """It was deleted, or never completed in time."""

    title = "This file was deleted"


@dataclass(frozen=True)
class Looked:
    """What became of the file, and why."""

    status: FileStatus
    refusal: Refusal | None = None
    signature: str | None = None


@routes.endpoint(
    "POST /api/files/{id}/complete", allow=patients_and_therapists, limit=Limit("complete-file", 60, per=600)
)
def complete_file(caller: Caller, id: UUID) -> ShownFile:
    """Say that the upload is done. A repeat, or two at once, get the same answer."""
    file = announced_file(caller, id)
    if file.status is not FileStatus.PENDING:
        return settled(file)
    with _place():
        try:
            stored = file_storage().fetch(file.object_name, at_most=file.size_bytes)
        except StorageAway:
            raise Unavailable(retry_after=SECONDS_UNTIL_STORAGE) from None
        if stored is None:
            raise NotUploaded(retry_after=1)
        looked = look_at(file, stored)
    return settled(settle(id, looked))


@contextmanager
def _place() -> Iterator[None]:
    """One of the few places for files that are looked at. Raises Unavailable."""
    if not _places.acquire(timeout=SECONDS_FOR_A_PLACE):
        raise Unavailable(retry_after=SECONDS_UNTIL_STORAGE)
    try:
        yield
    finally:
        _places.release()


@transaction
def announced_file(db: Database, caller: Caller, file_id: UUID) -> FileAsset:
    """The caller's own file as it was announced, or as what was found of it."""
    return own_file(db, caller, file_id, action=Action.FILE_COMPLETED).file


def look_at(announced: FileAsset, stored: StoredObject) -> Looked:
    """Size, checksum and type, then the scanner: where that is away, it is asked again later."""
    refusal = reason_against(announced, stored)
    if refusal:
        return Looked(FileStatus.REFUSED, refusal)
    return scanned(stored.content)


def reason_against(announced: FileAsset, stored: StoredObject) -> Refusal | None:
    """Why an upload is not what was announced; None where it is."""
    if stored.size != announced.size_bytes:
        return Refusal.SIZE
    if announced.sha256 is None or not hmac.compare_digest(stored.sha256, bytes(announced.sha256)):
        return Refusal.CHECKSUM
    return None if sniffed_type(stored.content) == FileType(announced.content_type) else Refusal.TYPE


def scanned(content: bytes) -> Looked:
    """What the scanner says of it: clean, infected, or nothing yet; unscanned where there is none."""
    scanner = file_scanner()
    if scanner is None:
        return Looked(FileStatus.UNSCANNED)
    try:
        signature = scanner.scan(content).signature
    except ScannerAway as error:
        log("scanner-away", severity="WARNING", error=str(error))
        return Looked(FileStatus.UPLOADED)
    return Looked(FileStatus.INFECTED, signature=signature) if signature else Looked(FileStatus.CLEAN)


@transaction
def settle(db: Database, file_id: UUID, looked: Looked) -> FileAsset:
    """Keep what became of an upload that was checked, unless somebody was quicker; the row as it then is."""
    file = db.get_one(FileAsset, file_id, with_for_update=True)
    if file.status is FileStatus.PENDING:
        file.completed_at = now()
        _note(db, file, looked, Action.FILE_UPLOADED)
    return file


@transaction
def settle_scan(db: Database, file_id: UUID, looked: Looked) -> bool:
    """Keep what the scanner said of a file that waited for it; whether it said anything."""
    file = db.get_one(FileAsset, file_id, with_for_update=True)
    if file.status is FileStatus.UPLOADED:
        _note(db, file, looked, Action.FILE_SCANNED)
    return looked.status is not FileStatus.UPLOADED


def _note(db: Database, file: FileAsset, looked: Looked, action: Action) -> None:
    file.status, file.refused_for = looked.status, looked.refusal
    if looked.status in (FileStatus.UPLOADED, FileStatus.CLEAN, FileStatus.INFECTED):
        file.scanned_at = now()
    subject_id, resource = subject_of(db, file), ("file", file.id)
    if looked.status in (FileStatus.REFUSED, FileStatus.INFECTED):
        about = {"reason": looked.refusal or "infected"} | ({"found": looked.signature} if looked.signature else {})
        audit.record(
            db, Action.FILE_REFUSED, subject_id=subject_id, resource=resource, outcome="failure", details=about
        )
    elif looked.status is not FileStatus.UPLOADED or action is Action.FILE_UPLOADED:
        audit.record(db, action, subject_id=subject_id, resource=resource)


def settled(file: FileAsset) -> ShownFile:
    """The answer to its owner. Raises FileRefused, FileGone."""
    if file.status is FileStatus.DELETED:
        raise FileGone
    if file.status in (FileStatus.REFUSED, FileStatus.INFECTED):
        raise FileRefused(_WORDS[file.refused_for])
    return shown_file(file)


_WORDS: Final = {
    Refusal.SIZE: "It is not as long as was announced.",
    Refusal.CHECKSUM: "It is not the file that was announced; it may have been damaged on its way.",
    Refusal.TYPE: "It is not of the kind that was announced, or holds something else besides.",
    None: "It did not pass our safety check.",
}
