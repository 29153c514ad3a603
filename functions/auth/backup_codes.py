"""POST /api/auth/two-factor/backup-codes: ten codes for the day the phone is gone, each good for one sign-in."""

import secrets
from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.credentials import BackupCode
from shared.database.transaction import transaction
from shared.events import Event
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict
from shared.roles import signed_in
from shared.session import Caller

from . import codes

routes = Routes()

CODES: Final = 10
# 10 of 32 characters are 50 bits. None looks like another (Crockford's base 32: no i, l, o, u).
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
HALF: Final = 5


class TwoFactorOff(Conflict):
    """What was asked for belongs to an account that signs in with two factors."""

    title = "Two-factor sign-in is not on"


class BackupCodes(Schema):
    """Ten codes, shown this once."""

    backup_codes: tuple[str, ...]


@routes.endpoint(
    "POST /api/auth/two-factor/backup-codes", allow=signed_in, limit=Limit("backup-codes", 10, per=60), fresh=True
)
def renew_backup_codes(caller: Caller) -> BackupCodes:
    """Ten new codes; the ones before stop working."""
    fresh, told = renew(caller.user_id)
    outbox.hand_over(told)
    return BackupCodes(backup_codes=fresh)


@transaction
def renew(db: Database, user_id: UUID) -> tuple[tuple[str, ...], Event]:
    """Replace an account's codes and tell its owner. Raises TwoFactorOff."""
    if not codes.is_on(db, user_id):
        raise TwoFactorOff
    audit.record(db, Action.BACKUP_CODES_RENEWED, subject_id=user_id)
    return make(db, user_id), notify(db, user_id, Notice.BACKUP_CODES_RENEWED)


def make(db: Database, user_id: UUID) -> tuple[str, ...]:
    """Ten codes in place of those that there were, within the caller's transaction; only their digests are kept."""
    drop(db, user_id)
    fresh: set[str] = set()
    while len(fresh) < CODES:
        fresh.add(f"{_half()}-{_half()}")
    db.add_all(BackupCode(user_id=user_id, code_hash=codes.digest(user_id, code), created_at=now()) for code in fresh)
    return tuple(fresh)


def drop(db: Database, user_id: UUID) -> None:
    """No backup code of this account counts any more, within the caller's transaction."""
    db.execute(delete(BackupCode).where(BackupCode.user_id == user_id))


def _half() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(HALF))
