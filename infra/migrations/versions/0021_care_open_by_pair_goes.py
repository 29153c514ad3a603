"""The index that the one by kind replaces."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.drop_index("uq_care_relationship_open", "care_relationship")
