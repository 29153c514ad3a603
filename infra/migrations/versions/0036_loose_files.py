"""Files that were completed and given to nobody are looked for every minute."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.create_index(
        "ix_file_asset_loose",
        "file_asset",
        ["completed_at"],
        postgresql_where=sa.text("conversation_id IS NULL AND status IN ('uploaded', 'clean', 'unscanned')"),
    )
