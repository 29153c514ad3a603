"""Why a file was refused, and since when its object is no longer in the bucket."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column(
        "file_asset",
        sa.Column(
            "refused_for",
            sa.Text(),
            sa.CheckConstraint("refused_for IN ('size', 'checksum', 'type')", name=op.f("ck_file_asset_refused_for")),
            nullable=True,
        ),
    )
    op.add_column("file_asset", sa.Column("object_removed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_file_asset_to_remove",
        "file_asset",
        ["created_at"],
        postgresql_where=sa.text("object_removed_at IS NULL AND status IN ('infected', 'refused', 'deleted')"),
    )
