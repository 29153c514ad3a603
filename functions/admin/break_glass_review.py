"""POST /api/admin/break-glass/{id}/review: somebody else says whether a record was opened rightly."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit, outbox
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.trust import BreakGlassGrant
from shared.database.transaction import transaction
from shared.events import PrivacyNotice
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, Forbidden, NotFound
from shared.roles import administrators
from shared.session import Caller

from .break_glass_shown import TABLE, ReviewOutcome, ShownGrant, is_open, shown_grants
from .reasons import Words, sealed

routes = Routes()


class OwnGrant(Forbidden):
    """Nobody reviews what they did themselves."""

    title = "Somebody else has to review this"


class RecordStillOpen(Conflict):
    """What may still be read is not reviewed yet."""

    title = "This record is still open; please close it before it is reviewed"


class ReviewedAlready(Conflict):
    """The review is closed, and stays as it is."""

    title = "This was reviewed already"


class BreakGlassReview(Schema):
    """What was found, and in a sentence or two why."""

    outcome: ReviewOutcome
    note: Words


@dataclass(frozen=True)
class Reviewed:
    """What was reviewed, and what the privacy officer is told of it after the commit."""

    shown: ShownGrant
    told: PrivacyNotice


@routes.endpoint(
    "POST /api/admin/break-glass/{id}/review",
    allow=administrators,
    limit=Limit("review-break-glass", 30, per=60),
    fresh=True,
)
def review_opening(caller: Caller, id: UUID, review: BreakGlassReview) -> ShownGrant:
    """Close the review of what another administrator opened; the privacy officer is told."""
    reviewed = close_review(caller, id, review)
    outbox.hand_over(reviewed.told)
    return reviewed.shown


@transaction
def close_review(db: Database, caller: Caller, grant_id: UUID, review: BreakGlassReview) -> Reviewed:
    """Raises NotFound, OwnGrant, RecordStillOpen, ReviewedAlready."""
    grant = db.scalar(select(BreakGlassGrant).where(BreakGlassGrant.id == grant_id).with_for_update())
    if grant is None:
        raise NotFound(denial=Denial(Action.BREAK_GLASS_REVIEWED, resource_id=grant_id))
    if grant.administrator_id == caller.user_id:
        raise OwnGrant(denial=Denial(Action.BREAK_GLASS_REVIEWED, grant.patient_id, grant_id))
    if grant.reviewed_at is not None:
        raise ReviewedAlready
    if is_open(grant):
        raise RecordStillOpen
    grant.reviewed_at, grant.reviewed_by = now(), caller.user_id
    grant.review_outcome = review.outcome
    grant.review_note = sealed(review.note, TABLE, "review_note", grant.id)
    db.flush()
    outcome = {"outcome": review.outcome}
    audit.record(
        db, Action.BREAK_GLASS_REVIEWED, subject_id=grant.patient_id, resource=(TABLE, grant.id), details=outcome
    )
    return Reviewed(shown_grants(db, [grant])[0], _officer_is_told(db, caller, grant))


def _officer_is_told(db: Database, caller: Caller, grant: BreakGlassGrant) -> PrivacyNotice:
    facts = {"Reviewed by": str(caller.user_id), "Outcome": grant.review_outcome or ""}
    event = PrivacyNotice(occurred_at=now(), notice="record-reviewed", grant_ids=(grant.id,), facts=facts)
    outbox.record(db, event)
    return event
