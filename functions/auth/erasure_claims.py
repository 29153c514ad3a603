"""A request for erasure that is due, claimed by one job at a time for the length of a lease.

A request's `due_at` is when its next step is due: the end of the grace period, then the end of retention. Claiming
one moves it a lease ahead, so that a second job passes it by, and one that was killed is claimed again.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.trust import ErasureRequest, ErasureStatus
from shared.database.transaction import transaction

LEASE: Final = timedelta(minutes=15)
TRIES: Final = 12
"""Of each transaction: nobody waits for the job, and it shares its tables with everybody."""


@dataclass(frozen=True)
class Claimed:
    """A request that nobody else works on for the time of a lease."""

    id: UUID
    user_id: UUID
    identity_is_gone: bool


class Halted(Exception):
    """The request is no longer running: somebody put a legal hold on it. Nothing more is done to it."""


@transaction(tries=TRIES)
def claim_next(db: Database) -> Claimed | None:
    """The request that is due longest, for us alone until the lease ends."""
    moment = now()
    is_due = (
        ErasureRequest.status.in_((ErasureStatus.PENDING, ErasureStatus.RUNNING)),
        ErasureRequest.due_at <= moment,
    )
    found = db.execute(
        select(ErasureRequest.id, ErasureRequest.started_at)
        .where(*is_due)
        .order_by(ErasureRequest.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if found is None:
        return None
    row = db.execute(
        update(ErasureRequest)
        .where(ErasureRequest.id == found.id, *is_due)
        .values(
            status=ErasureStatus.RUNNING,
            started_at=found.started_at or moment,
            due_at=moment + LEASE,
        )
        .returning(ErasureRequest.id, ErasureRequest.user_id, ErasureRequest.steps)
    ).one()
    return Claimed(row.id, row.user_id, "identity" in row.steps)


def running(db: Database, claimed: Claimed) -> ErasureRequest:
    """The claimed request, which every step looks at in its own transaction. Raises Halted."""
    request = db.get_one(ErasureRequest, claimed.id)
    if request.status is not ErasureStatus.RUNNING:
        raise Halted
    return request


def note_step(request: ErasureRequest, name: str) -> None:
    """Keep, with what it did, that a step is done and when."""
    request.steps = {**request.steps, name: now().isoformat()}
