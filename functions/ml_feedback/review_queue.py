"""GET /api/ml/review-queue: which analyses a therapist's answer teaches most, without names."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select
from sqlalchemy.orm import Session as Database

from shared import access, audit
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.analysis import Label, MessageAnalysis, RiskLevel
from shared.database.models.learning import MLFeedback
from shared.database.models.messaging import Message
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.messages import open_body
from shared.roles import therapists
from shared.session import Caller

routes = Routes()

LOOKED_BACK: Final = timedelta(days=30)
UNFLAGGED: Final = (RiskLevel.NONE, RiskLevel.LOW)
SAMPLE_BEGINS: Final = "0"
"""Ids are random: what was not flagged and begins so is one in sixteen of it, and no other reason brings it here."""


class Reason(StrEnum):
    """Why an analysis is in the queue."""

    UNCERTAIN = "uncertain"
    """The model was less sure than of the others."""
    DISAGREEMENT = "disagreement"
    """The phrases that call for help and the model's label say different things."""
    SAMPLE = "sample"
    """One of a random share of what was not flagged: without it nobody knows what is missed."""


class QueueQuery(Schema):
    """How many. What is answered leaves the queue, so that it needs no pages."""

    limit: Annotated[int, Field(ge=1, le=50)] = 20


class QueuedAnalysis(Schema):
    """What to judge: the words and what the model said of them, and nobody's name."""

    analysis_id: UUID
    body: str
    label: Label
    confidence: float
    all_scores: dict[str, float]
    model_version: str
    reason: Reason
    created_at: datetime


class ReviewQueue(Schema):
    """The least certain first, then disagreements, then the random share."""

    items: list[QueuedAnalysis]


class ReviewQueueSize(Schema):
    """How much waits to be judged; a number that names nobody."""

    waiting: int


@routes.endpoint("GET /api/ml/review-queue", allow=therapists, limit=Limit("review-queue", 60, per=60))
def read_review_queue(caller: Caller, query: QueueQuery) -> ReviewQueue:
    """What patients wrote in the last 30 days, in conversations that the caller may read, and nobody has judged."""
    return ReviewQueue(items=queue(caller, query.limit))


@routes.endpoint("GET /api/ml/review-queue/size", allow=therapists, limit=Limit("review-queue-size", 120, per=60))
def read_review_queue_size(caller: Caller) -> ReviewQueueSize:
    """How many of them there are, without opening one."""
    return ReviewQueueSize(waiting=size_of(caller))


@transaction
def size_of(db: Database, caller: Caller) -> int:
    """Count them. Raises LicenceNotVerified, which is audited."""
    access.require_licence(db, caller, action=Action.REVIEW_QUEUE_READ)
    waiting = _unjudged(access.patients_followed(db, caller.user_id))
    return db.scalar(waiting.with_only_columns(func.count())) or 0


@transaction
def queue(db: Database, caller: Caller, limit: int) -> list[QueuedAnalysis]:
    """Fill half with the least certain, a quarter each with disagreements and the sample, and the rest as there is.

    Raises LicenceNotVerified, which is audited.
    """
    access.require_licence(db, caller, action=Action.REVIEW_QUEUE_READ)
    patients = access.patients_followed(db, caller.user_id)
    found = {reason: list(db.execute(_waiting(patients, reason).limit(limit))) for reason in Reason}
    items = _chosen(found, limit)
    for patient_id in sorted({row.MessageAnalysis.patient_id for _, row in items}):
        audit.record(db, Action.REVIEW_QUEUE_READ, subject_id=patient_id)
    return [_shown(reason, row) for reason, row in items]


def _chosen(found: Mapping[Reason, Sequence[Any]], limit: int) -> list[tuple[Reason, Any]]:
    """Of each reason's rows the first ones, none of them crowded out by the uncertain."""
    quarter = max(limit // 4, 1)
    others = [(reason, row) for reason in (Reason.DISAGREEMENT, Reason.SAMPLE) for row in found[reason][:quarter]]
    others = others[: limit - limit // 2]
    taken = {row.MessageAnalysis.id for _, row in others}
    uncertain = [row for row in found[Reason.UNCERTAIN] if row.MessageAnalysis.id not in taken][: limit - len(others)]
    more = [row for row in found[Reason.SAMPLE] if row.MessageAnalysis.id not in taken]
    filled = [*((Reason.UNCERTAIN, row) for row in uncertain), *others, *((Reason.SAMPLE, row) for row in more)]
    return filled[:limit]


def _waiting(patients: Mapping[UUID, UUID], reason: Reason) -> Select[tuple[MessageAnalysis, bytes | None]]:
    """What waits for this reason. The sample comes in the order of its ids, so that what is judged of it first is as
    good a draw as all of it: by confidence the sure ones would be cut off, among which what is missed hides."""
    if reason is Reason.SAMPLE:
        return _unjudged(patients).where(is_in_the_sample()).order_by(MessageAnalysis.id)
    rest = _unjudged(patients).where(~is_in_the_sample()).order_by(MessageAnalysis.confidence, MessageAnalysis.id)
    return rest.where(_disagrees()) if reason is Reason.DISAGREEMENT else rest


def _unjudged(patients: Mapping[UUID, UUID]) -> Select[tuple[MessageAnalysis, bytes | None]]:
    """Of messages that are still as they were analysed, in these conversations, each with its patient: by patients
    they are found, and by conversations told from what the same patients write to others."""
    return (
        select(MessageAnalysis, Message.body)
        .join(Message, Message.id == MessageAnalysis.message_id)
        .outerjoin(MLFeedback, MLFeedback.analysis_id == MessageAnalysis.id)
        .where(
            MessageAnalysis.patient_id.in_(patients.values()),
            MessageAnalysis.conversation_id.in_(patients),
            MessageAnalysis.created_at > now() - LOOKED_BACK,
            Message.version == MessageAnalysis.message_version,
            Message.deleted_at.is_(None),
            MLFeedback.id.is_(None),
        )
    )


def is_in_the_sample() -> ColumnElement[bool]:
    """Of a MessageAnalysis in a query: whether it is in the random share of what was not flagged."""
    return MessageAnalysis.risk_level.in_(UNFLAGGED) & cast(MessageAnalysis.id, String).startswith(SAMPLE_BEGINS)


def _disagrees() -> ColumnElement[bool]:
    """A phrase was found where the model sees nothing, or the model alone sees the worst."""
    phrases = func.jsonb_array_length(MessageAnalysis.phrase_ids)
    return or_(
        (phrases > 0) & (MessageAnalysis.label == Label.NORMAL),
        (phrases == 0) & (MessageAnalysis.label == Label.SUICIDAL),
    )


def _shown(reason: Reason, row: Any) -> QueuedAnalysis:
    analysis = row.MessageAnalysis
    return QueuedAnalysis(
        analysis_id=analysis.id,
        body=open_body(analysis.message_id, row.body),
        label=analysis.label,
        confidence=analysis.confidence,
        all_scores=analysis.all_scores,
        model_version=analysis.model_version,
        reason=reason,
        created_at=analysis.created_at,
    )
