"""Which rows of the trail a seal covers, and the hash of each."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.create_table(
        "audit_seal_leaves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("mod(octet_length(leaves), 48) = 0", name=op.f("ck_audit_seal_leaves_whole")),
        sa.ForeignKeyConstraint(["id"], ["audit_seal.id"], name=op.f("fk_audit_seal_leaves_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seal_leaves")),
    )
    op.execute("REVOKE UPDATE, DELETE ON TABLE audit_seal_leaves FROM app")
