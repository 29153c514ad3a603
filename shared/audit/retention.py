"""Entries of the audit trail that are old enough go, with the lists that name them; their seals stay in the chain."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row, delete, select
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit.canonical import each_leaf
from shared.audit_actions import Action
from shared.database.models.audit_trail import AuditEvent, AuditSeal, AuditSealLeaves

EVENTS_AT_ONCE: Final = 5_000
SEALS_AT_ONCE: Final = 200


def retention_ends(moment: datetime, years: int) -> datetime:
    """Entries from before this may be gone at a moment (UTC)."""
    moment = moment.astimezone(UTC)
    return moment.replace(year=moment.year - years, day=28 if (moment.month, moment.day) == (2, 29) else moment.day)


def retire_next(db: Database, before: datetime, after: int = 0) -> int | None:
    """Remove what the oldest seals cover whose spans ended before a moment; the last one's number, None at the end.

    `after` is the number that the call before answered. The login has to be the schema's owner's: the product's own
    can remove nothing of the trail. What was removed is itself an entry.
    """
    seals = _oldest(db, before, after)
    if not seals:
        return None
    ids = [event_id for seal in seals for event_id, _ in each_leaf(bytes(seal.leaves))]
    for start in range(0, len(ids), 1_000):
        db.execute(delete(AuditEvent).where(AuditEvent.id.in_(ids[start : start + 1_000])))
    db.execute(delete(AuditSealLeaves).where(AuditSealLeaves.id.in_([seal.id for seal in seals])))
    first, last = seals[0].number, seals[-1].number
    told = {"first": str(first), "last": str(last), "entries": str(len(ids))}
    audit.record(db, Action.AUDIT_RETIRED, details=told)
    return int(last)


def _oldest(db: Database, before: datetime, after: int) -> Sequence[Row[Any]]:
    query = (
        select(AuditSeal.id, AuditSeal.number, AuditSeal.event_count, AuditSealLeaves.leaves)
        .join(AuditSealLeaves, AuditSealLeaves.id == AuditSeal.id)
        .where(AuditSeal.number > after, AuditSeal.until_at <= before)
        .order_by(AuditSeal.number)
        .limit(SEALS_AT_ONCE)
    )
    total = 0
    some: list[Row[Any]] = []
    for seal in db.execute(query):
        total += seal.event_count
        if some and total > EVENTS_AT_ONCE:
            break
        some.append(seal)
    return some
