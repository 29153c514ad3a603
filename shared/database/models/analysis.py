"""What the model said of a message, and the alert that follows."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, Integer, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.models import messaging as _messaging  # noqa: F401 - the tables that foreign keys name
from shared.database.models.base import (
    Base,
    CreatedAt,
    Id,
    OneOf,
    Sealed,
    index_where,
)


class Label(StrEnum):
    """The classifier's seven classes, exactly as its checkpoint names them."""

    ANXIETY = "Anxiety"
    BIPOLAR = "Bipolar"
    DEPRESSION = "Depression"
    NORMAL = "Normal"
    PERSONALITY_DISORDER = "Personality disorder"
    STRESS = "Stress"
    SUICIDAL = "Suicidal"


class RiskLevel(StrEnum):
    """How much a message worries: from `raised` on a risk event is opened, and `high` is alerted at once."""

    NONE = "none"
    LOW = "low"
    RAISED = "raised"
    HIGH = "high"


class RiskSource(StrEnum):
    """What found the risk first: the model's scores, or an explicit phrase in the request itself."""

    MODEL = "model"
    PHRASE = "phrase"


class RiskStatus(StrEnum):
    """Where an alert stands; it is resolved with a coded outcome and a note, never just closed."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"


class RiskOutcome(StrEnum):
    """How an alert ended."""

    CONTACTED_SAFE = "contacted_safe"
    SAFETY_PLAN = "safety_plan"
    EMERGENCY_SERVICES = "emergency_services"
    REFERRED = "referred"
    NOT_REACHED = "not_reached"
    NO_RISK_FOUND = "no_risk_found"


class MessageAnalysis(Base):
    """One version of a patient's message as one model saw it; `latency_ms` is the whole call's.

    `fell_back_from` is the version that was asked first and did not answer.
    """

    __tablename__ = "message_analysis"
    __table_args__ = (
        UniqueConstraint("message_id", "message_version"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        Index("ix_message_analysis_patient_id_created_at", "patient_id", "created_at"),
        Index("ix_message_analysis_model_version_created_at", "model_version", "created_at"),
        Index("ix_message_analysis_created_at", "created_at"),
        Index("ix_message_analysis_confidence", "confidence"),
        index_where(
            "ix_message_analysis_fell_back_from_created_at",
            "fell_back_from",
            "created_at",
            where="fell_back_from IS NOT NULL",
        ),
    )

    id: Mapped[Id]
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    message_version: Mapped[int] = mapped_column(Integer)
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id"))
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    label: Mapped[Label] = mapped_column(OneOf(Label))
    confidence: Mapped[float] = mapped_column(Double)
    all_scores: Mapped[dict[str, Any]]
    model_version: Mapped[str]
    fell_back_from: Mapped[str | None]
    thresholds_version: Mapped[str]
    risk_level: Mapped[RiskLevel] = mapped_column(OneOf(RiskLevel))
    phrase_ids: Mapped[list[str]] = mapped_column(default=list)
    latency_ms: Mapped[int] = mapped_column(Integer)
    may_train: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]


class RiskEvent(Base):
    """What worries in one version of a message; there is none twice, and it needs no analysis to exist.

    The first of a conversation is an alert as well, and has `alert_id` empty: those that follow within a while name it
    there and make it grow, each with its own level. Only the alert's own row tells where it stands: `clock_from` is
    when it opened, or last rose; `next_escalation_at` is when somebody else must be told; `version` guards each step
    (compare and swap).
    """

    __tablename__ = "risk_event"
    __table_args__ = (
        UniqueConstraint("message_id", "message_version"),
        CheckConstraint("level IN ('raised', 'high')", name="level_alerts"),
        CheckConstraint("status <> 'acknowledged' OR acknowledged_at IS NOT NULL", name="acknowledged_when"),
        CheckConstraint("status <> 'in_progress' OR started_at IS NOT NULL", name="started_when"),
        CheckConstraint(
            "status <> 'resolved' OR (resolved_at IS NOT NULL AND outcome IS NOT NULL AND outcome_note IS NOT NULL)",
            name="resolved_with_note",
        ),
        CheckConstraint("escalation_step >= 0", name="escalation_step"),
        Index("ix_risk_event_patient_id_opened_at", "patient_id", "opened_at"),
        Index("ix_risk_event_status_opened_at", "status", "opened_at"),
        Index("ix_risk_event_opened_at", "opened_at"),
        Index("ix_risk_event_analysis_id", "analysis_id"),
        Index("ix_risk_event_alert_id", "alert_id"),
        Index("ix_risk_event_conversation_id_opened_at", "conversation_id", "opened_at"),
        index_where("ix_risk_event_next_escalation_at", "next_escalation_at", where="status <> 'resolved'"),
    )

    id: Mapped[Id]
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    message_version: Mapped[int] = mapped_column(Integer)
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id"))
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    analysis_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("message_analysis.id", ondelete="SET NULL"))
    level: Mapped[RiskLevel] = mapped_column(OneOf(RiskLevel))
    source: Mapped[RiskSource] = mapped_column(OneOf(RiskSource))
    phrase_ids: Mapped[list[str]] = mapped_column(default=list)
    alert_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("risk_event.id", ondelete="SET NULL"))
    status: Mapped[RiskStatus] = mapped_column(OneOf(RiskStatus), default=RiskStatus.OPEN)
    version: Mapped[int] = mapped_column(Integer, default=1)
    opened_at: Mapped[CreatedAt]
    clock_from: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    started_at: Mapped[datetime | None]
    started_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    outcome: Mapped[RiskOutcome | None] = mapped_column(OneOf(RiskOutcome))
    outcome_note: Mapped[Sealed | None]
    assigned_to: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id"))
    escalation_step: Mapped[int] = mapped_column(SmallInteger, default=0)
    escalated_at: Mapped[datetime | None]
    next_escalation_at: Mapped[datetime | None]


class OnCallEntry(Base):
    """A therapist who is told of alerts that others leave unanswered, in the order of `position`.

    Without `starts_at` and `ends_at` they are on call at any time, else from the one to the other.
    """

    __tablename__ = "on_call_entry"
    __table_args__ = (
        UniqueConstraint("position"),
        CheckConstraint("position >= 1", name="position"),
        CheckConstraint("ends_at IS NULL OR starts_at IS NULL OR ends_at > starts_at", name="ends_later"),
        Index("ix_on_call_entry_therapist_id", "therapist_id"),
    )

    id: Mapped[Id]
    position: Mapped[int] = mapped_column(SmallInteger)
    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))


class ProbeRun(Base):
    """One look at whether alerts arrive: a marked message of nobody's was sent, and its alert came back or did not.

    `slot` counts them, so that of two ticks at once one sends.
    """

    __tablename__ = "probe_run"
    __table_args__ = (
        UniqueConstraint("slot"),
        CheckConstraint("failure IS NULL OR alarmed_at IS NOT NULL", name="failure"),
        Index("ix_probe_run_sent_at", "sent_at"),
    )

    id: Mapped[Id]
    slot: Mapped[int] = mapped_column(BigInteger)
    sent_at: Mapped[CreatedAt]
    arrived_at: Mapped[datetime | None]
    alarmed_at: Mapped[datetime | None]
    failure: Mapped[str | None]
