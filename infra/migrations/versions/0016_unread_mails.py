"""When a member was last told by mail that there is something to read."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("conversation_member", sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True))
