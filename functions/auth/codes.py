"""The second factor's codes, of an authenticator app or from the list of backup codes: each counts once, anywhere."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.database.encryption import KeyRing, unseal
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.credentials import BackupCode, TwoFactor
from shared.database.transaction import transaction
from shared.events import Event

from .guesses import Guesses

PAUSE: Final = timedelta(minutes=15)
STEP_SECONDS: Final = 30
STEPS_APART: Final = (0, -1, 1)
"""How far the clocks of phone and server may be apart, in steps; the likeliest first."""
GUESSES: Final = Guesses("two-factor", 10, PAUSE, (Action.TWO_FACTOR_VERIFY,))
"""Wrong codes in a row, at sign-in and wherever else a code proves something."""
PAUSES: Final = "After ten wrong codes in a row, none counts for 15 minutes."
"""What goes with every refusal, during a pause or not."""
# Crockford's base 32 (https://www.crockford.com/base32.html): what is easily confused is read as what is meant.
CONFUSED: Final = str.maketrans("oil", "011", "- ")

GivenCode = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=6, max_length=20, pattern=r"^[0-9A-Za-z][0-9A-Za-z -]*$")
]
"""A code as somebody types it: spaces, hyphens and capitals do not matter."""


@dataclass(frozen=True)
class Match:
    """A code that is right and unused: a time step of the app's, or a backup code."""

    two_factor_id: UUID
    step: int | None = None
    backup_code_id: UUID | None = None


@dataclass(frozen=True)
class Claimed:
    """A code that now is used, and by nobody else."""

    backup_codes_left: int | None = None
    """How many are left, where it was one of them."""
    told: tuple[Event, ...] = ()
    """To hand over after the commit."""


def is_on(db: Database, user_id: UUID) -> bool:
    """Whether the account signs in with two factors, within the caller's transaction."""
    confirmed = select(TwoFactor.id).where(TwoFactor.user_id == user_id, TwoFactor.confirmed_at.is_not(None))
    return db.scalar(confirmed) is not None


def prove(user_id: UUID, code: str) -> Match | None:
    """Match a code, counting wrong ones and pausing after too many; to be claimed with what it is the proof of.

    A wrong code, a used one, any one during the pause: all are None, and in the audit trail. Call it outside of
    any transaction.
    """
    pausing = GUESSES.locked(user_id)
    on, match = look(user_id, code)
    if match and not pausing and GUESSES.right(user_id):
        return match
    count_wrong(user_id, pausing=pausing, on=on)
    return None


def count_wrong(user_id: UUID, *, pausing: bool = False, on: bool = True) -> None:
    """Keep a code that did not count, also one that somebody else claimed meanwhile; the owner learns of a pause."""
    audit.record_failure(Action.TWO_FACTOR_VERIFY, subject_id=user_id, outcome="denied" if pausing else "failure")
    if on and GUESSES.wrong(user_id):
        outbox.hand_over(*keep_pause(user_id))


@transaction
def keep_pause(db: Database, user_id: UUID) -> tuple[Event, ...]:
    """Audit a pause and tell the account's owner, once: without Redis, several instances may think they began it."""
    told = select(AuditEvent.id).where(
        AuditEvent.subject_id == user_id,
        AuditEvent.occurred_at > now() - PAUSE,
        AuditEvent.action == Action.TWO_FACTOR_LOCKED,
    )
    if db.scalar(told.limit(1)):
        return ()
    audit.record(db, Action.TWO_FACTOR_LOCKED, subject_id=user_id)
    return (notify(db, user_id, Notice.ACCOUNT_LOCKED),)


@transaction
def look(db: Database, user_id: UUID, code: str) -> tuple[bool, Match | None]:
    """Whether the account has a second factor, and whether the code is one that it would accept."""
    row = db.scalar(select(TwoFactor).where(TwoFactor.user_id == user_id, TwoFactor.confirmed_at.is_not(None)))
    if row is None:
        return False, None
    step = matching_step(row, code)
    if step is not None:
        return True, Match(row.id, step=step) if step > row.last_used_step else None
    backup_code = select(BackupCode.id).where(
        BackupCode.user_id == user_id, BackupCode.code_hash == digest(user_id, code), BackupCode.used_at.is_(None)
    )
    found = db.scalar(backup_code)
    return True, Match(row.id, backup_code_id=found) if found else None


def claim(db: Database, user_id: UUID, match: Match) -> Claimed | None:
    """Use the code up within the caller's transaction; None where somebody was faster, or the factor has changed."""
    if match.backup_code_id:
        return _claim_backup_code(db, user_id, match.backup_code_id)
    return Claimed() if _claim_step(db, match) else None


def matching_step(row: TwoFactor, code: str) -> int | None:
    """The time step (RFC 6238) whose code this is, among those that may be meant now."""
    digits = _plain(code)
    if not re.fullmatch("[0-9]{6}", digits):
        return None
    from pyotp import TOTP

    totp = TOTP(unseal(KeyRing.CREDENTIAL, row.secret, "two_factor", "secret", row.id), interval=STEP_SECONDS)
    present = int(now().timestamp()) // STEP_SECONDS
    matches = [step for apart in STEPS_APART if _same(totp.generate_otp(step := present + apart), digits)]
    return max(matches, default=None)


def digest(user_id: UUID, code: str) -> bytes:
    """How a backup code is kept: with its account's id, so that one search does not try all accounts'."""
    return hashlib.sha256(user_id.bytes + _plain(code).encode()).digest()


def _claim_step(db: Database, match: Match) -> bool:
    claimed = db.scalar(
        update(TwoFactor)
        .where(
            TwoFactor.id == match.two_factor_id,
            TwoFactor.confirmed_at.is_not(None),
            TwoFactor.last_used_step < match.step,
        )
        .values(last_used_step=match.step)
        .returning(TwoFactor.id)
    )
    return claimed is not None


def _claim_backup_code(db: Database, user_id: UUID, code_id: UUID) -> Claimed | None:
    claimed = db.scalar(
        update(BackupCode)
        .where(BackupCode.id == code_id, BackupCode.user_id == user_id, BackupCode.used_at.is_(None))
        .values(used_at=now())
        .returning(BackupCode.id)
    )
    if claimed is None:
        return None
    unused = select(func.count()).where(BackupCode.user_id == user_id, BackupCode.used_at.is_(None))
    audit.record(db, Action.BACKUP_CODE_USED, subject_id=user_id, actor_id=user_id, resource=("backup_code", code_id))
    return Claimed(db.scalar(unused) or 0, (notify(db, user_id, Notice.BACKUP_CODE_USED),))


def _plain(code: str) -> str:
    return code.lower().translate(CONFUSED)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
