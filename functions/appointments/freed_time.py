"""Time that can be booked again is offered to who waits for it, wherever it became free."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Database

from shared import outbox
from shared.clock import now
from shared.database.models.scheduling import WaitlistEntry, WaitlistStatus
from shared.events import TimeFreed


def note_freed(db: Database, therapist_id: UUID) -> tuple[TimeFreed, ...]:
    """Keep it in the caller's transaction where somebody waits; hand over what it returns after the commit."""
    somebody = exists().where(
        WaitlistEntry.therapist_id == therapist_id, WaitlistEntry.status == WaitlistStatus.WAITING
    )
    if not db.scalar(select(somebody)):
        return ()
    event = TimeFreed(occurred_at=now(), therapist_id=therapist_id)
    outbox.record(db, event)
    return (event,)
