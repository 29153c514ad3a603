"""What time itself brings to opened records: they close, and who has not reviewed them is told of it once a day."""

from datetime import timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session as Database

from shared import outbox
from shared.clock import now
from shared.database.models.trust import BreakGlassGrant
from shared.database.transaction import transaction
from shared.events import PrivacyNotice

from .break_glass import end

AT_ONCE: Final = 100
"""Of each kind in one tick; the others go with the next."""
REMINDED_EVERY: Final = timedelta(hours=24)


@transaction
def close_lapsed(db: Database) -> int:
    """Write down the end of what may be read no more because its time is over; how many."""
    lapsed = db.scalars(
        select(BreakGlassGrant)
        .where(BreakGlassGrant.ended_at.is_(None), BreakGlassGrant.expires_at <= now())
        .order_by(BreakGlassGrant.expires_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for grant in lapsed:
        end(db, grant, by=None)
    return len(lapsed)


def ask_for_reviews() -> None:
    """Tell the privacy officer which reviews are overdue, all in one mail."""
    asked = note_overdue()
    if asked:
        outbox.hand_over(asked)


@transaction
def note_overdue(db: Database) -> PrivacyNotice | None:
    """Keep that the overdue ones are told of, and what tells of them; None where there is none to tell of today."""
    moment = now()
    untold = or_(BreakGlassGrant.reminded_at.is_(None), BreakGlassGrant.reminded_at <= moment - REMINDED_EVERY)
    overdue = db.scalars(
        select(BreakGlassGrant)
        .where(BreakGlassGrant.reviewed_at.is_(None), BreakGlassGrant.review_due_at <= moment, untold)
        .order_by(BreakGlassGrant.review_due_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not overdue:
        return None
    for grant in overdue:
        grant.reminded_at = moment
    since = overdue[0].review_due_at.isoformat(timespec="minutes")
    ids = tuple(grant.id for grant in overdue)
    event = PrivacyNotice(occurred_at=moment, notice="reviews-overdue", grant_ids=ids, facts={"Due since": since})
    outbox.record(db, event)
    return event
