"""Edits and deletions are numbered per conversation, so that whoever was away learns of them."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("conversation", sa.Column("last_revision", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("message", sa.Column("revision", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_message_conversation_id_revision",
        "message",
        ["conversation_id", "revision"],
        postgresql_where=sa.text("revision IS NOT NULL"),
    )
