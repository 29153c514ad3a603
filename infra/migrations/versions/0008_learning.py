"""Models, training runs and rollouts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "training_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("feedback_days", sa.Integer(), nullable=False),
        sa.Column("execution", sa.Text(), nullable=True),
        sa.Column("examples", sa.Integer(), nullable=True),
        sa.Column("dataset_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("metrics", JSONB(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'failed')", name=op.f("ck_training_run_status")
        ),
        sa.CheckConstraint(
            "status NOT IN ('succeeded', 'failed') OR finished_at IS NOT NULL",
            name=op.f("ck_training_run_finished_when"),
        ),
        sa.CheckConstraint("trigger IN ('schedule', 'administrator')", name=op.f("ck_training_run_trigger")),
        sa.CheckConstraint("feedback_days >= 1", name=op.f("ck_training_run_feedback_days")),
        sa.ForeignKeyConstraint(["requested_by"], ["user.id"], name=op.f("fk_training_run_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_run")),
    )
    op.create_index("ix_training_run_created_at", "training_run", ["created_at"])
    op.create_index(
        "uq_training_run_unfinished",
        "training_run",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )

    op.create_table(
        "model_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("artifact_uri", sa.Text(), nullable=False),
        sa.Column("artifact_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("base_model", sa.Text(), nullable=False),
        sa.Column("metrics", JSONB(), nullable=False),
        sa.Column("thresholds", JSONB(), nullable=False),
        sa.Column("thresholds_version", sa.Text(), nullable=False),
        sa.Column("training_run_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('candidate', 'challenger', 'champion', 'retired', 'rejected')",
            name=op.f("ck_model_version_status"),
        ),
        sa.CheckConstraint("octet_length(artifact_sha256) = 32", name=op.f("ck_model_version_artifact_sha256_length")),
        sa.ForeignKeyConstraint(
            ["training_run_id"], ["training_run.id"], name=op.f("fk_model_version_training_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_version")),
        sa.UniqueConstraint("name", name=op.f("uq_model_version_name")),
    )
    op.create_index("ix_model_version_created_at", "model_version", ["created_at"])
    op.create_index(op.f("ix_model_version_training_run_id"), "model_version", ["training_run_id"])
    op.create_index(
        "uq_model_version_champion",
        "model_version",
        ["status"],
        unique=True,
        postgresql_where=sa.text("status = 'champion'"),
    )

    op.create_table(
        "rollout",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("champion_id", sa.Uuid(), nullable=False),
        sa.Column("challenger_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("percent", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("evidence", JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("started_by", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status = 'active' OR finished_at IS NOT NULL", name=op.f("ck_rollout_finished_when")),
        sa.CheckConstraint("status IN ('active', 'completed', 'rolled_back')", name=op.f("ck_rollout_status")),
        sa.CheckConstraint("champion_id <> challenger_id", name=op.f("ck_rollout_two_models")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_rollout_percent")),
        sa.ForeignKeyConstraint(["approved_by"], ["user.id"], name=op.f("fk_rollout_approved_by")),
        sa.ForeignKeyConstraint(["challenger_id"], ["model_version.id"], name=op.f("fk_rollout_challenger_id")),
        sa.ForeignKeyConstraint(["champion_id"], ["model_version.id"], name=op.f("fk_rollout_champion_id")),
        sa.ForeignKeyConstraint(["started_by"], ["user.id"], name=op.f("fk_rollout_started_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollout")),
    )
    op.create_index("ix_rollout_started_at", "rollout", ["started_at"])
    op.create_index(
        "uq_rollout_active", "rollout", ["status"], unique=True, postgresql_where=sa.text("status = 'active'")
    )
