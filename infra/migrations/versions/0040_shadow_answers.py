"""What a challenger says of messages that the champion answered."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"

LABELS = "'Anxiety', 'Bipolar', 'Depression', 'Normal', 'Personality disorder', 'Stress', 'Suicidal'"


def upgrade() -> None:
    op.create_table(
        "shadow_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rollout_id", sa.Uuid(), nullable=False),
        sa.Column("analysis_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("is_flagged", sa.Boolean(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("label IS NOT NULL OR NOT is_flagged", name=op.f("ck_shadow_answer_flagged_by_answer")),
        sa.CheckConstraint(f"label IN ({LABELS})", name=op.f("ck_shadow_answer_label")),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["message_analysis.id"], name=op.f("fk_shadow_answer_analysis_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["user.id"], name=op.f("fk_shadow_answer_patient_id")),
        sa.ForeignKeyConstraint(["rollout_id"], ["rollout.id"], name=op.f("fk_shadow_answer_rollout_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_answer")),
        sa.UniqueConstraint("rollout_id", "analysis_id", name=op.f("uq_shadow_answer_rollout_id_analysis_id")),
    )
    op.create_index("ix_shadow_answer_analysis_id", "shadow_answer", ["analysis_id"])
    op.create_index("ix_shadow_answer_patient_id", "shadow_answer", ["patient_id"])
