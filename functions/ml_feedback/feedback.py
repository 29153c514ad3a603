"""POST, PATCH and GET /api/ml/feedback: a therapist's standing answer to what the model said of a patient's message."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import Field, StringConstraints
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared import access, audit
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.encryption import KeyRing, seal, unseal
from shared.database.models.analysis import Label
from shared.database.models.learning import MLFeedback
from shared.database.transaction import expect_unique, transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, Denial, FieldFault, NotFound, Unprocessable
from shared.roles import Role, therapists, therapists_and_administrators
from shared.session import Caller

from .judged import Judged, judged_analysis
from .missed import MissedInSample, missed_in_sample

routes = Routes()

_LINES = r"^(?:[^\x00-\x1f\x7f-\x9f]|[\t\r\n])*$"


class AlreadyAnswered(Conflict):
    """One answer stands per analysis; whoever gave it can revise it."""

    title = "This analysis has been answered already"


class RevisionStale(Conflict):
    """The answer was revised since the caller looked."""

    title = "This answer was revised meanwhile; please look at it again"


class Judgement(Schema):
    """Whether the model was right, and where it was not, what it should have said."""

    is_correct: bool
    corrected_label: Label | None = None
    notes: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=_LINES)] | None = None
    """For colleagues and auditors; training never sees it."""


class NewFeedback(Judgement):
    """The judgement of an analysis that nobody has answered yet."""

    analysis_id: UUID


class RevisedFeedback(Judgement):
    """What holds instead, and the revision that the caller looked at."""

    revision: Annotated[int, Field(ge=1, le=2**31 - 2)]


class ShownFeedback(Schema):
    """The standing answer."""

    id: UUID
    analysis_id: UUID
    therapist_id: UUID
    is_correct: bool
    corrected_label: Label | None
    notes: str | None
    revision: int
    created_at: datetime
    updated_at: datetime


class FeedbackStats(Schema):
    """How often the model was right, as far as therapists answered; `accuracy` in percent, 0 where nobody did."""

    total_feedback: int
    correct_count: int
    accuracy: float


class LabelCount(Schema):
    """How often therapists put this label in the model's place."""

    label: Label
    count: int


class FeedbackOverview(Schema):
    """All standing answers for an administrator, a therapist's own ones for them."""

    stats: FeedbackStats
    corrections_by_label: list[LabelCount]
    missed: list[MissedInSample] | None = None
    """For administrators: by version, what was missed in the random share of what was not flagged."""


@routes.endpoint(
    "POST /api/ml/feedback", allow=therapists, limit=Limit("give-feedback", 120, per=60), status=201, once=True
)
def give_feedback(caller: Caller, new: NewFeedback) -> ShownFeedback:
    """Answer an analysis of a message of one's own patient."""
    _require_consistent(new)
    return given(caller, new)


@routes.endpoint("PATCH /api/ml/feedback/{id}", allow=therapists, limit=Limit("revise-feedback", 120, per=60))
def revise_feedback(caller: Caller, id: UUID, revised: RevisedFeedback) -> ShownFeedback:
    """Revise one's own answer; what it was before stays in its history."""
    _require_consistent(revised)
    return changed(caller, id, revised)


@routes.endpoint("GET /api/ml/feedback", allow=therapists_and_administrators, limit=Limit("feedback", 120, per=60))
def show_feedback(caller: Caller) -> FeedbackOverview:
    """How often the model was right, and what it was corrected to."""
    return overview(caller)


@transaction
def given(db: Database, caller: Caller, new: NewFeedback) -> ShownFeedback:
    """Keep the answer. Raises NotFound, LicenceNotVerified, AlreadyAnswered."""
    judged = judged_analysis(db, caller, new.analysis_id, action=Action.FEEDBACK_GIVEN)
    _require_a_correction(judged, new)
    feedback_id = uuid4()
    feedback = MLFeedback(
        id=feedback_id,
        analysis_id=new.analysis_id,
        therapist_id=caller.user_id,
        is_correct=new.is_correct,
        corrected_label=new.corrected_label,
        notes=_sealed(feedback_id, new.notes),
        created_at=now(),
        updated_at=now(),
    )
    with expect_unique(db, "uq_ml_feedback_analysis_id", AlreadyAnswered):
        db.add(feedback)
    return _shown(feedback)


@transaction
def changed(db: Database, caller: Caller, feedback_id: UUID, revised: RevisedFeedback) -> ShownFeedback:
    """Keep the revision, if the answer is the caller's and still the one they saw.

    Raises NotFound, LicenceNotVerified, RevisionStale.
    """
    feedback = db.scalar(select(MLFeedback).where(MLFeedback.id == feedback_id).with_for_update())
    if feedback is None or feedback.therapist_id != caller.user_id:
        access.require_licence(db, caller, action=Action.FEEDBACK_REVISED, resource_id=feedback_id)
        raise NotFound(denial=Denial(Action.FEEDBACK_REVISED, resource_id=feedback_id))
    judged = judged_analysis(
        db, caller, feedback.analysis_id, action=Action.FEEDBACK_REVISED, details=_change(feedback, revised)
    )
    _require_a_correction(judged, revised)
    if feedback.revision != revised.revision:
        raise RevisionStale
    feedback.history = [*feedback.history, _as_it_was(feedback)]
    feedback.is_correct, feedback.corrected_label = revised.is_correct, revised.corrected_label
    feedback.notes = _sealed(feedback.id, revised.notes)
    feedback.revision += 1
    feedback.updated_at = now()
    return _shown(feedback)


@transaction
def overview(db: Database, caller: Caller) -> FeedbackOverview:
    """Count all of it with one query. Raises LicenceNotVerified."""
    access.require_licence(db, caller, action=Action.FEEDBACK_READ)
    counts = select(MLFeedback.is_correct, MLFeedback.corrected_label, func.count()).group_by(
        MLFeedback.is_correct, MLFeedback.corrected_label
    )
    if caller.role is Role.THERAPIST:
        counts = counts.where(MLFeedback.therapist_id == caller.user_id)
    audit.record(db, Action.FEEDBACK_READ)
    missed = missed_in_sample(db) if caller.role is Role.ADMINISTRATOR else None
    return _overview([(correct, label, count) for correct, label, count in db.execute(counts)], missed)


def _overview(counts: list[tuple[bool, Label | None, int]], missed: list[MissedInSample] | None) -> FeedbackOverview:
    total = sum(count for *_, count in counts)
    correct = sum(count for is_correct, _, count in counts if is_correct)
    corrections = [LabelCount(label=label, count=count) for _, label, count in counts if label is not None]
    corrections.sort(key=lambda found: (-found.count, found.label))
    stats = FeedbackStats(total_feedback=total, correct_count=correct, accuracy=_percent(correct, total))
    return FeedbackOverview(stats=stats, corrections_by_label=corrections, missed=missed)


def _percent(part: int, whole: int) -> float:
    """Rounded to two decimals as people do it on paper."""
    if not whole:
        return 0.0
    return float((Decimal(100 * part) / whole).quantize(Decimal("0.01"), ROUND_HALF_UP))


def _require_consistent(judgement: Judgement) -> None:
    if judgement.is_correct and judgement.corrected_label is not None:
        raise Unprocessable(errors=[FieldFault("/correctedLabel", "has no place where the model was right")])
    if not judgement.is_correct and judgement.corrected_label is None:
        raise Unprocessable(errors=[FieldFault("/correctedLabel", "is needed where the model was not right")])


def _require_a_correction(judged: Judged, judgement: Judgement) -> None:
    if judgement.corrected_label is judged.label:
        raise Unprocessable(errors=[FieldFault("/correctedLabel", "is what the model said")])


def _change(feedback: MLFeedback, revised: RevisedFeedback) -> dict[str, str]:
    """What a revision changes, for the audit trail, which outlives a patient's record: no label, and no notes. Which
    label it was is in the line of this revision of the auditors' export.
    """
    had = unseal(KeyRing.CLINICAL, feedback.notes, "ml_feedback", "notes", feedback.id) if feedback.notes else None
    return {
        "feedback": str(feedback.id),
        "revision": str(feedback.revision + 1),
        "from": _in_a_word(feedback.is_correct),
        "to": _in_a_word(revised.is_correct),
        "label": _whether(revised.corrected_label is not feedback.corrected_label),
        "notes": _whether((revised.notes or None) != had),
    }


def _in_a_word(is_correct: bool) -> str:
    return "right" if is_correct else "wrong"


def _whether(changed: bool) -> str:
    return "changed" if changed else "as-before"


def _as_it_was(feedback: MLFeedback) -> dict[str, object]:
    return {
        "revision": feedback.revision,
        "isCorrect": feedback.is_correct,
        "correctedLabel": feedback.corrected_label,
        "until": now().isoformat(),
    }


def _sealed(feedback_id: UUID, notes: str | None) -> bytes | None:
    return seal(KeyRing.CLINICAL, notes, "ml_feedback", "notes", feedback_id) if notes else None


def _shown(feedback: MLFeedback) -> ShownFeedback:
    notes = feedback.notes
    return ShownFeedback(
        id=feedback.id,
        analysis_id=feedback.analysis_id,
        therapist_id=feedback.therapist_id,
        is_correct=feedback.is_correct,
        corrected_label=feedback.corrected_label,
        notes=unseal(KeyRing.CLINICAL, notes, "ml_feedback", "notes", feedback.id) if notes else None,
        revision=feedback.revision,
        created_at=feedback.created_at,
        updated_at=feedback.updated_at,
    )
