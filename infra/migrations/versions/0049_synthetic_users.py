"""The few accounts that are nobody's are found at once, so that numbers can leave them out."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    op.create_index("ix_user_synthetic", "user", ["id"], postgresql_where=sa.text("is_synthetic"))
