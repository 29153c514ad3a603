"""POST /api/internal/files/tend: the scanner is asked again, and what nobody can open any more leaves the bucket."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.attachments import ATTACHABLE
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.files import FileAsset, FileStatus, Refusal
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.problems import Unavailable
from shared.roles import scheduler
from shared.telemetry import log

from .file_access import subject_of
from .file_checking import SECONDS_UNTIL_STORAGE, Looked, look_at, settle_scan
from .file_storage import StorageAway, file_storage

routes = Routes()

SCANS: Final = 10
"""Files that one call gives to the scanner, those first that it was not given for the longest."""
REMOVALS: Final = 100
FAILURES: Final = 3
"""Of the bucket one after the other, after which a round is over."""
NEVER_COMPLETED: Final = timedelta(hours=24)
NEVER_GIVEN: Final = timedelta(days=7)
"""A draft may wait so long for the message that carries its file."""
LATE_UPLOADS: Final = timedelta(minutes=20)
"""After which no upload can arrive any more: its link has ended, and so has what was begun by it on a slow line."""
GONE: Final = (FileStatus.INFECTED, FileStatus.REFUSED, FileStatus.DELETED)


class Tended(Schema):
    """Files that the scanner answered for, that still wait for it, and that were taken out of the bucket."""

    scanned: int
    waiting: int
    removed: int


@routes.endpoint("POST /api/internal/files/tend", allow=scheduler)
def tend_files() -> Tended:
    """One bounded round; what is left over is for the next, and what the bucket does not let go holds up nothing."""
    expire(now())
    answered, removed = _each(_scan, to_scan()), _each(_remove, to_remove(now()))
    if None in (*answered, *removed):
        raise Unavailable(retry_after=SECONDS_UNTIL_STORAGE)
    return Tended(scanned=answered.count(True), waiting=answered.count(False), removed=removed.count(True))


def _each(step: Callable[[FileAsset], bool], files: Sequence[FileAsset]) -> list[bool | None]:
    """What a step came to with each file, None where the bucket failed; after three of those in a row with no more."""
    said: list[bool | None] = []
    for file in files:
        try:
            said.append(step(file))
        except StorageAway as error:
            log("file-not-tended", severity="ERROR", fileId=str(file.id), step=step.__name__, error=str(error))
            said.append(None)
        if said[-FAILURES:] == [None] * FAILURES:
            break
    return said


@transaction
def expire(db: Database, moment: datetime) -> None:
    """What was announced a day ago and never completed is deleted, and what nobody was given within a week of that."""
    late = and_(FileAsset.status == FileStatus.PENDING, FileAsset.created_at < moment - NEVER_COMPLETED)
    loose = and_(
        FileAsset.conversation_id.is_(None),
        FileAsset.status.in_(ATTACHABLE),
        FileAsset.completed_at < moment - NEVER_GIVEN,
    )
    for orphans in (late, loose):
        for file in db.scalars(select(FileAsset).where(orphans).order_by(FileAsset.created_at).limit(REMOVALS)):
            file.status, file.deleted_at = FileStatus.DELETED, moment


@transaction
def to_remove(db: Database, moment: datetime) -> Sequence[FileAsset]:
    """Refused, infected and deleted files, also those of erased people, that may still lie in the bucket."""
    there = (FileAsset.object_removed_at.is_(None), FileAsset.status.in_(GONE))
    settled = FileAsset.created_at < moment - LATE_UPLOADS
    query = select(FileAsset).where(*there, settled).order_by(FileAsset.created_at)
    return db.scalars(query.limit(REMOVALS)).all()


@transaction
def to_scan(db: Database) -> Sequence[FileAsset]:
    """What waits for the scanner."""
    query = select(FileAsset).where(FileAsset.status == FileStatus.UPLOADED)
    return db.scalars(query.order_by(FileAsset.scanned_at).limit(SCANS)).all()


@transaction
def removed(db: Database, gone: FileAsset) -> bool:
    """Note that the bucket no longer holds it, and forget what it was called; whether that was not noted already."""
    file = db.get_one(FileAsset, gone.id, with_for_update=True)
    if file.object_removed_at is not None:
        return False
    file.object_removed_at, file.file_name, file.sha256 = now(), b"", None
    audit.record(db, Action.FILE_REMOVED, subject_id=subject_of(db, file), resource=("file", file.id))
    return True


def _remove(file: FileAsset) -> bool:
    file_storage().remove(file.object_name)
    return removed(file)


def _scan(file: FileAsset) -> bool:
    """Whether something was found out about it; what is not in the bucket, or not what it was, never will be."""
    stored = file_storage().fetch(file.object_name, at_most=file.size_bytes)
    looked = look_at(file, stored) if stored else Looked(FileStatus.REFUSED, Refusal.SIZE)
    return settle_scan(file.id, looked)
