"""An analysis names the model version that was asked first and did not answer."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.add_column("message_analysis", sa.Column("fell_back_from", sa.Text(), nullable=True))
    op.create_index(
        "ix_message_analysis_fell_back_from_created_at",
        "message_analysis",
        ["fell_back_from", "created_at"],
        postgresql_where=sa.text("fell_back_from IS NOT NULL"),
    )
