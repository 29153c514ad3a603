"""Emergency access tells who ended it, whether its patient was told, and when its review was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    op.add_column("break_glass_grant", sa.Column("ended_by", sa.Uuid(), nullable=True))
    op.add_column("break_glass_grant", sa.Column("patient_told", sa.Boolean(), nullable=False, server_default="true"))
    op.add_column("break_glass_grant", sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f("fk_break_glass_grant_ended_by"), "break_glass_grant", "user", ["ended_by"], ["id"])
