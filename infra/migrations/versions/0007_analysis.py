"""Analyses, risk events and feedback."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "message_analysis",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("message_version", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("all_scores", JSONB(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("thresholds_version", sa.Text(), nullable=False),
        sa.Column("risk_level", sa.Text(), nullable=False),
        sa.Column("phrase_ids", JSONB(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("may_train", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "label IN ('Anxiety', 'Bipolar', 'Depression', 'Normal', 'Personality disorder', 'Stress', 'Suicidal')",
            name=op.f("ck_message_analysis_label"),
        ),
        sa.CheckConstraint(
            "risk_level IN ('none', 'low', 'raised', 'high')", name=op.f("ck_message_analysis_risk_level")
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_message_analysis_confidence")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_message_analysis_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_analysis_message_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["user.id"], name=op.f("fk_message_analysis_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_analysis")),
        sa.UniqueConstraint(
            "message_id", "message_version", name=op.f("uq_message_analysis_message_id_message_version")
        ),
    )
    op.create_index("ix_message_analysis_confidence", "message_analysis", ["confidence"])
    op.create_index("ix_message_analysis_created_at", "message_analysis", ["created_at"])
    op.create_index("ix_message_analysis_model_version_created_at", "message_analysis", ["model_version", "created_at"])
    op.create_index("ix_message_analysis_patient_id_created_at", "message_analysis", ["patient_id", "created_at"])

    op.create_table(
        "ml_feedback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("analysis_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("is_correct", sa.Boolean(), nullable=False),
        sa.Column("corrected_label", sa.Text(), nullable=True),
        sa.Column("notes", sa.LargeBinary(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("history", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "corrected_label IN ('Anxiety', 'Bipolar', 'Depression', 'Normal', "
            "'Personality disorder', 'Stress', 'Suicidal')",
            name=op.f("ck_ml_feedback_corrected_label"),
        ),
        sa.CheckConstraint("NOT is_correct OR corrected_label IS NULL", name=op.f("ck_ml_feedback_correction")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_ml_feedback_revision")),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["message_analysis.id"], name=op.f("fk_ml_feedback_analysis_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["therapist_id"], ["user.id"], name=op.f("fk_ml_feedback_therapist_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ml_feedback")),
        sa.UniqueConstraint("analysis_id", name=op.f("uq_ml_feedback_analysis_id")),
    )
    op.create_index("ix_ml_feedback_created_at", "ml_feedback", ["created_at"])
    op.create_index("ix_ml_feedback_therapist_id_created_at", "ml_feedback", ["therapist_id", "created_at"])

    op.create_table(
        "risk_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("message_version", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("analysis_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("phrase_ids", JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.Uuid(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("outcome_note", sa.LargeBinary(), nullable=True),
        sa.Column("assigned_to", sa.Uuid(), nullable=True),
        sa.Column("escalation_step", sa.SmallInteger(), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_escalation_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("level IN ('none', 'low', 'raised', 'high')", name=op.f("ck_risk_event_level")),
        sa.CheckConstraint("level IN ('raised', 'high')", name=op.f("ck_risk_event_level_alerts")),
        sa.CheckConstraint(
            "outcome IN ('contacted_safe', 'safety_plan', 'emergency_services', "
            "'referred', 'not_reached', 'no_risk_found')",
            name=op.f("ck_risk_event_outcome"),
        ),
        sa.CheckConstraint("source IN ('model', 'phrase')", name=op.f("ck_risk_event_source")),
        sa.CheckConstraint(
            "status <> 'acknowledged' OR acknowledged_at IS NOT NULL", name=op.f("ck_risk_event_acknowledged_when")
        ),
        sa.CheckConstraint(
            "status <> 'in_progress' OR started_at IS NOT NULL", name=op.f("ck_risk_event_started_when")
        ),
        sa.CheckConstraint(
            "status <> 'resolved' OR (resolved_at IS NOT NULL AND outcome IS NOT NULL AND outcome_note IS NOT NULL)",
            name=op.f("ck_risk_event_resolved_with_note"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'acknowledged', 'in_progress', 'resolved')", name=op.f("ck_risk_event_status")
        ),
        sa.CheckConstraint("escalation_step >= 0", name=op.f("ck_risk_event_escalation_step")),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["user.id"], name=op.f("fk_risk_event_acknowledged_by")),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["message_analysis.id"], name=op.f("fk_risk_event_analysis_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["assigned_to"], ["user.id"], name=op.f("fk_risk_event_assigned_to")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_risk_event_conversation_id")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_risk_event_message_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["user.id"], name=op.f("fk_risk_event_patient_id")),
        sa.ForeignKeyConstraint(["resolved_by"], ["user.id"], name=op.f("fk_risk_event_resolved_by")),
        sa.ForeignKeyConstraint(["started_by"], ["user.id"], name=op.f("fk_risk_event_started_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_event")),
        sa.UniqueConstraint("message_id", "message_version", name=op.f("uq_risk_event_message_id_message_version")),
    )
    op.create_index("ix_risk_event_analysis_id", "risk_event", ["analysis_id"])
    op.create_index(
        "ix_risk_event_next_escalation_at",
        "risk_event",
        ["next_escalation_at"],
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.create_index("ix_risk_event_patient_id_opened_at", "risk_event", ["patient_id", "opened_at"])
    op.create_index("ix_risk_event_status_opened_at", "risk_event", ["status", "opened_at"])
