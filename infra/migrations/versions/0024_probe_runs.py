"""Whether alerts arrive, as the product finds out by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "probe_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint("failure IS NULL OR alarmed_at IS NOT NULL", name=op.f("ck_probe_run_failure")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probe_run")),
        sa.UniqueConstraint("slot", name=op.f("uq_probe_run_slot")),
    )
    op.create_index("ix_probe_run_sent_at", "probe_run", ["sent_at"])
