"""Accounts are found by the beginning of a name, or of its last word."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.create_index("ix_user_name", "user", [sa.text("lower(name)")])
    op.create_index("ix_user_last_word_of_name", "user", [sa.text("substring(lower(name), '[^ ]+$')")])
