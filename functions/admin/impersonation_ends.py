"""How an impersonation ends that nobody closes: by its time, or with its session; a tick writes it down."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session as Database

from shared import audit, session
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import Session
from shared.database.models.trust import Impersonation, ImpersonationEnding
from shared.database.transaction import transaction

AT_ONCE: Final = 100


def end(
    db: Database, found: Impersonation, ending: ImpersonationEnding, at: datetime, *, by: UUID | None = None
) -> None:
    """Keep that it is over, within the caller's transaction; `by` is who ended it, where that is known."""
    found.ended_at, found.ending = at, ending
    audit.record(
        db,
        Action.IMPERSONATION_ENDED,
        subject_id=found.user_id,
        resource=(Impersonation.__tablename__, found.id),
        actor_id=by or found.administrator_id,
        details={"by": ending, "at": at.isoformat()},
        purpose=found.reason_code,
    )
    db.flush()


@transaction
def write_down_ends(db: Database) -> int:
    """Write down the end of those whose session is over, or was ended, or is gone; how many."""
    return _end_lapsed(db, true())


def end_lapsed_of(db: Database, administrator_id: UUID) -> None:
    """The same of one administrator's, within their own transaction, so that they need not wait for the tick."""
    _end_lapsed(db, Impersonation.administrator_id == administrator_id)


def _end_lapsed(db: Database, whose: ColumnElement[bool]) -> int:
    rows = db.execute(
        select(Impersonation, Session)
        .outerjoin(Session, Session.id == Impersonation.id)
        .where(Impersonation.ended_at.is_(None), whose)
        .order_by(Impersonation.began_at)
        .limit(AT_ONCE)
    ).all()
    over = [(found, *how) for found, opened in rows if (how := _how_it_ended(opened))]
    for found, ending, at in over:
        end(db, found, ending, at)
    return len(over)


def _how_it_ended(opened: Session | None) -> tuple[ImpersonationEnding, datetime] | None:
    if opened is None:  # the person's account was erased meanwhile
        return ImpersonationEnding.REVOKED, now()
    if opened.revoked_at is not None:
        return ImpersonationEnding.REVOKED, opened.revoked_at
    over_at = session.impersonation_ends_at(opened)
    return (ImpersonationEnding.EXPIRED, over_at) if over_at <= now() else None
