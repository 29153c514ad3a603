"""What goes by itself: delivered events, dealt-with notices, answers for repeats or of trials, and old tokens."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.base import Base
from shared.database.models.credentials import Verification
from shared.database.models.delivery import IdempotencyRecord, WebhookReceipt
from shared.database.models.learning import ShadowAnswer
from shared.database.models.outbox_events import OutboxEvent
from shared.database.models.trust import BreakGlassGrant, Impersonation
from shared.database.transaction import transaction
from shared.events import AccountErased

KEPT: Final = timedelta(days=30)
SIX_YEARS: Final = timedelta(days=6 * 365 + 2)
"""For which it can be shown who looked into whose record and why (45 CFR 164.316(b)(2)(i))."""
BATCH: Final = 1000
BATCHES_AT_MOST: Final = 50
"""Of each kind in one call; the others go with the next."""


def remove_expired() -> int:
    """Remove what has expired, in batches; how many rows."""
    return sum(_remove(model, expired) for model, expired in _expired())


def _expired() -> list[tuple[type[Base], ColumnElement[bool]]]:
    before = now() - KEPT
    # A receipt carries an address, so it is not kept for a mail server that never takes it.
    receipt = (OutboxEvent.type == AccountErased.type) & OutboxEvent.delivered_at.is_(None)
    return [
        (OutboxEvent, OutboxEvent.delivered_at < before),
        (OutboxEvent, receipt & (OutboxEvent.created_at < before)),
        (WebhookReceipt, WebhookReceipt.processed_at < before),
        (IdempotencyRecord, IdempotencyRecord.expires_at < now()),
        (Verification, Verification.expires_at < before),
        (ShadowAnswer, ShadowAnswer.created_at < before),  # what they came to stays with the rollout
        (BreakGlassGrant, BreakGlassGrant.granted_at < now() - SIX_YEARS),
        (Impersonation, Impersonation.began_at < now() - SIX_YEARS),
    ]


def _remove(model: type[Base], expired: ColumnElement[bool]) -> int:
    removed = 0
    for _ in range(BATCHES_AT_MOST):
        batch = remove_expired_batch(model, expired)
        removed += batch
        if batch < BATCH:
            break
    return removed


@transaction
def remove_expired_batch(db: Database, model: Any, expired: ColumnElement[bool]) -> int:
    """Remove some of them; how many."""
    some = select(model.id).where(expired).limit(BATCH)
    return len(db.execute(delete(model).where(model.id.in_(some)).returning(model.id)).all())
