"""POST /api/internal/files/tend: the scanner is asked again, and what nobody can open any more leaves the bucket."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.files import FileAsset, FileStatus, Refusal
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.problems import Unavailable
from shared.roles import scheduler

from .file_access import subject_of
from .file_checking import SECONDS_UNTIL_STORAGE, Looked, look_at, settle_scan
from .file_storage import StorageAway, file_storage

routes = Routes()

SCANS: Final = 10
"""Files that one call gives to the scanner, those first that it was not given for the longest."""
REMOVALS: Final = 100
NEVER_COMPLETED: Final = timedelta(hours=24)
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
    """One bounded round; what is left over is for the next."""
    expire(now())
    try:
        removed = sum(map(_remove, to_remove(now())))
        answered = list(map(_scan, to_scan()))
    except StorageAway:
        raise Unavailable(retry_after=SECONDS_UNTIL_STORAGE) from None
    return Tended(scanned=answered.count(True), waiting=answered.count(False), removed=removed)


@transaction
def expire(db: Database, moment: datetime) -> None:
    """What was announced a day ago and never completed is deleted."""
    late = (FileAsset.status == FileStatus.PENDING, FileAsset.created_at < moment - NEVER_COMPLETED)
    for file in db.scalars(select(FileAsset).where(*late).order_by(FileAsset.created_at).limit(REMOVALS)):
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
def removed(db: Database, gone: FileAsset) -> int:
    """Note that the bucket no longer holds it, and forget what it was called; 1, or 0 where it was noted already."""
    file = db.get_one(FileAsset, gone.id, with_for_update=True)
    if file.object_removed_at is not None:
        return 0
    file.object_removed_at, file.file_name, file.sha256 = now(), b"", None
    audit.record(db, Action.FILE_REMOVED, subject_id=subject_of(db, file), resource=("file", file.id))
    return 1


def _remove(file: FileAsset) -> int:
    file_storage().remove(file.object_name)
    return removed(file)


def _scan(file: FileAsset) -> bool:
    """Whether something was found out about it; what is not in the bucket, or not what it was, never will be."""
    stored = file_storage().fetch(file.object_name, at_most=file.size_bytes)
    looked = look_at(file, stored) if stored else Looked(FileStatus.REFUSED, Refusal.SIZE)
    return settle_scan(file.id, looked)
