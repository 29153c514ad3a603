"""Whether somebody knows an account's password: ten wrong ones in a row, wherever they are asked for, pause all of it.

The answer takes as long, and says as little, for a wrong password, a paused account, one without a password, and none.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.account_notices import Notice, notify
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent
from shared.database.transaction import transaction
from shared.passwords import password_is
from shared.problems import Unavailable

from .guesses import Guesses

PAUSE: Final = timedelta(minutes=15)
PASSWORDS: Final = Guesses(
    "password",
    10,
    PAUSE,
    (Action.SESSION_SIGN_IN, Action.SESSION_STEP_UP, Action.PASSWORD_CHANGE, Action.TWO_FACTOR_DISABLED),
)


def proves(password: str, user: User | None, *, tried: Action, email: str = "") -> bool:
    """Whether this is the user's password, and guessing is not paused; a wrong one is audited as `tried` and counted.

    `tried` is one of those that PASSWORDS counts. For an address that nobody has, `user` is None and guesses are
    counted by the address. Call it outside of a transaction.
    """
    whose = user.id if user else email
    locked = PASSWORDS.locked(whose)
    matches = password_is(password, user.password_hash if user else None)
    if matches and not locked and PASSWORDS.right(whose):
        return True
    subject_id = user.id if user else None
    audit.record_failure(tried, subject_id=subject_id, outcome="denied" if locked else "failure")
    if PASSWORDS.wrong(whose):
        with suppress(Unavailable):  # the pause stands all the same, and an account must not be told by a 503
            keep_lock(subject_id)
    return False


@transaction(tries=20)  # its look at the trail conflicts with what a flood of guesses adds there
def keep_lock(db: Database, user_id: UUID | None) -> None:
    """Audit that guessing is paused, and tell the account's owner, once.

    The mail is left to the outbox's sweeper: an address that nobody has gets none, and must not be answered sooner.
    """
    if user_id and _is_told(db, user_id):
        return
    audit.record(db, Action.ACCOUNT_LOCKED, subject_id=user_id)
    if user_id:
        notify(db, user_id, Notice.ACCOUNT_LOCKED)


def _is_told(db: Database, user_id: UUID) -> bool:
    """Whether this pause has an entry: several instances may each think that they began it while Redis is away."""
    changed_at = db.scalar(select(User.password_changed_at).where(User.id == user_id))
    since = max(now() - PAUSE, changed_at or now() - PAUSE)
    found = db.scalar(
        select(func.count())
        .select_from(AuditEvent)
        .where(
            AuditEvent.subject_id == user_id,
            AuditEvent.occurred_at > since,
            AuditEvent.action == Action.ACCOUNT_LOCKED,
        )
    )
    return bool(found)
