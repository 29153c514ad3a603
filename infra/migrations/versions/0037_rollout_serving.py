"""A rollout names what Cloud Run serves for it, and who asked for its last step."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.add_column("rollout", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("rollout", sa.Column("serving", postgresql.JSONB(), nullable=True))
    op.add_column("rollout", sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("rollout", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    asked_by = sa.ForeignKey("user.id", name=op.f("fk_rollout_asked_by"))
    op.add_column("rollout", sa.Column("asked_by", sa.Uuid(), asked_by, nullable=True))
    op.create_check_constraint(op.f("ck_rollout_asked_when"), "rollout", "asked_by IS NULL OR asked_at IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_rollout_two_administrators"), "rollout", "approved_by IS NULL OR approved_by <> asked_by"
    )
    op.create_index("ix_rollout_to_settle", "rollout", ["started_at"], postgresql_where=sa.text("settled_at IS NULL"))
