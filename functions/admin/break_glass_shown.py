"""Emergency access as administrators see it: who opened whose record, why, until when, and what its review said."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.contract import Schema
from shared.database.models.trust import BreakGlassGrant

from .people import NamedPerson, named
from .reasons import BreakGlassReason, opened

TABLE: Final = BreakGlassGrant.__tablename__


class GrantState(StrEnum):
    """Where it stands: it is open, or over and to be reviewed, or so for longer than it may be, or reviewed."""

    OPEN = "open"
    AWAITING_REVIEW = "awaiting-review"
    OVERDUE = "overdue"
    REVIEWED = "reviewed"


class ReviewOutcome(StrEnum):
    """What another administrator found."""

    JUSTIFIED = "justified"
    FOLLOW_UP = "follow-up"
    """There is something to be asked or done yet."""
    NOT_JUSTIFIED = "not-justified"


class ShownReview(Schema):
    """The review: until when somebody else has to close it, and what they said."""

    due_at: datetime
    overdue: bool
    reviewed_at: datetime | None
    reviewed_by: NamedPerson | None
    outcome: ReviewOutcome | None
    note: str | None


class ShownGrant(Schema):
    """One opening of a record."""

    id: UUID
    state: GrantState
    administrator: NamedPerson
    patient: NamedPerson
    reason_code: BreakGlassReason
    reason: str
    granted_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    patient_told: bool
    """Whether the patient was told by mail; in their list of who looked it is in any case."""
    review: ShownReview


def shown_grants(db: Database, found: Sequence[BreakGlassGrant]) -> list[ShownGrant]:
    """In as many queries for many as for one."""
    ids = {one for grant in found for one in (grant.administrator_id, grant.patient_id, grant.reviewed_by)}
    people = named(db, ids)
    return [_shown(grant, people) for grant in found]


def is_open(grant: BreakGlassGrant) -> bool:
    """Whether the record can still be read with it."""
    return grant.ended_at is None and now() < grant.expires_at


def _shown(grant: BreakGlassGrant, people: dict[UUID, NamedPerson]) -> ShownGrant:
    return ShownGrant(
        id=grant.id,
        state=_state(grant),
        administrator=people[grant.administrator_id],
        patient=people[grant.patient_id],
        reason_code=BreakGlassReason(grant.reason_code),
        reason=opened(grant.reason, TABLE, "reason", grant.id),
        granted_at=grant.granted_at,
        expires_at=grant.expires_at,
        ended_at=grant.ended_at,
        patient_told=grant.patient_told,
        review=_review(grant, people),
    )


def _state(grant: BreakGlassGrant) -> GrantState:
    if grant.reviewed_at is not None:
        return GrantState.REVIEWED
    if is_open(grant):
        return GrantState.OPEN
    return GrantState.OVERDUE if _is_overdue(grant) else GrantState.AWAITING_REVIEW


def _is_overdue(grant: BreakGlassGrant) -> bool:
    return grant.reviewed_at is None and grant.review_due_at <= now()


def _review(grant: BreakGlassGrant, people: dict[UUID, NamedPerson]) -> ShownReview:
    return ShownReview(
        due_at=grant.review_due_at,
        overdue=_is_overdue(grant),
        reviewed_at=grant.reviewed_at,
        reviewed_by=people[grant.reviewed_by] if grant.reviewed_by else None,
        outcome=ReviewOutcome(grant.review_outcome) if grant.review_outcome else None,
        note=opened(grant.review_note, TABLE, "review_note", grant.id) if grant.review_note else None,
    )
