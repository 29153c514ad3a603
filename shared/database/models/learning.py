"""What therapists answer to the model, the models there are, the runs that made them, and how far a new one serves."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, Integer, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models import analysis as _analysis  # noqa: F401 - the tables that foreign keys name
from shared.database.models.analysis import Label
from shared.database.models.base import Base, CreatedAt, Digest, Id, OneOf, Sealed, UpdatedAt, index_where, unique_where


class MLFeedback(Base):
    """A therapist's standing answer to one analysis; `history` keeps earlier answers, without their notes."""

    __tablename__ = "ml_feedback"
    __table_args__ = (
        UniqueConstraint("analysis_id"),
        CheckConstraint("NOT is_correct OR corrected_label IS NULL", name="correction"),
        CheckConstraint("revision >= 1", name="revision"),
        Index("ix_ml_feedback_created_at", "created_at"),
        Index("ix_ml_feedback_therapist_id_created_at", "therapist_id", "created_at"),
    )

    id: Mapped[Id]
    analysis_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("message_analysis.id", ondelete="CASCADE"))
    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    is_correct: Mapped[bool]
    corrected_label: Mapped[Label | None] = mapped_column(OneOf(Label))
    notes: Mapped[Sealed | None]
    revision: Mapped[int] = mapped_column(Integer, default=1)
    history: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class ModelStatus(StrEnum):
    """What a model does: one champion answers, a challenger is compared with it."""

    CANDIDATE = "candidate"
    CHALLENGER = "challenger"
    CHAMPION = "champion"
    RETIRED = "retired"
    REJECTED = "rejected"


class RunStatus(StrEnum):
    """How far a training run has come."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RunTrigger(StrEnum):
    """Who asked for a training run."""

    SCHEDULE = "schedule"
    ADMINISTRATOR = "administrator"


class RolloutStatus(StrEnum):
    """Whether a rollout still moves."""

    ACTIVE = "active"
    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"


class TrainingRun(Base):
    """One retraining over the feedback of the last days; a queued or running one keeps others of its kind out.

    `stage`, `log_tail` (its last lines) and `heartbeat_at` are the running job's own words; `error` is a code.
    """

    __tablename__ = "training_run"
    __table_args__ = (
        CheckConstraint("feedback_days >= 1", name="feedback_days"),
        CheckConstraint("status NOT IN ('succeeded', 'failed') OR finished_at IS NOT NULL", name="finished_when"),
        unique_where("uq_training_run_unfinished", "kind", where="status IN ('queued', 'running')"),
        Index("ix_training_run_created_at", "created_at"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(default="retrain")
    status: Mapped[RunStatus] = mapped_column(OneOf(RunStatus), default=RunStatus.QUEUED)
    trigger: Mapped[RunTrigger] = mapped_column(OneOf(RunTrigger))
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    feedback_days: Mapped[int] = mapped_column(Integer)
    execution: Mapped[str | None]
    examples: Mapped[int | None] = mapped_column(Integer)
    dataset_sha256: Mapped[Digest | None]
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str | None]
    stage: Mapped[str | None]
    log_tail: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ModelVersion(Base):
    """A checkpoint that may serve: where it lies, what it scored, and the thresholds it alerts by.

    `verdict` is what its comparison with the model that serves came to, None before it was judged.
    """

    __tablename__ = "model_version"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("octet_length(artifact_sha256) = 32", name="artifact_sha256_length"),
        unique_where("uq_model_version_champion", "status", where="status = 'champion'"),
        Index("ix_model_version_created_at", "created_at"),
    )

    id: Mapped[Id]
    name: Mapped[str]
    status: Mapped[ModelStatus] = mapped_column(OneOf(ModelStatus), default=ModelStatus.CANDIDATE)
    artifact_uri: Mapped[str]
    artifact_sha256: Mapped[Digest]
    base_model: Mapped[str]
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    thresholds: Mapped[dict[str, Any]] = mapped_column(default=dict)
    thresholds_version: Mapped[str]
    training_run_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("training_run.id"), index=True)
    verdict: Mapped[dict[str, Any] | None]
    created_at: Mapped[CreatedAt]
    promoted_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class Rollout(Base):
    """A challenger's way to all patients, in steps of percent, each on evidence; one at a time.

    `address` is the challenger's own, None until it answers there. `serving` names the revisions of both, and
    `settled_at` says since when Cloud Run serves what the row says. `asked_by` wants the last step, on which
    `approved_by` decides.
    """

    __tablename__ = "rollout"
    __table_args__ = (
        CheckConstraint("champion_id <> challenger_id", name="two_models"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("status = 'active' OR finished_at IS NOT NULL", name="finished_when"),
        unique_where("uq_rollout_active", "status", where="status = 'active'"),
        CheckConstraint("asked_by IS NULL OR asked_at IS NOT NULL", name="asked_when"),
        CheckConstraint("approved_by IS NULL OR approved_by <> asked_by", name="two_administrators"),
        index_where("ix_rollout_to_settle", "started_at", where="settled_at IS NULL"),
        Index("ix_rollout_started_at", "started_at"),
    )

    id: Mapped[Id]
    champion_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("model_version.id"))
    challenger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("model_version.id"))
    status: Mapped[RolloutStatus] = mapped_column(OneOf(RolloutStatus), default=RolloutStatus.ACTIVE)
    percent: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(Integer, default=1)
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str | None]
    address: Mapped[str | None]
    serving: Mapped[dict[str, Any] | None]
    started_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    asked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[datetime | None]
    approved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    started_at: Mapped[CreatedAt]
    stage_started_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ShadowAnswer(Base):
    """What a challenger said of a message that the champion had answered; nobody is shown it, and it alerts nobody.

    `is_flagged` is whether it would have; an answer that did not come has no label.
    """

    __tablename__ = "shadow_answer"
    __table_args__ = (
        UniqueConstraint("rollout_id", "analysis_id"),
        CheckConstraint("label IS NOT NULL OR NOT is_flagged", name="flagged_by_answer"),
        Index("ix_shadow_answer_analysis_id", "analysis_id"),
        Index("ix_shadow_answer_patient_id", "patient_id"),
    )

    id: Mapped[Id]
    rollout_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("rollout.id"))
    analysis_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("message_analysis.id", ondelete="CASCADE"))
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    label: Mapped[Label | None] = mapped_column(OneOf(Label))
    confidence: Mapped[float | None] = mapped_column(Double)
    is_flagged: Mapped[bool]
    latency_ms: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]


class DriftReport(Base):
    """How a week's messages compare with what one version learnt from; `measures` by name, shares and index of each.

    `week_start` is a Monday in UTC; `texts` were analysed by that version in that week. Nothing in it is of one person.
    """

    __tablename__ = "drift_report"
    __table_args__ = (UniqueConstraint("week_start", "model_version"),)

    id: Mapped[Id]
    week_start: Mapped[date]
    model_version: Mapped[str]
    texts: Mapped[int] = mapped_column(Integer)
    measures: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]
